"""The job of silver.identity_alias."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few, is_small, near, sieved_by_any
from lakehouse.job import SEPARATOR, Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_ALIAS,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, ("token", "one_id")),)),
        "identity_map": silver.IDENTITY_MAP,
        "known": silver.IDENTITY_ALIAS,
    },
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_alias(changed: DataFrame, *, identity_map: DataFrame, known: DataFrame) -> DataFrame:
    """Say for each retired id which person stands for it now: the one that holds most of its identifiers.

    An id that came back stands for itself again.
    """
    closed = identity_map.where(~F.col("is_current")).select("token", F.col("one_id").alias("old_id"))
    if not is_small(closed) and closed.isEmpty():  # nobody ever lost an id
        return known.limit(0).withColumn("_deleted", F.lit(False))
    closed, moved = closed.distinct(), _moved(changed)
    asked = few(_asked(moved, closed, known))
    held = few(closed.join(asked, on="old_id", how="left_semi"))
    rows = _now(identity_map, asked, held)
    alive = few(rows.where("is_asked").select(F.col("current_id").alias("old_id")).distinct())
    owners = held.join(rows.select("token", "current_id"), on="token", how="inner")
    votes = owners.join(alive, "old_id", "left_anti").groupBy("old_id", "current_id").agg(F.count("*").alias("n"))
    leads = votes.groupBy("old_id").agg(
        F.max_by("current_id", F.struct("n", "current_id")).alias("current_id"),
        F.when(F.count("*") > 1, "split").otherwise("merge").alias("reason"),
    )
    back = known.join(alive, on="old_id", how="left_semi")
    return leads.withColumn("_deleted", F.lit(False)).unionByName(back.withColumn("_deleted", F.lit(True)))


def _moved(changed: DataFrame) -> DataFrame:
    """``(token, one_id)`` of the map's changed rows, before and after."""
    values = F.split("key", SEPARATOR)
    return few(changed.select(values[0].alias("token"), values[1].alias("one_id")).distinct())


def _asked(moved: DataFrame, closed: DataFrame, known: DataFrame) -> DataFrame:
    """``(old_id)`` of the ids whose heir may be another now: that moved identifiers once had, or that came back."""
    left = closed.join(moved.select("token").distinct(), on="token", how="left_semi").select("old_id")
    back = known.join(moved.select(F.col("one_id").alias("old_id")), on="old_id", how="left_semi").select("old_id")
    return left.unionByName(back).distinct()


def _now(identity_map: DataFrame, asked: DataFrame, held: DataFrame) -> DataFrame:
    """``(token, current_id, is_asked)`` of current rows: of these ids, and of who held them once. One pass over the map."""
    ids = asked.select(F.col("old_id").alias("current_id"), F.lit(True).alias("is_asked"))
    current = identity_map.where("is_current").select("token", F.col("one_id").alias("current_id"))
    tokens = held.select("token").distinct()
    found = sieved_by_any(current, {"current_id": ids, "token": tokens}).join(near(ids), on="current_id", how="left")
    return found.withColumn("is_asked", F.col("is_asked").isNotNull()).localCheckpoint()
