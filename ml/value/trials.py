"""A brand's own campaigns as one randomised test: who got a message, who was held out, and who bought afterwards."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import visible_on
from ml.features.views import BEHAVIOUR
from ml.value.spec import UpliftSpec


def window(spec: UpliftSpec, as_of: date) -> tuple[date, date]:
    """The first and the last day of sending whose campaigns count in a training on the day ``as_of``."""
    return as_of - timedelta(days=spec.campaigns_days), as_of - timedelta(days=spec.horizon_days + 1)


def sending_days(spec: UpliftSpec, as_of: date, messages: DataFrame) -> list[date]:
    """The days on which campaigns that count were sent: some dozens, which come to the driver."""
    days = messages.select(F.to_date("sent_at").alias("day")).where(F.col("day").between(*window(spec, as_of)))
    return sorted(row["day"] for row in days.distinct().toLocalIterator())


def trials(spec: UpliftSpec, as_of: date, *, messages: DataFrame, purchases: DataFrame) -> DataFrame:
    """Return ``(one_id, campaign_id string, as_of date, treated int, came int)``, a row per person and campaign.

    ``as_of`` is the day of sending, and ``came`` whether the person bought on one of the ``horizon_days`` after it, by what was
    known, and whose it was, before the day of training. Who stands in both arms of a campaign (two accounts of one person) is
    left out, as are campaigns whose horizon is not over. ``messages(one_id, campaign_id, arm, sent_at)``, arms ``treatment``
    and ``holdout``; where they and ``purchases`` have ``owned_from`` and ``owned_until`` (see ``ml.features.as_of.owned``), a
    message counts for whose it was on the day of sending, if it is still theirs on the day of training.
    """
    sent = messages.withColumn("day", F.to_date("sent_at"))
    people = (
        sent.where(F.col("one_id").isNotNull() & F.col("day").between(*window(spec, as_of)))
        .where(_owned(messages.columns, F.col("day"), F.lit(as_of)))
        .groupBy("one_id", "campaign_id")
        .agg(
            F.min("day").alias("as_of"),
            F.max((F.col("arm") == "treatment").cast("int")).alias("treated"),
            F.max((F.col("arm") == "holdout").cast("int")).alias("held"),
        )
        .where(F.col("treated") + F.col("held") == 1)
    )
    bought = (
        purchases.where(visible_on(F.col("ordered_at"), F.col("known_at")) <= F.lit(as_of))
        .where(_owned(purchases.columns, F.lit(as_of), F.lit(as_of)))
        .select("one_id", F.to_date("ordered_at").alias("ordered_on"))
    )
    after = F.date_diff(F.col("ordered_on"), F.col("as_of")).between(1, spec.horizon_days)
    joined = people.join(bought, on="one_id", how="left")
    return joined.groupBy("one_id", "campaign_id", "as_of", "treated").agg(
        F.coalesce(F.max(after.cast("int")), F.lit(0)).alias("came")
    )


def _owned(columns: Sequence[str], since: Column, still: Column) -> Column:
    """Whether a row was its person's on the day ``since`` and is so on the day ``still``."""
    if "owned_from" not in columns:
        return F.lit(True)
    began = F.coalesce(F.col("owned_from") <= since, F.lit(True))
    return began & F.coalesce(F.col("owned_until") > still, F.lit(True))


def with_features(rows: DataFrame, told: DataFrame) -> DataFrame:
    """Return the trial's rows with the features of ``told(one_id, as_of, *BEHAVIOUR)`` as of the day of sending.

    They are null for who had not bought by then.
    """
    features = told.where("recency_days IS NOT NULL").select("one_id", "as_of", *BEHAVIOUR)
    return rows.join(features, on=["one_id", "as_of"], how="left").select(*rows.columns, *BEHAVIOUR)
