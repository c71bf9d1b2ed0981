"""People who look like a weld of several: too many identifiers, or too little evidence between them. Nothing is cut here."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.identifiers import Alarms

PAIR = ("src_token", "dst_token")
LEAST = 3
"""Identifiers from which on a density says something: one pair alone is always dense."""


def alarming(members: DataFrame, links: DataFrame, alarms: Alarms) -> DataFrame:
    """Return ``(one_id, n_identifiers bigint, n_links bigint, density double, reason string)`` of those who alarm.

    ``members(token, one_id)`` says who holds which identifier; ``links(src_token, dst_token)`` are the edges that were
    followed, in any number. ``density`` is the share of all pairs of a person's identifiers that an edge joins, in 0..1.
    ``reason`` is ``too_many_identifiers`` or ``too_sparse``; who is both is told by the first.
    """
    sizes = members.groupBy("one_id").agg(F.count("*").alias("n_identifiers"))
    least = LEAST if alarms.min_density else alarms.max_cluster_tokens + 1
    watched = sizes.where(F.col("n_identifiers") >= min(least, alarms.max_cluster_tokens + 1))
    owned = members.join(watched, on="one_id").select(F.col("token").alias("src_token"), "one_id", "n_identifiers")
    joined = owned.join(links.select(*PAIR).distinct(), on="src_token", how="left")
    counted = joined.groupBy("one_id", "n_identifiers").agg(F.count("dst_token").alias("n_links"))
    pairs = F.col("n_identifiers") * (F.col("n_identifiers") - 1) / 2
    reason = F.when(F.col("n_identifiers") > alarms.max_cluster_tokens, "too_many_identifiers").when(
        F.col("density") < alarms.min_density, "too_sparse"
    )
    return (
        counted.withColumn("density", F.col("n_links") / pairs).withColumn("reason", reason).where("reason IS NOT NULL")
    )
