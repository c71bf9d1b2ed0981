"""Any file as one row about it: where it is, what it is, its size and hash, and what its own kind says of it."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats.arrow import Record, parsed
from lakehouse.sources.formats.family import Family, Readable, Refused, options_as
from lakehouse.sources.mime import OPEN_XML, sniff
from lakehouse.sources.options import Objects
from lakehouse.sources.spec import Source

Facts = dict[str, Any]


def judge(_: Source, seen: Peek) -> Readable | Refused:
    """Every file is one; which kind is seen by its bytes when they are read."""
    return Readable(seen.path)


def read(spark: SparkSession, source: Source, _: Readable, paths: list[str]) -> DataFrame:
    """One row for each file; the bytes stay where they are."""
    return parsed(spark, paths, partial(object_record, source))


def object_record(source: Source, path: str, content: bytes) -> Iterator[Record]:
    """The row of one file. One that its own reader cannot open still lands, with ``problem`` saying so."""
    facts: Facts = {
        "uri": path,
        "name": unquote(path.rsplit("/", 1)[-1]),
        "mime": sniff(content),
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    yield Record(1, facts | described(facts["mime"], content, options_as(source, Objects).text))


def described(mime: str, content: bytes, characters: int) -> Facts:
    """What the file's kind says of it: width and height, seconds, pages, text (up to so many characters)."""
    describe = _DESCRIBE.get(mime) or _DESCRIBE.get(mime.partition("/")[0])
    if describe is None:
        return {}
    try:
        facts = describe(content)
    except Exception as error:  # noqa: BLE001  # each library has its own errors, and broken files find new ones
        return {"problem": f"{type(error).__name__}: {error}"[:500]}
    if facts.get("text"):
        facts["characters"] = len(facts["text"])
        facts["text"] = facts["text"][:characters] or None
    return facts


def _image(content: bytes) -> Facts:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:  # reads the header, not the pixels
        return {"width": image.width, "height": image.height}


def _audio(content: bytes) -> Facts:
    import mutagen

    found = mutagen.File(io.BytesIO(content))
    if found is None:
        raise ValueError("no kind of audio that is known")
    return {"seconds": round(float(found.info.length), 3)}


def _pdf(content: bytes) -> Facts:
    import pypdf

    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return {"pages": len(pages), "text": "\n".join(page.extract_text() for page in pages).strip()}


def _word(content: bytes) -> Facts:
    import docx

    return {"text": "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs).strip()}


def _text(content: bytes) -> Facts:
    return {"text": content.decode("utf-8-sig").strip()}


_DESCRIBE: Mapping[str, Callable[[bytes], Facts]] = {
    "image": _image,
    "audio": _audio,
    "text": _text,
    "application/pdf": _pdf,
    OPEN_XML["word/"]: _word,
}
OBJECT = Family(judge, read, is_counted=False)
