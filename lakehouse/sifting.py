"""MERGE of a batch into a much larger table: Spark's Bloom filter of the batch's keys sifts the table before it is shuffled."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.session import guessed_bytes

BLOOM = "spark.sql.optimizer.runtime.bloomFilter"
MOST_BYTES = 256 * 2**20
"""Size of a batch, as Spark guesses it, up to which its keys are made a filter of."""
SETTINGS = {
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    f"{BLOOM}.applicationSideScanSizeThreshold": "0",
    f"{BLOOM}.creationSideThreshold": str(MOST_BYTES),
}


@contextmanager
def sifted(frame: DataFrame, keys: tuple[str, ...]) -> Iterator[DataFrame]:
    """``frame`` as the source of a MERGE that is executed within the block, in the frame's own session.

    A MERGE with inserts ends in an outer join whose other side, the table, Spark can only shuffle: every row of it, to find
    the few that match. Where one side of a shuffled join is small and filtered, Spark sifts the other by a Bloom filter. So
    joins are shuffled here (a broadcast one would not be sifted), and the frame has a filter, which every row passes. No side
    that is larger than the frame is taken for the small one: Spark would sift the frame by the table otherwise.
    """
    spark = frame.sparkSession
    before = {name: spark.conf.get(name) for name in SETTINGS}
    size = 2 * guessed_bytes(frame)  # MERGE adds columns
    _set(spark, SETTINGS | {f"{BLOOM}.creationSideThreshold": str(min(size, MOST_BYTES))})
    try:
        yield frame.where(F.xxhash64(*keys) >= F.lit(-(2**63)))
    finally:
        _set(spark, before)


def _set(spark: SparkSession, values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        spark.conf.set(name, str(value))
