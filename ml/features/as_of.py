"""What may be seen on a date: the one place that knows event time and known time.

The rule, for every row and every as-of date ``D``: the row counts if it *happened* before ``D`` began and was
*known* before ``D`` began, both in the session's time zone (UTC). So ``D`` itself is never seen, and a
back-dated record that arrived late stays unseen for every date up to and including the day of its arrival.
Rows without either time are never seen. As both times are compared with whole days, each row has one first
date on which it may be seen, ``visible_on``.
"""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F


def dates(spark: SparkSession, days: Sequence[date]) -> DataFrame:
    """Return ``days`` as the frame ``(as_of date)`` that features and labels take; one row per day."""
    unique = sorted(set(days))
    if not unique:
        return spark.range(0).select(F.lit(None).cast("date").alias("as_of"))
    return spark.range(1).select(F.explode(F.array(*map(F.lit, unique))).alias("as_of"))


def visible_on(event: Column, known: Column) -> Column:
    """Return the first as-of date on which a row may be seen: the day after it happened and was known.

    ``event`` and ``known`` are timestamps; the result is a date, null if either is null.
    """
    later = F.when(event.isNotNull() & known.isNotNull(), F.greatest(event, known))
    return F.date_add(F.to_date(later), 1)


def seen(rows: DataFrame, as_ofs: DataFrame) -> DataFrame:
    """Return each of ``rows`` once per date of ``as_ofs(as_of date)`` on which it may be seen.

    ``rows`` has ``visible_on``; the result has ``as_of`` in its place. ``as_ofs`` is small and is broadcast.
    """
    days = F.broadcast(as_ofs.select("as_of").dropDuplicates())
    return rows.join(days, on=F.col("visible_on") <= F.col("as_of"), how="inner").drop("visible_on")
