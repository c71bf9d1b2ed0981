"""What every family of formats gives: a verdict on each file, and records of one shape from all that can be read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek
from lakehouse.sources.spec import Source

BAD = "_bad"
WHY = "_why"
ROW_MASK = (1 << 33) - 1
T = TypeVar("T")
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be landed at all, with the rule that it breaks."""

    path: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that can be read.

    ``header`` are its column names where the format has a header line; ``layout`` whatever else the reader must know: files
    of one header and one layout are read together. ``fields`` are the paths and types of its fields, where the file itself
    says them (None: only its records do); ``size`` is in bytes.
    """

    path: str
    header: tuple[str, ...] = ()
    layout: str = ""
    fields: Fields | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Family:
    """How one format is judged and read; ``read`` takes files of one header and one layout.

    ``is_counted``: records are numbered as Spark reads them, so that each file must be a task of its own.
    ``is_sparse``: a record need not have every field, so that ``required`` is asked of each record.
    """

    judge: Callable[[Source, Peek], Readable | Refused]
    read: Callable[[SparkSession, Source, Readable, list[str]], DataFrame]
    is_counted: bool = True
    is_sparse: bool = False


def missing_columns(source: Source, path: str, names: Sequence[str]) -> Refused | None:
    """The refusal of a file whose columns lack a required one, or name one twice or not at all; None for a good one."""
    found = ", ".join(names)[:500]
    missing = [name for name in source.required if name not in names]
    if missing:
        return Refused(path, "wrong_header", f"missing {', '.join(missing)}; found {found}")
    if len(set(names)) != len(names):
        return Refused(path, "wrong_header", f"a column stands twice: {found}")
    if "" in names:
        return Refused(path, "wrong_header", f"column {list(names).index('') + 1} has no name: {found}")
    return None


def truncated_or_not(source: Source, seen: Peek, magic: bytes, tail: bytes = b"") -> Refused | None:
    """The refusal of a file that does not begin with ``magic`` and end with ``tail``; None for one that does."""
    if seen.head.startswith(magic) and seen.tail.endswith(tail):
        return None
    wanted = f"{magic!r} at its start" + (f" and {tail!r} at its end" if tail else "")
    return Refused(seen.path, f"not_{source.format}", f"without {wanted}: truncated, or another format")


def place() -> tuple[Column, Column, Column]:
    """``_file, _row, _sequence`` of a record that Spark reads itself; the row counts from 1 in each file."""
    row = F.monotonically_increasing_id().bitwiseAND(ROW_MASK) + 1 + F.col("_metadata.file_block_start")
    return file_path(), row.alias("_row"), file_time()


def file_path() -> Column:
    """``_file``: the path of the file that a row came from."""
    return F.col("_metadata.file_path").alias("_file")


def file_time() -> Column:
    """``_sequence``: when that file was written, in microseconds."""
    return F.unix_micros(F.col("_metadata.file_modification_time")).alias("_sequence")


def options_as(source: Source, kind: type[T]) -> T:
    """The source's options, known to be of that kind."""
    options: Any = source.reading
    if not isinstance(options, kind):
        raise TypeError(f"{source.format} has other options than {kind.__name__}")
    return options
