"""What is to be predicted: a model's label and value, in Spark SQL over what came after a date."""

import re
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import visible_on
from ml.features.outcomes import OUTCOMES, column
from ml.spec import ModelSpec

_NAMES = re.compile(rf"\b({'|'.join(OUTCOMES)})\b")
_LABEL = re.compile(r"\blabel\b")


def bound(sql: str, horizon: int, number: int) -> str:
    """Return ``sql`` with the label columns bound to a horizon, as known on the ``number``-th day that labels are taken on."""
    return _NAMES.sub(lambda found: f"`{column(found[1], horizon, number)}`", sql)


def label(spec: ModelSpec, number: int) -> Column:
    """Return a model's label as a double: 1 and 0 for a predicate, null where the outcome cannot be told.

    ``number`` is the place of the day on which it is taken, in ``Asked.known``. Features may stand in the expression
    beside the label columns; both are of the same row.
    """
    return F.expr(f"cast(cast({bound(spec.label, spec.horizon_days, number)} AS int) AS double)")


def value(spec: ModelSpec, number: int) -> Column:
    """Return what a person is worth to who finds them, as a double: ``label`` stands for the label itself."""
    sql = _LABEL.sub(f"cast({spec.label} AS int)", spec.value)
    return F.expr(f"cast({bound(sql, spec.horizon_days, number)} AS double)")


def eligible(spec: ModelSpec) -> Column:
    """Return a model's population as a predicate on features: the same for training and for scoring.

    Who has denied or withdrawn the purpose that the model needs is left out; who was never asked is not.
    """
    inside = F.coalesce(F.expr(spec.population.predicate), F.lit(False))
    if spec.consent_purpose is None:
        return inside
    return inside & F.coalesce(F.col(f"consent_{spec.consent_purpose}") > 0, F.lit(True))


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


def _known_purchases(purchases: DataFrame, known_before: date) -> DataFrame:
    visible = visible_on(F.col("ordered_at"), F.col("known_at"))
    return (
        purchases.where(F.col("one_id").isNotNull())
        .select("one_id", F.to_date("ordered_at").alias("ordered_on"), visible.alias("visible_on"))
        .where(F.col("visible_on") <= F.lit(known_before))
    )
