"""The job of silver.identity_event."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import ops, silver


@job(
    writes=silver.IDENTITY_EVENT,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, "one_id"), (ops.IDENTITY_OVERRIDE, "override_id"))),
        "identity_map": silver.IDENTITY_MAP,
        "overrides": ops.IDENTITY_OVERRIDE,
    },
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_event(changed: DataFrame, *, identity_map: DataFrame, overrides: DataFrame) -> DataFrame:
    """Read off the map's history what happened to the changed ids: created, merged, split off, decided upon."""
    ids = few(changed.where(F.col("kind") == "one_id").select(F.col("key").alias("one_id")).distinct())
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
    asked = few(changed.where(F.col("kind") == "override_id").select(F.col("key").alias("override_id")).distinct())
    return own.unionByName(moved).unionByName(_decided(overrides.join(asked, "override_id", "left_semi"), identity_map))


def _decided(overrides: DataFrame, identity_map: DataFrame) -> DataFrame:
    """Decisions as events of the person that the first of their two identifiers had then (or first, where that was later)."""
    made = few(overrides.select("override_id", "kind", F.col("a_token").alias("token"), "made_at"))
    owners = identity_map.select("token", F.col("one_id"), "valid_from").join(made, on="token", how="inner")
    was_then = F.col("valid_from") <= F.col("made_at")
    order = F.struct(was_then, F.when(was_then, F.unix_micros("valid_from")).otherwise(-F.unix_micros("valid_from")))
    return (
        owners.groupBy("kind", "override_id")
        .agg(F.max_by("one_id", order).alias("one_id"), F.max(F.to_date("made_at")).alias("occurred_on"))
        .select(
            F.col("kind").alias("event_type"),
            "one_id",
            F.col("override_id").alias("other_id"),
            F.lit(2).cast("bigint").alias("n_tokens"),
            "occurred_on",
        )
    )
