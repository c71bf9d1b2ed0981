"""The job of silver.identity_alias."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_ALIAS,
    reads={"changed": Changed(((silver.IDENTITY_MAP, "one_id"),)), "identity_map": silver.IDENTITY_MAP},
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_alias(changed: DataFrame, *, identity_map: DataFrame) -> DataFrame:
    """Say for each retired id which person stands for it now: the one that holds most of its identifiers."""
    ids = changed.select(F.col("key").alias("one_id")).distinct()
    tokens = identity_map.join(ids, on="one_id", how="left_semi").select("token").distinct()
    history = identity_map.join(tokens, on="token", how="left_semi")
    now = history.where("is_current").select("token", F.col("one_id").alias("current_id"))
    alive = identity_map.where("is_current").select("one_id")
    votes = (
        history.select("token", "one_id")
        .distinct()
        .join(alive, on="one_id", how="left_anti")
        .join(now, on="token", how="inner")
        .groupBy(F.col("one_id").alias("old_id"), "current_id")
        .agg(F.count("*").alias("n"))
    )
    return votes.groupBy("old_id").agg(
        F.max_by("current_id", F.struct("n", "current_id")).alias("current_id"),
        F.when(F.count("*") > 1, "split").otherwise("merge").alias("reason"),
    )
