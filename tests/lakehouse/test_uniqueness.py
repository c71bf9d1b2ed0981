"""Uniqueness by sorted hashes: exact, whatever the partitions, the nulls and the repetitions."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse import uniqueness
from lakehouse.uniqueness import duplicates, merged, sorted_runs


@pytest.mark.parametrize("partitions", [1, 3])
def test_repeated_keys_and_keys_with_a_null_are_counted(spark: SparkSession, partitions: int) -> None:
    frame = spark.range(0, 1000, 1, partitions).select(
        F.col("id").cast("string").alias("a"),
        F.when(F.col("id") % 100 != 7, F.col("id") % 10).alias("b"),
        (F.col("id") % 900).alias("c"),
    )
    assert duplicates(frame, ["a"]) == 0
    assert duplicates(frame, ["a", "b"]) == 10
    assert duplicates(frame, ["c"]) == 100
    assert duplicates(frame, ["b"]) == 990
    assert duplicates(frame.limit(0), ["a"]) == 0


def runs(*columns: list[int | None]) -> pa.Table:
    """The runs of batches with these hashes."""
    batches = [pa.record_batch([pa.array(values, pa.int64())], names=["hash"]) for values in columns]
    return pa.Table.from_batches(sorted_runs(iter(batches)))


def test_runs_are_sorted_ranges_and_hold_every_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniqueness, "ROWS_AT_ONCE", 3)
    table = runs([5, -1, None], [2**62, 5, -(2**63)])
    assert table.column("bucket").to_pylist() == [0, 63, -1, 0, 16, 32]
    blobs = [np.frombuffer(b, dtype=np.int64).tolist() for b in table.column("hashes").to_pylist()]
    assert blobs == [[5], [-1], [1], [5], [2**62], [-(2**63)]]
    counts = pa.Table.from_batches(merged(table.to_batches(max_chunksize=2)))
    assert counts.to_pylist() == [
        {"rows": 2, "known": 2, "found": 1},
        {"rows": 1, "known": 1, "found": 1},
        {"rows": 1, "known": 0, "found": 0},
        {"rows": 1, "known": 1, "found": 1},
        {"rows": 1, "known": 1, "found": 1},
    ]
