"""What models read, put together from gold and silver: facts of people as they were owned at the time, and the models' files."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.gold.mart_customer_360 import is_sale
from lakehouse.job import Read, Resource
from lakehouse.settings import Settings
from lakehouse.tables import gold, model, silver, value
from ml.features.people import Inputs
from ml.spec import ModelSpec, load_specs

FACTS: dict[str, Read] = {
    "lines": gold.FCT_ORDER_LINE,
    "interactions": gold.FCT_INTERACTION,
    "products": gold.DIM_PRODUCT,
    "feedback": silver.FEEDBACK,
    "text_features": silver.OBJECT_FEATURE,
    "consents": silver.CONSENT_EVENT,
    "subscriptions": silver.SUBSCRIPTION_EVENT,
    "identity_map": silver.IDENTITY_MAP,
}
"""The reads of a job that computes features, by the names that ``inputs`` takes."""
VALUED: dict[str, Read] = {"features": model.FEAT_CUSTOMER, "trained": value.VALUE_RUN, "settings": Resource.SETTINGS}
"""The reads of a job that scores with a model of value: features of the day, and what was trained."""


def inputs(
    *,
    lines: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    feedback: DataFrame,
    text_features: DataFrame,
    consents: DataFrame,
    subscriptions: DataFrame,
    identity_map: DataFrame,
) -> Inputs:
    """The facts of :data:`FACTS` as the feature views take them, and whose each identifier was, as of any date."""
    return replace(
        behaviour(lines=lines, interactions=interactions, products=products, identity_map=identity_map),
        voices=_voices(feedback, text_features),
        consents=consents.withColumn("known_at", F.col("occurred_at")),
        subscriptions=subscriptions,
    )


def behaviour(*, lines: DataFrame, interactions: DataFrame, products: DataFrame, identity_map: DataFrame) -> Inputs:
    """Purchases and interactions alone, machines left out, with whose they were as of any date."""
    people = interactions.where(~F.col("is_bot"))
    return Inputs(_sales(lines, products), people, owners=owned_over_time(identity_map))


def owned_over_time(identity_map: DataFrame) -> DataFrame:
    """``(customer_token, one_id, owned_from date, owned_until date)``: whose an identifier was, as of any date.

    What the map knew at the end of a day counts from the next date on. An identifier's first owner has had it always: the
    platform began on a day, people did not.
    """
    moved = identity_map.where("valid_to IS NOT NULL").groupBy("token").agg(F.min("valid_from").alias("_first"))
    later = F.col("valid_from") > F.col("_first")  # null where the identifier has never moved
    return identity_map.join(moved, on="token", how="left").select(
        F.col("token").alias("customer_token"),
        "one_id",
        F.when(later, F.date_add(F.to_date("valid_from"), 1)).alias("owned_from"),
        F.date_add(F.to_date("valid_to"), 1).alias("owned_until"),
    )


def sent(messages: DataFrame, owners: DataFrame) -> DataFrame:
    """Who was in which arm of a campaign: ``(one_id, campaign_id, arm, sent_at, owned_from, owned_until)``."""
    chosen = messages.where("campaign_id IS NOT NULL AND arm IS NOT NULL AND event IN ('sent', 'assigned')")
    columns = ("one_id", "campaign_id", "arm", "owned_from", "owned_until")
    return of_people(chosen, owners).select(*columns, F.col("occurred_at").alias("sent_at"))


def of_people(rows: DataFrame, owners: DataFrame) -> DataFrame:
    """Rows with ``customer_token`` with ``one_id, owned_from, owned_until`` beside it, once for each owner that it had."""
    return rows.join(owners, on="customer_token", how="inner")


def _sales(lines: DataFrame, products: DataFrame) -> DataFrame:
    sold = lines.where(is_sale()).join(F.broadcast(products.select("sku", "category")), on="sku", how="left")
    columns = ("customer_token", "order_id", "ordered_at", "known_at", "channel", "category")
    return sold.select(*columns, F.col("net_amount").alias("amount"))


def _voices(feedback: DataFrame, text_features: DataFrame) -> DataFrame:
    """Texts with their sentiment; they were known when they were said, as no source tells more."""
    mood = text_features.where((F.col("extractor") == "sentiment") & (F.col("feature") == "sentiment"))
    found = mood.select("source", F.col("object_id").alias("feedback_id"), F.col("score").alias("sentiment"))
    said = feedback.select("source", "feedback_id", "customer_token", "occurred_at")
    joined = said.join(found, on=["source", "feedback_id"], how="left")
    return joined.withColumn("known_at", F.col("occurred_at"))


def specs_of(settings: Settings) -> dict[str, ModelSpec]:
    """Every model of ``conf/models``, by name."""
    return load_specs(Path(settings.conf) / "models")


def morning_after(day: date) -> date:
    """The date before which everything of ``day`` has happened: what features call their as-of date."""
    return day + timedelta(days=1)
