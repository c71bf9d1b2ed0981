"""Small helpers on frames whose size decides how they are joined."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.session import count_rows

FEW = 2_000_000
"""Rows of a few columns that every executor can hold."""


def few(frame: DataFrame, most: int = FEW) -> DataFrame:
    """``frame``, computed once; one of at most ``most`` rows goes to what it is joined with, which then stays where it is.

    Without the hint Spark shuffles both sides of a join with what was just computed: of a checkpoint it knows no size. In a
    session without adaptive execution (size s) all frames are small, and nothing is counted.
    """
    if is_small(frame):
        return F.broadcast(frame.localCheckpoint(eager=False))
    kept = frame.localCheckpoint(eager=False)
    return F.broadcast(kept) if count_rows(kept) <= most else kept


def is_small(frame: DataFrame) -> bool:
    """Whether the frame's session is one for small data (size s, without adaptive execution).

    There a query costs more than its rows: what an increment would pick out in ten queries is computed whole in two.
    """
    return frame.sparkSession.conf.get("spark.sql.adaptive.enabled") == "false"
