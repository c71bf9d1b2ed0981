"""Customers' histories as of dates, by the literature's definitions, in whole days; and what they bought afterwards."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import seen, visible_on

EVERYBODY = "all"
"""The cohort that all customers belong to beside their own."""


def histories(as_ofs: DataFrame, purchases: DataFrame) -> DataFrame:
    """Return ``(one_id, as_of, cohort, frequency int, recency int, T int, money double, spent double)`` of all who had bought.

    ``frequency``: days with a purchase after the first such day; ``recency`` and ``T``: days from the first one to the last
    one, and to the last day before ``as_of``; ``money``: mean amount of the repeat days, null without one; ``spent``: all so
    far. As Fader, Hardie and Lee (2005) have x, t_x and T. ``cohort`` is the quarter of the first purchase, ``2025Q1``. Only
    what had happened and was known before ``as_of`` began counts. ``as_ofs(as_of date)``; ``purchases(one_id, ordered_at,
    known_at, amount, …)``, a row per order line.
    """
    days = seen(_daily(purchases), as_ofs).groupBy("one_id", "as_of", "ordered_on").agg(F.sum("cents").alias("cents"))
    people = days.groupBy("one_id", "as_of").agg(
        F.min("ordered_on").alias("first"),
        F.max("ordered_on").alias("last"),
        (F.count(F.lit(1)) - 1).cast("int").alias("frequency"),
        F.sum("cents").alias("cents"),
        F.min_by("cents", "ordered_on").alias("first_cents"),
    )
    repeats = (F.col("cents") - F.col("first_cents")) / 100.0
    return people.select(
        "one_id",
        "as_of",
        F.concat(F.year("first"), F.lit("Q"), F.quarter("first")).alias("cohort"),
        "frequency",
        F.date_diff("last", "first").alias("recency"),
        (F.date_diff("as_of", "first") - 1).alias("T"),
        F.when(F.col("frequency") > 0, repeats / F.col("frequency")).alias("money"),
        (F.col("cents") / 100.0).alias("spent"),
    )


def outcomes(as_ofs: DataFrame, purchases: DataFrame, horizon_days: int, *, known_before: date) -> DataFrame:
    """Return ``(one_id, as_of, later_days bigint, later_amount double)`` of who bought in ``[as_of, as_of + horizon_days)``.

    Purchases count that were known before the day ``known_before`` began; dates whose horizon is not over by then are left
    out, as their outcome is not known yet.
    """
    over = as_ofs.where(F.date_add(F.col("as_of"), horizon_days) <= F.lit(known_before))
    since = F.date_diff(F.col("ordered_on"), F.col("as_of"))
    known = _daily(purchases).where(F.col("visible_on") <= F.lit(known_before))
    return (
        known.join(F.broadcast(over), on=(since >= 0) & (since < horizon_days), how="inner")
        .groupBy("one_id", "as_of", "ordered_on")
        .agg(F.sum("cents").alias("cents"))
        .groupBy("one_id", "as_of")
        .agg(F.count(F.lit(1)).alias("later_days"), (F.sum("cents") / 100.0).alias("later_amount"))
    )


def _daily(purchases: DataFrame) -> DataFrame:
    """One row a person, day, and day on which a part of that day's purchases became visible; whole cents, as sums must agree."""
    return (
        purchases.where(F.col("one_id").isNotNull())
        .select(
            "one_id",
            F.to_date("ordered_at").alias("ordered_on"),
            visible_on(F.col("ordered_at"), F.col("known_at")).alias("visible_on"),
            (F.col("amount") * 100).cast("long").alias("cents"),
        )
        .where(F.col("visible_on").isNotNull())
        .groupBy("one_id", "ordered_on", "visible_on")
        .agg(F.coalesce(F.sum("cents"), F.lit(0)).alias("cents"))
    )
