"""What may be seen on a date: the one place that knows event time, known time and whose a row was.

The rule, for every row and every as-of date ``D``: the row counts if it *happened* before ``D`` began, was *known* before
``D`` began, and *belonged* to the person on ``D`` by the identity map of that day, all in the session's time zone (UTC). So
``D`` itself is never seen, and a back-dated record that arrived late stays unseen for every date up to and including the day
of its arrival. Rows without either time are never seen. As all of it is compared with whole days, each row has one first
date on which it may be seen, ``visible``, and one on which it is no longer the person's, ``until``.
"""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

FOREVER = 2_000_000
"""A day number that never comes."""

EVENT = (
    "one_id string, view int, happened int, visible int, until int, item bigint, number double, channel string, "
    "category string"
)
"""What every view gives of its rows: days since 1970, an id within the view, a number, and two names."""


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


def events(
    rows: DataFrame,
    view: int,
    *,
    at: str,
    replaced: str | None = None,
    item: Column | None = None,
    number: Column | None = None,
    channel: Column | None = None,
    category: Column | None = None,
) -> DataFrame:
    """Return ``rows(one_id, <at> timestamp, known_at timestamp, …)`` as events (:data:`EVENT`) of a view.

    ``<replaced> timestamp`` is when a later version of the row was known, null for never: from then on that one is seen.
    Rows with ``customer_token`` in the place of ``one_id`` are told of that, until ``owned`` knows the people. Rows without
    either, or without one of their times, are left out.
    """
    nothing = F.lit(None)
    return rows.select(
        F.col("customer_token" if "customer_token" in rows.columns else "one_id").alias("one_id"),
        F.lit(view).alias("view"),
        F.unix_date(F.to_date(at)).alias("happened"),
        F.unix_date(visible_on(F.col(at), F.col("known_at"))).alias("visible"),
        (F.lit(FOREVER) if replaced is None else _seen_until(F.col(at), F.col(replaced))).alias("until"),
        (F.lit(0) if item is None else item).cast("bigint").alias("item"),
        (nothing if number is None else number).cast("double").alias("number"),
        (nothing if channel is None else channel).cast("string").alias("channel"),
        (nothing if category is None else category).cast("string").alias("category"),
    ).where(F.col("one_id").isNotNull() & F.col("visible").isNotNull())


def _seen_until(event: Column, replaced: Column) -> Column:
    """The first as-of date (since 1970) on which a later version is seen in the row's place."""
    return F.coalesce(F.unix_date(visible_on(event, replaced)), F.lit(FOREVER))


def owned(found: DataFrame, owners: DataFrame) -> DataFrame:
    """Return the events of identifiers as those of the people whose they were: from a day on, and up to but not with another.

    ``owners(customer_token, one_id string, owned_from, owned_until date)``, null for always.
    """
    mine = found.join(owners.withColumnRenamed("one_id", "_person"), on=F.col("one_id") == F.col("customer_token"))
    told = {
        "one_id": F.col("_person"),
        "visible": F.greatest("visible", F.unix_date("owned_from")),
        "until": F.least("until", F.coalesce(F.unix_date("owned_until"), F.lit(FOREVER))),
    }
    return mine.withColumns(told).select(*found.columns)
