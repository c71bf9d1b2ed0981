"""What each file format may be told in a source file: its options, their defaults, and errors that name them."""

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from lakehouse.errors import SourceError

FileFormat = Literal["csv", "tsv", "jsonl", "json", "parquet", "excel", "xml", "avro", "object", "ga4"]
# What Python calls otherwise than Java.
JAVA_NAMES = {
    "utf-8-sig": "UTF-8",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "utf-32-le": "UTF-32LE",
    "utf-32-be": "UTF-32BE",
    "mac-roman": "x-MacRoman",
    "mac-cyrillic": "x-MacCyrillic",
    "mac-greek": "x-MacGreek",
    "mac-turkish": "x-MacTurkish",
}
# Encodings of Python's that no Java of the versions that we run on has.
PYTHON_ONLY = frozenset(
    [
        "base64",
        "bz2",
        "cp1125",
        "euc_jis_2004",
        "euc_jisx0213",
        "hex",
        "hp-roman8",
        "hz",
        "iso2022_jp",
        "iso2022_jp_1",
        "iso2022_jp_2",
        "iso2022_jp_2004",
        "iso2022_jp_3",
        "iso2022_jp_ext",
        "iso2022_kr",
        "iso8859-10",
        "iso8859-11",
        "iso8859-14",
        "iso8859-16",
        "kz1048",
        "mac-iceland",
        "mac-latin2",
        "ptcp154",
        "quopri",
        "rot-13",
        "rot13",
        "shift_jis_2004",
        "shift_jisx0213",
        "utf-7",
        "uu",
        "zlib",
    ]
)


SOME = "utf-8, gb18030, gbk, big5, utf-16, latin-1"


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError as error:
        raise ValueError(f"no encoding is called {name!r}; some are {SOME}") from error
    if found in PYTHON_ONLY:
        raise ValueError(f"Spark cannot read {name!r}; it reads {SOME} and most others")
    return found


Encoding = Annotated[str, AfterValidator(_known_encoding)]
Char = Annotated[str, Field(max_length=1)]


class Options(BaseModel):
    """Options of a format; unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Delimited(Options):
    """Comma-separated text and its relatives. ``columns`` names the columns of files without a header line.

    A quote within quotes is doubled (RFC 4180) unless ``escape`` says otherwise; ``multiLine`` lets a quoted field hold
    line ends, and gives up splitting a large file among tasks.
    """

    encoding: Encoding = "utf-8"
    sep: str = Field(default=",", min_length=1)
    quote: Char = '"'
    escape: Char = '"'
    multi_line: bool = Field(default=False, alias="multiLine")
    null: str = Field(default="", alias="nullValue")
    comment: Char = ""
    columns: tuple[str, ...] = ()


class Tabbed(Delimited):
    """Tab-separated text."""

    sep: str = Field(default="\t", min_length=1)


class Lines(Options):
    """JSON lines: one object on each."""

    encoding: Encoding = "utf-8"


class Documents(Options):
    """JSON documents, one a file (or one a line: that is seen by itself).

    ``records`` is the path to the array that holds the records (``$.data.items``); without it a document is a record, or an
    array of them. ``whole`` takes a document that has no such array as one record. ``inherit`` names fields of the
    document that its records get too, where they have none of their own.
    """

    encoding: Encoding = "utf-8"
    records: str = Field(default="", pattern=r"^(\$((\.\w+|\[\d+\]|\['[^']+'\])+))?$")
    inherit: tuple[str, ...] = ()
    whole: bool = False


class Columnar(Options):
    """Parquet and Avro say all about themselves."""


class Excel(Options):
    """Workbooks (xlsx, xlsb, xls, ods). ``sheet`` is a name, or a number from 1; ``header`` is the row of the names, from 1, or
    0 where ``columns`` gives them.
    """

    sheet: int | str = 1
    header: int = Field(default=1, ge=0)
    columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> "Excel":
        if not self.header and not self.columns:
            raise ValueError("without a header row (0) the columns must be named by `columns`")
        return self


class Xml(Options):
    """XML. ``rowTag`` is the element that is a record; attributes become ``_name``, text beside them ``_VALUE``."""

    row_tag: str = Field(alias="rowTag", min_length=1)
    encoding: Encoding | None = None


class Objects(Options):
    """Any file as one row about it. ``text`` is how many characters of a document's text go along."""

    text: int = Field(default=100_000, ge=0)


class Ga4(Options):
    """The export of Google Analytics 4: files ``events_YYYYMMDD….parquet`` or ``.jsonl``, one day each."""


OPTIONS: Mapping[str, type[Options]] = {
    "csv": Delimited,
    "tsv": Tabbed,
    "jsonl": Lines,
    "json": Documents,
    "parquet": Columnar,
    "avro": Columnar,
    "excel": Excel,
    "xml": Xml,
    "object": Objects,
    "ga4": Ga4,
}


def known_options(kind: type[Options]) -> tuple[str, ...]:
    """The names of a format's options as a source file writes them."""
    return tuple(field.alias or name for name, field in kind.model_fields.items())


def options_of(format_: str, given: Mapping[str, Any], file: str | Path) -> Options:
    """The options of a format, typed. Raises :class:`SourceError` naming file, key and the options that there are."""
    kind = OPTIONS[format_]
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        there = ", ".join(known_options(kind)) or "none"
        words = {
            "extra_forbidden": f"{format_} has no such option; it has: {there}",
            "missing": f"{format_} needs this option",
        }
        message = words.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise SourceError(message, file=file, key=f"options.{key}".rstrip(".")) from error


def java_charset(encoding: str) -> str:
    """The name by which Java knows an encoding of Python's."""
    return JAVA_NAMES.get(encoding, encoding)
