"""Formats that Python reads: whole files handed to a parser as Arrow batches, its records handed back as JSON."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.formats.family import BAD, WHY, file_path, file_time

BATCH = 5_000
SHAPE = f"text string, {BAD} string, {WHY} string, _row bigint, _file string, _sequence bigint"


@dataclass(frozen=True, slots=True)
class Record:
    """What a parser gives: a good record's ``value``, or ``why`` there is none, and the ``bad`` text.

    ``row`` counts from 1; None speaks of the file as a whole.
    """

    row: int | None
    value: dict[str, Any] | None = None
    bad: str = ""
    why: str = ""


Parser = Callable[[str, bytes], Iterator[Record]]


def parsed(spark: SparkSession, paths: list[str], parse: Parser) -> DataFrame:
    """Records of whole files: ``parse`` gets a file's path and bytes. Files of up to 2 GiB (Spark's limit of a value)."""
    rows = spark.read.format("binaryFile").load(paths).select("content", file_path(), file_time())

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            for number in range(batch.num_rows):
                content, file, time = (column[number].as_py() for column in batch.columns)
                yield from _batches(parse(file, content), file, time)

    found = rows.mapInArrow(run, SHAPE)
    return found.select(F.parse_json("text").alias("payload"), BAD, WHY, "_file", "_row", "_sequence")


def _batches(records: Iterator[Record], file: str, time: int) -> Iterator[Any]:
    import pyarrow as pa

    while found := list(islice(records, BATCH)):
        columns = [
            [None if r.value is None else json.dumps(r.value, ensure_ascii=False, default=str) for r in found],
            [r.bad if r.value is None else None for r in found],
            [r.why for r in found],
            [r.row for r in found],
            [file] * len(found),
            [time] * len(found),
        ]
        types = [pa.string(), pa.string(), pa.string(), pa.int64(), pa.string(), pa.int64()]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, names=["text", BAD, WHY, "_row", "_file", "_sequence"])
