"""Where a batch waits, computed once, while it is measured and judged and until it is published."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame

from lakehouse import session
from lakehouse.lake import Lake


@contextmanager
def staged(lake: Lake, frame: DataFrame, name: str, *, on_disk: bool) -> Iterator[DataFrame]:
    """The rows of ``frame``, computed once for all that is done with them in the block.

    Few rows stay with the executors. ``on_disk`` writes them below the lake's root as Parquet instead, and takes that away
    at the end: a batch may then be larger than memory, an executor may die, and each later pass reads only the columns
    that it needs. ``name`` is the batch's own: what a killed run left under it is written over.
    """
    if not on_disk:
        yield frame.localCheckpoint(eager=False)  # MERGE refuses a cached source
        return
    path = f"{lake.root}/_staging/{name}"
    spark = frame.sparkSession
    frame.write.mode("overwrite").parquet(path)
    try:
        yield spark.read.schema(frame.schema).parquet(path)
    finally:
        session.remove(spark, path)
