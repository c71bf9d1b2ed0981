"""A brand's own campaigns as one randomised test: who got a message, who was held out, and who bought afterwards."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import visible_on
from ml.features.customer import FEATURES, customer_features
from ml.value.spec import UpliftSpec


def trials(spec: UpliftSpec, as_of: date, *, messages: DataFrame, purchases: DataFrame) -> DataFrame:
    """Return ``(one_id, campaign_id string, as_of date, treated int, came int)``, a row per person and campaign.

    ``as_of`` is the day of sending, and ``came`` whether the person bought on one of the ``horizon_days`` after it, by what was
    known before the day of training. Who stands in both arms of a campaign (two accounts of one person) is left out, as are
    campaigns whose horizon is not over. ``messages(one_id, campaign_id, arm, sent_at)``, arms ``treatment`` and ``holdout``.
    """
    last = as_of - timedelta(days=spec.horizon_days + 1)
    first = as_of - timedelta(days=spec.campaigns_days)
    people = (
        messages.withColumn("day", F.to_date("sent_at"))
        .where(F.col("one_id").isNotNull() & F.col("day").between(first, last))
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
        .select("one_id", F.to_date("ordered_at").alias("ordered_on"))
        .distinct()
    )
    after = F.date_diff(F.col("ordered_on"), F.col("as_of"))
    came = (
        people.join(bought, on="one_id", how="inner")
        .where(after.between(1, spec.horizon_days))
        .select("one_id", "campaign_id", F.lit(1).alias("came"))
        .distinct()
    )
    joined = people.join(came, on=["one_id", "campaign_id"], how="left")
    return joined.select("one_id", "campaign_id", "as_of", "treated", F.coalesce("came", F.lit(0)).alias("came"))


def with_features(rows: DataFrame, *, purchases: DataFrame, interactions: DataFrame) -> DataFrame:
    """Return the trial's rows with the customer's features as of the day of sending; null for who had not bought by then."""
    as_ofs = rows.select("as_of").distinct()
    features = customer_features(as_ofs, purchases=purchases, interactions=interactions)
    numbers = (F.col(name).cast("double").alias(name) for name in FEATURES)
    return rows.join(features, on=["one_id", "as_of"], how="left").select(*rows.columns, *numbers)
