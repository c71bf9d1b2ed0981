"""Whether a key is unique, exactly and cheaply: 64-bit hashes of the keys, sorted as arrays, instead of a hash table of keys."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

BUCKET_BITS = 6
"""Hashes are parted by their uppermost bits into 64 ranges, each of which one task sorts."""
ROWS_AT_ONCE = 4_000_000
"""Hashes that a task holds before it hands them on: 32 MB."""
LARGE_BATCHES = {
    "spark.sql.execution.arrow.maxBytesPerBatch": 2**31 - 1,
    "spark.sql.execution.arrow.maxRecordsPerBatch": 100_000,
}
RUNS = pa.schema([("bucket", pa.int32()), ("hashes", pa.binary())])

Hashes = NDArray[np.uint64]


def duplicates(frame: DataFrame, columns: Sequence[str]) -> int:
    """Rows less distinct values of ``columns``, exact. A row with a null among them has no value, as in SQL.

    Keys are compared by a 64-bit hash first: as many hashes as rows prove that no two keys agree. Only where there are
    fewer are the keys themselves counted.
    """
    runs = frame.select(F.expr(hash_of(columns)).alias("hash")).mapInArrow(sorted_runs, "bucket int, hashes binary")
    counted = runs.repartition("bucket").mapInArrow(merged, "rows bigint, known bigint, found bigint")
    with _large_batches(frame.sparkSession):
        rows, keys, hashes = counted.agg(
            *[F.coalesce(F.sum(c), F.lit(0)) for c in ("rows", "known", "found")]
        ).collect()[0]
    if keys == hashes:
        return int(rows - keys)
    return exact_duplicates(frame, columns)


@contextmanager
def _large_batches(spark: SparkSession) -> Iterator[None]:
    """Arrow batches bounded by rows alone: with a bound in bytes the JVM adds up the whole batch after each row, and half of
    the time goes there.
    """
    for name, value in LARGE_BATCHES.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in LARGE_BATCHES:
            spark.conf.unset(name)


def hash_of(columns: Sequence[str]) -> str:
    """A row's key as a 64-bit hash, in Spark SQL; null where a part of the key is."""
    names = [f"`{c}`" for c in columns]
    return f"if({' AND '.join(f'{name} IS NOT NULL' for name in names)}, xxhash64({', '.join(names)}), NULL)"


def exact_duplicates(frame: DataFrame, columns: Sequence[str]) -> int:
    """Rows less distinct values, by the values themselves."""
    return int(frame.agg(F.count("*") - F.count_distinct(*columns)).collect()[0][0])


def sorted_runs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """A partition's hashes as sorted runs, one row for each range: ``(bucket, hashes as bytes)``; nulls stand in bucket -1."""
    held: list[pa.Array] = []
    n = 0
    for batch in batches:
        held.append(batch.column(0))
        n += batch.num_rows
        if n >= ROWS_AT_ONCE:
            yield _runs(held)
            held, n = [], 0
    if held:
        yield _runs(held)


def _runs(columns: Sequence[pa.Array]) -> pa.RecordBatch:
    whole = pa.chunked_array(columns)
    nulls = whole.null_count
    hashes = np.sort(whole.drop_null().to_numpy().view(np.uint64))
    edges = np.arange(1, 1 << BUCKET_BITS, dtype=np.uint64) << np.uint64(64 - BUCKET_BITS)
    parts = np.split(hashes, np.searchsorted(hashes, edges))
    rows = [(bucket, part.tobytes()) for bucket, part in enumerate(parts) if part.size]
    rows += [(-1, nulls.to_bytes(8, "little"))] if nulls else []
    buckets, blobs = [bucket for bucket, _ in rows], [blob for _, blob in rows]
    return pa.record_batch([pa.array(buckets, pa.int32()), pa.array(blobs, pa.binary())], schema=RUNS)


def merged(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows, rows with a key, and distinct hashes of whole buckets, one row for each."""
    runs: dict[int, list[Hashes]] = defaultdict(list)
    for batch in batches:
        for bucket, blob in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
            runs[bucket].append(np.frombuffer(blob.as_buffer(), dtype=np.uint64))
    for bucket, hashes in runs.items():
        yield _counts(bucket, np.concatenate(hashes))


def _counts(bucket: int, hashes: Hashes) -> pa.RecordBatch:
    if bucket == -1:
        rows, known, found = int(hashes.sum()), 0, 0
    else:
        hashes.sort()
        rows = known = hashes.size
        found = 1 + int(np.count_nonzero(hashes[1:] != hashes[:-1]))
    return pa.RecordBatch.from_pydict({"rows": [rows], "known": [known], "found": [found]})
