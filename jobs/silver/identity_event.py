"""The job of silver.identity_event."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_EVENT,
    reads={"changed": Changed(((silver.IDENTITY_MAP, "one_id"),)), "identity_map": silver.IDENTITY_MAP},
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_event(changed: DataFrame, *, identity_map: DataFrame) -> DataFrame:
    """Read off the map's history what happened to the changed ids: created, merged into another, split off another."""
    ids = few(changed.select(F.col("key").alias("one_id")).distinct())
    rows = identity_map.join(ids, on="one_id", how="left_semi").localCheckpoint()
    created = rows.groupBy("one_id").agg(
        F.count_distinct("token").alias("n_tokens"), F.min("valid_from").cast("date").alias("occurred_on")
    )
    closed = rows.where(~F.col("is_current"))
    before = few(closed.select("token", F.col("one_id").alias("from_id"), F.col("valid_to").alias("moved_at")))
    after = identity_map.select("token", F.col("one_id").alias("to_id"), F.col("valid_from").alias("moved_at"))
    alive = rows.where("is_current").select(F.col("one_id").alias("from_id"), F.lit(True).alias("_lives")).distinct()
    moves = (
        after.join(before, on=["token", "moved_at"], how="inner")
        .where(F.col("from_id") != F.col("to_id"))
        .groupBy("from_id", "to_id")
        .agg(F.count_distinct("token").alias("n_tokens"), F.max("moved_at").cast("date").alias("occurred_on"))
        .join(alive, on="from_id", how="left")
    )
    is_split = F.coalesce("_lives", F.lit(False))
    moved = moves.select(
        F.when(is_split, "split").otherwise("merge").alias("event_type"),
        F.when(is_split, F.col("from_id")).otherwise(F.col("to_id")).alias("one_id"),
        F.when(is_split, F.col("to_id")).otherwise(F.col("from_id")).alias("other_id"),
        "n_tokens",
        "occurred_on",
    )
    own = created.select(
        F.lit("create").alias("event_type"),
        "one_id",
        F.col("one_id").alias("other_id"),
        "n_tokens",
        "occurred_on",
    )
    return own.unionByName(moved)
