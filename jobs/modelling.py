"""What models read, put together from gold: purchases and interactions of people, and the versions of what was read."""

from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.gold.mart_customer_360 import is_sale
from jobs.people import owned
from lakehouse.settings import Settings
from ml.spec import ModelSpec, load_spec


def purchases(lines: DataFrame, identity_map: DataFrame, products: DataFrame) -> DataFrame:
    """Sales as ``(one_id, order_id, ordered_at, known_at, amount, channel, category)``."""
    sales = lines.where(is_sale()).join(products.select("sku", "category"), on="sku", how="left")
    return owned(sales, identity_map).select(
        "one_id",
        "order_id",
        "ordered_at",
        "known_at",
        F.col("net_amount").alias("amount"),
        "channel",
        "category",
    )


def touches(interactions: DataFrame, identity_map: DataFrame) -> DataFrame:
    """Interactions of people as ``(one_id, occurred_at, known_at, kind, channel)``, machines left out."""
    people = owned(interactions.where(~F.col("is_bot")), identity_map)
    return people.select("one_id", "occurred_at", "known_at", "kind", "channel")


def spec_of(settings: Settings, name: str) -> ModelSpec:
    """The model's file of ``conf/models``."""
    return load_spec(Path(settings.conf) / "models" / f"{name}.yml")


def morning_after(day: date) -> date:
    """The date before which everything of ``day`` has happened: what features call their as-of date."""
    return day + timedelta(days=1)
