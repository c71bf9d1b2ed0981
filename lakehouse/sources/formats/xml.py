"""XML by the standard library's pull parser: each ``rowTag`` element is a record; what stands before a break still lands.

Records look like those of Spark's own XML reader: attributes are ``_name``, text beside them ``_VALUE``, repeated elements an
array. Values stay text (``007`` is no number), and namespaces' prefixes are left out. Entities of one's own are refused.
"""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from pyspark.sql import DataFrame, SparkSession

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats.arrow import Record, parsed
from lakehouse.sources.formats.family import Family, Readable, Refused, options_as
from lakehouse.sources.options import Xml
from lakehouse.sources.spec import Source

DECLARED = re.compile(r"""<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']""")
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
PIECE = 65536


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the file begins like XML in an encoding that is known."""
    encoding = options_as(source, Xml).encoding or encoding_of(seen.head)
    try:
        start = codecs.getincrementaldecoder(encoding)().decode(seen.head).lstrip("\ufeff \t\r\n")
    except (LookupError, UnicodeDecodeError) as error:
        return Refused(seen.path, "not_xml", f"no text in {encoding}: {error}")
    if not start.startswith("<"):
        return Refused(seen.path, "not_xml", f"it begins with {start[:40]!r}")
    if re.search(r"<!(DOCTYPE|ENTITY)", start):
        return Refused(seen.path, "not_xml", "a document type of its own: its entities are not expanded")
    return Readable(seen.path)


def encoding_of(head: bytes) -> str:
    """The encoding that a byte order mark or the declaration names; UTF-8 where there is none."""
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    found = DECLARED.search(head[:200].decode("latin-1"))
    return found[1] if found else "utf-8"


def read(spark: SparkSession, source: Source, _: Readable, paths: list[str]) -> DataFrame:
    """The records of the files, numbered in each."""
    return parsed(spark, paths, partial(element_records, source))


def element_records(source: Source, _: str, content: bytes) -> Iterator[Record]:
    """Records of one file; where it breaks off or is not well-formed, the rest is one bad record."""
    options = options_as(source, Xml)
    numbers = count(1)
    try:
        text = content.decode(options.encoding or encoding_of(content[:200]))
        for element in _elements(text, options.row_tag):
            value = valued(element)
            yield Record(next(numbers), value if isinstance(value, dict) else {"_VALUE": value})
    except (ParseError, UnicodeDecodeError) as error:
        yield Record(next(numbers), bad=str(error), why=f"not well-formed from here on: {error}")
        return
    if next(numbers) == 1:
        yield Record(None, why=f"no element is called {options.row_tag}")


def _elements(text: str, row_tag: str) -> Iterator[Element]:
    """Outermost elements of that name, each freed once it was used."""
    depth = 0
    for event, element in _events(text):
        is_row = local(element.tag) == row_tag
        depth += is_row if event == "start" else -is_row
        if event == "end" and depth == 0:
            if is_row:
                yield element
            element.clear()


def _events(text: str) -> Iterator[tuple[str, Element]]:
    parser: Any = XMLPullParser(("start", "end"))  # documents with entities of their own were refused
    for start in range(0, len(text), PIECE):
        parser.feed(text[start : start + PIECE])
        yield from parser.read_events()
    parser.close()


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def valued(element: Element) -> Any:  # noqa: ANN401  # JSON of any shape
    """An element as JSON: text alone is a string, an empty one null, all others an object."""
    text = (element.text or "").strip()
    fields: dict[str, Any] = {f"_{local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = local(child.tag), valued(child)
        if name in fields:
            before = fields[name]
            fields[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            fields[name] = value
    if not fields:
        return text or None
    return fields | ({"_VALUE": text} if text else {})


XML = Family(judge, read, is_counted=False, is_sparse=True)
