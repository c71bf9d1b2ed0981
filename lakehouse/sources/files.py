"""Files to bronze rows: a look at each file's first bytes refuses what cannot be read, the rest is read in one pass."""

import csv
import io
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.objects import peek_object
from lakehouse.sources.spec import Source

HEAD = 65536
ROW_MASK = (1 << 33) - 1
BAD = "_bad"
WHY = "_why"
ONE_FILE_A_TASK = 128 * 2**20
PATTERN = re.compile(r"([\\{}\[\]*?])")


@dataclass(frozen=True, slots=True)
class Peek:
    """The first bytes of a file, its last four, and its size."""

    path: str
    head: bytes
    tail: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be landed at all, with the rule that it breaks."""

    path: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that can be read; ``header`` are its column names where the format has a header line."""

    path: str
    header: tuple[str, ...] = ()


def peek(path: str) -> Peek:
    """Look at a file's ends, on a local disk or on an object store; the path is as it is, not URL-encoded."""
    if not path.startswith("file:") and "://" in path:
        return Peek(path, *peek_object(path, HEAD))
    local = Path(path.removeprefix("file:").removeprefix("//"))
    size = local.stat().st_size
    with local.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(max(0, size - 4))
        return Peek(path, head, stream.read(4), size)


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether a file is what its source says: not empty, not binary, with the header it needs."""
    if seen.size == 0:
        return Refused(seen.path, "empty_file", "the file has no bytes")
    if source.format == "parquet":
        whole = seen.head[:4] == b"PAR1" and seen.tail == b"PAR1"
        return Readable(seen.path) if whole else Refused(seen.path, "not_parquet", "no PAR1 at both ends: truncated?")
    if b"\0" in seen.head:
        return Refused(seen.path, "binary_file", f"zero bytes where {source.format} text is expected")
    return _judge_header(source, seen) if source.format == "csv" else Readable(seen.path)


def _judge_header(source: Source, seen: Peek) -> Readable | Refused:
    line = seen.head.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        text = line.decode(source.options.get("encoding", "utf-8")).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return Refused(
            seen.path,
            "binary_file",
            f"the first line is no {source.options.get('encoding', 'utf-8')}: {error}",
        )
    header = tuple(h.strip() for h in next(csv.reader(io.StringIO(text), delimiter=source.options.get("sep", ",")), []))
    missing = [name for name in source.required if name not in header]
    if missing:
        return Refused(seen.path, "wrong_header", f"missing {', '.join(missing)}; found {', '.join(header)[:500]}")
    if len(set(header)) != len(header):
        return Refused(seen.path, "wrong_header", f"a column stands twice: {', '.join(header)[:500]}")
    return Readable(seen.path, header)


def inspect(source: Source, paths: Sequence[str]) -> tuple[list[Readable], list[Refused]]:
    """Judge the files of a batch, several at a time."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        verdicts = [judge(source, seen) for seen in pool.map(peek, paths)]
    return (
        [v for v in verdicts if isinstance(v, Readable)],
        [v for v in verdicts if isinstance(v, Refused)],
    )


def read_records(spark: SparkSession, source: Source, files: Sequence[Readable]) -> DataFrame:
    """Records of readable files as ``payload, _bad, _why, _file, _row, _sequence``.

    ``_bad`` is the raw text of a record that does not parse (its payload is null), ``_why`` what is wrong with it.
    ``_row`` counts records from 1 in each file: every file is read by one task of its own (for files over 128 MiB
    the count starts anew in each block, with the block's offset added, so that it stays unique).
    """
    spark.conf.set("spark.sql.files.openCostInBytes", str(ONE_FILE_A_TASK))
    spark.conf.set("spark.sql.csv.parser.columnPruning.enabled", "false")  # else fewer columns hide malformed records
    groups: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        literal = PATTERN.sub(r"\\\1", file.path)  # brackets, stars and question marks in a name are part of it
        groups.setdefault(file.header, []).append(literal)
    frames = [_READERS[source.format](spark, source, header, paths) for header, paths in sorted(groups.items())]
    result = frames[0]
    for frame in frames[1:]:
        result = result.unionByName(frame)
    return result


def _where_from() -> tuple[Column, ...]:
    row = F.monotonically_increasing_id().bitwiseAND(ROW_MASK) + 1 + F.col("_metadata.file_block_start")
    return (
        F.col("_metadata.file_path").alias("_file"),
        row.alias("_row"),
        F.unix_micros(F.col("_metadata.file_modification_time")).alias("_sequence"),
    )


def _csv(spark: SparkSession, source: Source, header: tuple[str, ...], paths: list[str]) -> DataFrame:
    quoted = [f"`{name.replace('`', '``')}`" for name in header]
    reader = spark.read.options(**source.options).option("header", "true").option("mode", "PERMISSIVE")
    reader = reader.option("columnNameOfCorruptRecord", BAD).option("enforceSchema", "true")
    rows = reader.schema(", ".join(f"{name} string" for name in [*quoted, BAD])).csv(paths)
    payload = F.to_variant_object(F.struct(*[F.col(name) for name in quoted]))
    why = F.concat(
        F.lit(f"not the {len(header)} fields of the header; the first is "), F.coalesce(quoted[0], F.lit(""))
    )
    return rows.select(
        F.when(F.col(BAD).isNull(), payload).alias("payload"), F.col(BAD), why.alias(WHY), *_where_from()
    )


def _jsonl(spark: SparkSession, _: Source, __: tuple[str, ...], paths: list[str]) -> DataFrame:
    text = F.col("value")
    parsed = F.when(F.ltrim(text).startswith("{"), F.try_parse_json(text))
    rows = spark.read.text(paths).select(parsed.alias("payload"), text, *_where_from())
    rows = rows.where(F.trim(text) != "")
    return rows.select(
        "payload",
        F.when(F.col("payload").isNull(), text).alias(BAD),
        F.lit("not a JSON object").alias(WHY),
        "_file",
        "_row",
        "_sequence",
    )


def _parquet(spark: SparkSession, _: Source, __: tuple[str, ...], paths: list[str]) -> DataFrame:
    rows = spark.read.option("mergeSchema", "true").parquet(*paths)
    payload = F.to_variant_object(F.struct(*[F.col(f"`{name}`") for name in rows.columns]))
    return rows.select(
        payload.alias("payload"), F.lit(None).cast("string").alias(BAD), F.lit("").alias(WHY), *_where_from()
    )


_READERS = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
