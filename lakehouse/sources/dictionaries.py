"""The names of all fields of landed records, from the dictionaries in which their variants keep them: one small column."""

from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession


def dictionaries(spark: SparkSession, files: list[str]) -> DataFrame:
    """The dictionaries of the variants ``payload`` in Parquet files, as binary ``metadata``; no other column is read."""
    session = spark.newSession()
    session.conf.set("spark.sql.parquet.ignoreVariantAnnotation", "true")
    return session.read.schema("payload struct<metadata: binary>").parquet(*files).select("payload.metadata")


def names_in(dictionaries: DataFrame) -> set[str]:
    """The names in the dictionaries of variants (column ``metadata``); as many as there are names, not records."""
    rows = dictionaries.distinct().mapInArrow(_names, "name string").distinct()
    return {row[0] for row in rows.collect()}


def _names(batches: Iterable[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        found = {name for value in batch.column(0).to_pylist() for name in variant_names(value)}
        yield pa.RecordBatch.from_arrays([pa.array(sorted(found), pa.string())], names=["name"])


def variant_names(metadata: bytes) -> Iterator[str]:
    """The dictionary of a variant (Parquet's Variant encoding, version 1, "Metadata encoding")."""
    width = (metadata[0] >> 6) + 1

    def number(index: int) -> int:
        return int.from_bytes(metadata[1 + index * width : 1 + (index + 1) * width], "little")

    count = number(0)
    start = 1 + (count + 2) * width
    for n in range(1, count + 1):
        yield metadata[start + number(n) : start + number(n + 1)].decode()
