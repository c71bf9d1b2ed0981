"""The job of gold.dim_place."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.places import place_id
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver


@job(
    writes=gold.DIM_PLACE,
    reads={
        "changed": Changed(
            ((silver.STORE, "store_id"), (silver.ORDER_LINE, "store_id"), (silver.ORDER_LINE, "channel"))
        ),
        "stores": silver.STORE,
    },
    load=Merge(),
    group=Group.GOLD,
)
def dim_place(changed: DataFrame, *, stores: DataFrame) -> DataFrame:
    """Keep each store, and each channel as a place of format 'platform' for what was sold in no store."""
    is_channel = F.col("kind") == "channel"
    keys = changed.where(F.col("key").isNotNull()).select(
        F.when(is_channel, place_id(F.lit(None), F.col("key"))).otherwise(F.col("key")).alias("store_id"),
        F.when(is_channel, F.col("key")).alias("_channel"),
    )
    return (
        keys.distinct()
        .join(stores, on="store_id", how="left")
        .select(
            F.col("store_id").alias("place_id"),
            F.coalesce("name", "_channel", "store_id").alias("name"),
            F.when(F.col("_channel").isNotNull(), "platform")
            .otherwise(F.coalesce("format", F.lit("unknown")))
            .alias("format"),
            "region",
            "province",
            "city",
            "latitude",
            "longitude",
        )
    )
