"""What keeps one shared phone, tablet or placeholder from welding strangers: caps on who may share it."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules, attribute

EDGE = (
    "src_token",
    "dst_token",
    "src_type",
    "dst_type",
    "rule_id",
    "edge_type",
    "weight",
    "is_merging",
    "first_seen_at",
    "last_seen_at",
    "evidence_count",
)


def fence(edges: DataFrame, rules: IdentityRules) -> tuple[DataFrame, DataFrame]:
    """``(kept, cut)`` of :func:`identity.edges.edges`: cut edges no longer merge and carry ``reason``.

    Edges that never merged are kept as they are. Use :func:`judge` where both halves land in one table.
    """
    judged = judge(edges, rules)
    return judged.where(F.col("reason").isNull()).drop("reason"), judged.where(F.col("reason").isNotNull())


def judge(edges: DataFrame, rules: IdentityRules) -> DataFrame:
    """The edges with ``reason`` (null: kept); where there is one, ``is_merging`` is false.

    A value over a cap of its type loses all its merging edges, not only those to accounts: a tablet of two
    families says nothing about the cookies on it either. Degrees count distinct merging neighbours, whatever
    the rule.
    """
    crowded = _crowded(edges, rules)
    src = crowded.select(F.col("token").alias("src_token"), F.col("reason").alias("src_reason"))
    dst = crowded.select(F.col("token").alias("dst_token"), F.col("reason").alias("dst_reason"))
    reason = F.when(F.col("is_merging"), F.coalesce("src_reason", "dst_reason"))
    return (
        edges.join(src, on="src_token", how="left")
        .join(dst, on="dst_token", how="left")
        .withColumn("reason", reason)
        .withColumn("is_merging", F.col("is_merging") & F.col("reason").isNull())
        .select(*EDGE, "reason")
    )


def _crowded(edges: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(token, reason)`` of the values over a cap. All groupings share one shuffle by token."""
    degrees = (
        _ends(edges.where(F.col("is_merging")))
        .repartition("token")
        .groupBy("token", "type", "neighbour", "neighbour_type")
        .agg(F.lit(1).alias("one"))
        .groupBy("token", "type", "neighbour_type")
        .agg(F.count("one").alias("n"))
        .select("*", F.when(_is_account(rules), F.col("n")).alias("n_accounts"))
        .groupBy("token")
        .agg(
            F.min("type").alias("type"),
            F.sum("n_accounts").alias("accounts"),
            F.max("n_accounts").alias("same_type"),
            F.sum("n").alias("neighbours"),
        )
    )
    return degrees.select("token", _excess(rules).alias("reason")).where(F.col("reason").isNotNull())


def _ends(edges: DataFrame) -> DataFrame:
    """Each edge from both its ends: ``(token, type, neighbour, neighbour_type)``."""
    there = _end("src", "dst")
    back = _end("dst", "src")
    return edges.select(F.explode(F.array(there, back)).alias("end")).select("end.*")


def _end(one: str, other: str) -> Column:
    return F.struct(
        F.col(f"{one}_token").alias("token"),
        F.col(f"{one}_type").alias("type"),
        F.col(f"{other}_token").alias("neighbour"),
        F.col(f"{other}_type").alias("neighbour_type"),
    )


def _is_account(rules: IdentityRules) -> Column:
    return attribute(rules, "kind", F.col("neighbour_type")) == "account"


def _excess(rules: IdentityRules) -> Column:
    """Which cap a value breaks, in words; null where it breaks none."""
    reason = F.lit(None).cast("string")
    caps = (
        ("neighbours", "max_neighbours", "identifiers seen with it"),
        ("same_type", "max_same_type", "accounts of one type share it"),
        ("accounts", "max_degree", "accounts share it"),
    )
    for degree, cap, words in caps:
        limit = attribute(rules, cap, F.col("type"))
        text = F.concat("type", F.lit(": "), degree, F.lit(f" {words}, {cap} "), limit)
        reason = F.when(F.col(degree) > limit, text).otherwise(reason)
    return reason
