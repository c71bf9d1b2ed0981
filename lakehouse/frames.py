"""Small helpers on frames whose size decides how they are joined."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.session import count_rows

FEW = 2_000_000
"""Rows of a few columns that every executor can hold."""
FEW_LONGS = 8_000_000
"""Rows of a few numbers, found by a number, that it can hold, as such a table is smaller."""


def few(frame: DataFrame, most: int = FEW) -> DataFrame:
    """``frame``, computed once; one of at most ``most`` rows goes to what it is joined with, which then stays where it is.

    Without the hint Spark shuffles both sides of a join with what was just computed: of a checkpoint it knows no size. In a
    session without adaptive execution (size s) all frames are small, and nothing is counted.
    """
    if is_small(frame):
        return F.broadcast(frame.localCheckpoint(eager=False))
    kept = frame.localCheckpoint(eager=False)
    return F.broadcast(kept) if count_rows(kept) <= most else kept


def sieved(frame: DataFrame, column: str, wanted: DataFrame) -> DataFrame:
    """The rows of a large ``frame`` whose text in ``column`` is among those of ``wanted (column)``, which a checkpoint holds.

    And with them, once in 10^19 pairs, a row that only looks so: texts are compared by a hash of 64 bits, so that more of them
    go to every executor. Where that matters, join again.
    """
    if is_small(frame):
        return frame.join(F.broadcast(wanted), on=column, how="left_semi")
    hashes = near(wanted.select(F.xxhash64(column).alias("_sieve")), FEW_LONGS)
    kept = frame.withColumn("_sieve", F.xxhash64(column)).join(hashes, on="_sieve", how="left_semi")
    return kept.drop("_sieve")


def sieved_by_any(frame: DataFrame, wanted: Mapping[str, DataFrame]) -> DataFrame:
    """The rows of a large ``frame`` that :func:`sieved` keeps by one column or another of ``wanted``. One pass over it."""
    keys = {column: f"_sieve_{number}" for number, column in enumerate(wanted)}
    kept = frame.withColumns({key: F.xxhash64(column) for column, key in keys.items()})
    for column, key in keys.items():
        hashes = wanted[column].select(F.xxhash64(column).alias(key), F.lit(True).alias(f"{key}_found")).distinct()
        kept = kept.join(near(hashes, FEW_LONGS), on=key, how="left")
    is_found = reduce(Column.__or__, [F.col(f"{key}_found").isNotNull() for key in keys.values()])
    return kept.where(is_found).select(*frame.columns)


def near(frame: DataFrame, most: int = FEW) -> DataFrame:
    """``frame``, which a checkpoint holds already, with the same hint: of few rows it goes to what it is joined with."""
    return F.broadcast(frame) if is_small(frame) or count_rows(frame) <= most else frame


def is_small(frame: DataFrame) -> bool:
    """Whether the frame's session is one for small data (size s, without adaptive execution).

    There a query costs more than its rows: what an increment would pick out in ten queries is computed whole in two.
    """
    return frame.sparkSession.conf.get("spark.sql.adaptive.enabled") == "false"
