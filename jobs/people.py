"""Joins that several jobs share: identifiers to people through the map, changed keys to the people they belong to."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def current(identity_map: DataFrame) -> DataFrame:
    """``(customer_token, one_id)`` as it holds now."""
    return identity_map.where("is_current").select(F.col("token").alias("customer_token"), "one_id")


def touched_people(changed: DataFrame, identity_map: DataFrame) -> DataFrame:
    """``(one_id)`` of everybody to whom changed keys of kind ``one_id``, ``customer_token`` or ``id_token`` belong or did."""
    by_token = (
        changed.where(F.col("kind").isin("customer_token", "id_token"))
        .select(F.col("key").alias("customer_token"))
        .distinct()
        .join(current(identity_map), on="customer_token", how="inner")
        .select("one_id")
    )
    by_id = changed.where(F.col("kind") == "one_id").select(F.col("key").alias("one_id"))
    return by_id.unionByName(by_token).where(F.col("one_id").isNotNull()).distinct()


def owned(rows: DataFrame, identity_map: DataFrame, people: DataFrame | None = None) -> DataFrame:
    """Rows with ``customer_token`` as rows with ``one_id``, of these people only; rows of nobody known fall out."""
    owners = current(identity_map)
    if people is not None:
        owners = owners.join(people, on="one_id", how="left_semi")
    return rows.join(owners, on="customer_token", how="inner").drop("customer_token")
