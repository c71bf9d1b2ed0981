"""What is to be predicted: labels over windows after an as-of date, for its population."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import visible_on


def repurchase(
    as_ofs: DataFrame,
    purchases: DataFrame,
    horizon_days: int = 30,
    *,
    known_before: date,
    bought_within_days: int = 365,
) -> DataFrame:
    """Return ``(one_id string, as_of date, label int)``, 1 for who buys within the horizon.

    The horizon is ``[as_of, as_of + horizon_days)``: the day of the cut-off is its first.

    The population of a date is who was *seen* to buy (happened and known before the date began) in the
    ``bought_within_days`` before it. The label uses purchases that were known before the day ``known_before``
    began, that is the day of training: a record that arrives later changes neither population nor label of an
    old training set. Dates whose window is not over by ``known_before`` are left out, as their label is not
    known yet. ``as_ofs(as_of date)``; ``purchases(one_id, order_id, ordered_at, known_at, …)``.
    """
    over = as_ofs.where(F.date_add(F.col("as_of"), horizon_days) <= F.lit(known_before))
    days_ago = F.date_diff(F.col("as_of"), F.col("ordered_on"))
    near = (days_ago <= bought_within_days) & (days_ago > -horizon_days)
    return (
        _known_purchases(purchases, known_before)
        .join(F.broadcast(over), on=near, how="inner")
        .groupBy("one_id", "as_of")
        .agg(
            F.max(F.col("visible_on") <= F.col("as_of")).alias("is_member"),
            F.max((days_ago <= 0).cast("int")).alias("label"),
        )
        .where(F.col("is_member"))
        .select("one_id", "as_of", "label")
    )


def eligible(bought_within_days: int) -> Column:
    """Return the population of ``repurchase`` as a predicate on the features, for scoring."""
    return F.col("recency_days") <= bought_within_days


def _known_purchases(purchases: DataFrame, known_before: date) -> DataFrame:
    visible = visible_on(F.col("ordered_at"), F.col("known_at"))
    return (
        purchases.where(F.col("one_id").isNotNull())
        .select("one_id", F.to_date("ordered_at").alias("ordered_on"), visible.alias("visible_on"))
        .where(F.col("visible_on") <= F.lit(known_before))
    )
