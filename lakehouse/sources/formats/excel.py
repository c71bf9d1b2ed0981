"""Workbooks (xlsx, xlsb, xls, ods) by the calamine reader: a sheet's rows, dates as ISO text, whole numbers without ``.0``."""

import datetime as dt
import io
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats.arrow import Record, parsed
from lakehouse.sources.formats.family import Family, Readable, Refused, missing_columns, options_as
from lakehouse.sources.options import Excel
from lakehouse.sources.spec import Source

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
END_OF_ZIP = b"PK\x05\x06"


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the file is a zip archive with its end (xlsx, xlsb, ods) or a compound document (xls)."""
    if seen.head.startswith(ZIP):
        if END_OF_ZIP not in seen.tail:
            return Refused(seen.path, "truncated_file", "the archive's list of contents at its end is missing")
        return Readable(seen.path)
    if seen.head.startswith(COMPOUND):
        return Readable(seen.path)
    return Refused(seen.path, f"not_{source.format}", "neither an archive (xlsx, xlsb, ods) nor a compound file (xls)")


def read(spark: SparkSession, source: Source, _: Readable, paths: list[str]) -> DataFrame:
    """The rows of the sheet; ``_row`` is the row of the sheet, as the program shows it."""
    return parsed(spark, paths, partial(sheet_records, source))


def sheet_records(source: Source, path: str, content: bytes) -> Iterator[Record]:
    """Records of one workbook; a sheet or a column that is not there is a refusal of the whole file (``row`` None)."""
    options = options_as(source, Excel)
    try:
        rows = _rows(content, options.sheet)
    except Exception as error:  # noqa: BLE001  # calamine has a dozen errors without a base class
        yield Record(None, why=f"sheet {options.sheet!r} cannot be read: {error}")
        return
    header = options.columns or _header(rows[options.header - 1] if len(rows) >= options.header else ())
    wrong = missing_columns(source, path, header)
    if wrong or not header:
        yield Record(None, why=wrong.detail if wrong else f"row {options.header} has no names of columns")
        return
    for number, row in enumerate(rows[options.header :], options.header + 1):
        values = [plain(value) for value in row]
        if any(value is not None for value in values):
            yield _record(number, header, values)


def _rows(content: bytes, sheet: int | str) -> list[list[Any]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    if isinstance(sheet, str) and sheet not in book.sheet_names:
        raise ValueError(f"there are {', '.join(book.sheet_names)}")
    if isinstance(sheet, int) and not 1 <= sheet <= len(book.sheet_names):
        raise ValueError(f"there are {len(book.sheet_names)} sheets")
    found = book.get_sheet_by_name(sheet) if isinstance(sheet, str) else book.get_sheet_by_index(sheet - 1)
    return found.to_python(skip_empty_area=False)


def _header(row: Sequence[Any]) -> tuple[str, ...]:
    """Names of the columns; one without a name is called by its letters; those beyond the last name are none."""
    names = ["" if value is None else str(plain(value) or "").strip() for value in row]
    while names and not names[-1]:
        names.pop()
    return tuple(name or letters(number) for number, name in enumerate(names, 1))


def letters(number: int) -> str:
    """The letters of a column by its number from 1: A, …, Z, AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _record(number: int, header: Sequence[str], values: list[Any]) -> Record:
    beyond = [value for value in values[len(header) :] if value is not None]
    if beyond:
        why = f"a value stands beyond the {len(header)} columns of the header: {beyond[0]}"
        return Record(number, bad=str(values), why=why)
    padded = values + [None] * (len(header) - len(values))
    return Record(number, dict(zip(header, padded, strict=False)))


def plain(value: Any) -> Any:  # noqa: ANN401  # a cell holds what it holds
    """A cell as JSON can say it: dates and times in ISO 8601, whole numbers without a fraction, empty text as null."""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value)
    return None if value == "" else value


def _number(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


EXCEL = Family(judge, read, is_counted=False)
