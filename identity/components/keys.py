"""A persisted bijection between tokens (text) and keys (longs): never a hash that two people could share."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

BUCKETS = 1024
"""Pieces in which new tokens are numbered, each a sort on one task: 10^9 tokens are pieces of 10^6."""


def extend_keys(known: DataFrame, tokens: DataFrame) -> DataFrame:
    """``(token, key)`` of the tokens that ``known (token, key)`` lacks, to be appended to it.

    ``tokens`` has a column ``token``; nulls and repetitions are fine. New keys follow the greatest known key
    without a gap (the first is 1), in the order of (hash bucket, token): the same tokens get the same keys,
    whatever the order of rows. Buckets are numbered side by side and shifted by the sizes of those before
    them; nothing is collected.
    """
    new = (
        tokens.where(F.col("token").isNotNull())
        .select("token")
        .distinct()
        .join(known.select("token"), on="token", how="left_anti")
        .withColumn("bucket", F.pmod(F.xxhash64("token"), F.lit(BUCKETS)))
    )
    top = known.agg(F.coalesce(F.max("key"), F.lit(0)).cast("long").alias("top"))
    before = Window.orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    sizes = new.groupBy("bucket").agg(F.count(F.lit(1)).alias("n"))
    shifts = sizes.select("bucket", F.coalesce(F.sum("n").over(before), F.lit(0)).alias("shift"))
    position = F.row_number().over(Window.partitionBy("bucket").orderBy("token"))
    return (
        new.select("token", "bucket", position.alias("position"))
        .join(F.broadcast(shifts), on="bucket", how="inner")
        .crossJoin(F.broadcast(top))
        .select("token", (F.col("top") + F.col("shift") + F.col("position")).cast("long").alias("key"))
    )


def keyed_edges(edges: DataFrame, keys: DataFrame) -> DataFrame:
    """``(src: long, dst: long)`` of ``(src_token, dst_token)``; a token without a key gives null.

    Engines refuse nulls, so an edge that the dictionary does not cover stops the run.
    """
    src = keys.select(F.col("token").alias("src_token"), F.col("key").alias("src"))
    dst = keys.select(F.col("token").alias("dst_token"), F.col("key").alias("dst"))
    return (
        edges.select("src_token", "dst_token")
        .join(src, on="src_token", how="left")
        .join(dst, on="dst_token", how="left")
        .select("src", "dst")
    )
