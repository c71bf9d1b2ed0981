"""The job of silver.identity_alias."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_ALIAS,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, "one_id"),)),
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
    ids = few(changed.select(F.col("key").alias("one_id")).distinct())
    closed = identity_map.where(~F.col("is_current")).select("token", F.col("one_id").alias("old_id")).distinct()
    now = identity_map.where("is_current").select("token", F.col("one_id").alias("current_id"))
    owners = now.join(few(closed), on="token", how="inner").localCheckpoint()
    asked = few(_of(owners, ids, "old_id").unionByName(_of(owners, ids, "current_id")).distinct())
    alive = identity_map.where("is_current").select(F.col("one_id").alias("old_id")).join(asked, "old_id", "left_semi")
    retired = few(asked.join(alive, on="old_id", how="left_anti"))
    votes = (
        owners.join(retired, on="old_id", how="left_semi").groupBy("old_id", "current_id").agg(F.count("*").alias("n"))
    )
    leads = votes.groupBy("old_id").agg(
        F.max_by("current_id", F.struct("n", "current_id")).alias("current_id"),
        F.when(F.count("*") > 1, "split").otherwise("merge").alias("reason"),
    )
    back = known.join(few(alive.distinct()), on="old_id", how="left_semi")
    return leads.withColumn("_deleted", F.lit(False)).unionByName(back.withColumn("_deleted", F.lit(True)))


def _of(owners: DataFrame, ids: DataFrame, column: str) -> DataFrame:
    """``(old_id)`` of the rows whose ``column`` is one of the ids."""
    return owners.join(ids.withColumnRenamed("one_id", column), on=column, how="left_semi").select("old_id")
