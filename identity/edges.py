"""From sightings of identifiers to evidence: which two were seen together, by which rule, how often."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules, attribute, lookup
from lakehouse.frames import few

RECORD = ("source", "record_id")
KEY = ("src_token", "dst_token", "rule_id")


def vertices(observations: DataFrame) -> DataFrame:
    """Every identifier once: ``(token, id_type, first_seen_at)``.

    Identifiers that were always seen alone are there too. A token seen under two types keeps the first by
    name.
    """
    return (
        observations.where(F.col("id_token").isNotNull())
        .groupBy(F.col("id_token").alias("token"))
        .agg(F.min("id_type").alias("id_type"), F.min("first_seen_at").alias("first_seen_at"))
    )


def edges(observations: DataFrame, rules: IdentityRules) -> DataFrame:
    """Evidence edges, one row per ``(src_token, dst_token, rule_id)``, ``src_token < dst_token``.

    ``observations``: ``(source, record_id, id_type, id_token, first_seen_at, last_seen_at, seen_days)``; a row without a
    token is passed over, a type that the rules do not know stops the query. Each record gives one star: its
    best identifier (:attr:`IdentityRules.ranks`) joined to each other one, so that n identifiers cost n - 1
    edges. A record with one identifier gives none. Output: ``src_token, dst_token, src_type, dst_type,
    rule_id, edge_type, weight, is_merging, first_seen_at, last_seen_at, evidence_count`` (records that say
    so: of each set of identifiers, the days on which it was seen, at most as many as ``seen_days`` keeps).
    """
    arms = _arms(_stars(observations, rules))
    ends = ("src_token", "dst_token", "rule_id", "anchor_type", "leaf_type")
    merged = arms.groupBy(*ends).agg(
        F.min(F.struct("src_type", "dst_type")).alias("types"),
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.sum("n_days").cast("long").alias("evidence_count"),
    )
    return merged.select(
        "src_token",
        "dst_token",
        "types.src_type",
        "types.dst_type",
        "rule_id",
        F.when(_both(rules, "strength", "strong"), "strong").otherwise("weak").alias("edge_type"),
        F.least(*_each(rules, "weight")).alias("weight"),
        _both(rules, "is_merging", True).alias("is_merging"),
        "first_seen_at",
        "last_seen_at",
        "evidence_count",
    )


def edges_of(observations: DataFrame, records: DataFrame, rules: IdentityRules) -> DataFrame:
    """The edges that these ``records (source, record_id)`` show, each with all the evidence that there is for it.

    A record's identifiers never change (it is known by their hash), so that an edge rests on the records that hold both its
    ends. For them three columns of the observations are gone through, and all columns for the records that matter.
    """
    shown = edges(observations.join(few(records), on=list(RECORD), how="left_semi"), rules)
    keys = shown.select(*KEY, F.substring_index("rule_id", "/", 1).alias("source")).localCheckpoint()
    ends = keys.select("source", F.explode(F.array("src_token", "dst_token")).alias("id_token")).distinct()
    holding = (
        observations.select(*RECORD, "id_token")
        .join(few(ends), on=["source", "id_token"], how="left_semi")
        .groupBy(*RECORD)
        .agg(F.count("*").alias("n"))
        .where(F.col("n") > 1)
        .select(*RECORD)
    )
    whole = edges(observations.join(few(holding), on=list(RECORD), how="left_semi"), rules)
    return whole.join(few(keys.select(*KEY)), on=list(KEY), how="left_semi")


def strength() -> Column:
    """Column over ``weight`` and ``evidence_count``: how sure an edge is, between 0 and 1, for the choice of what is cut.

    A noisy-or over looks that count less and less: once, twice, four times, … each as sure as .9 of the type's weight. So an edge
    that is seen every day changes but a few times.
    """
    looks = F.lit(1) + F.floor(F.log2(F.greatest(F.col("evidence_count"), F.lit(1))))
    return F.lit(1.0) - F.pow(F.lit(1.0) - F.lit(0.9) * F.col("weight"), looks)


def _stars(observations: DataFrame, rules: IdentityRules) -> DataFrame:
    """One row per record: its anchor and all its members. Both groupings share one shuffle."""
    seen = (
        observations.where(F.col("id_token").isNotNull())
        .repartition(*RECORD)
        .groupBy(*RECORD, "id_type", "id_token")
        .agg(
            F.min("first_seen_at").alias("first_seen_at"),
            F.max("last_seen_at").alias("last_seen_at"),
            F.max(F.size("seen_days")).alias("n_days"),
        )
    )
    member = F.struct("id_type", "id_token", "first_seen_at", "last_seen_at", "n_days")
    return (
        seen.select(*RECORD, _rank(rules).alias("rank"), member.alias("member"))
        .groupBy(*RECORD)
        .agg(
            F.min(F.struct("rank", "member.id_type", "member.id_token")).alias("anchor"),
            F.collect_list("member").alias("members"),
        )
        .where(F.size("members") > 1)
    )


def _arms(stars: DataFrame) -> DataFrame:
    """One row per anchor and other member of a record, ends in order."""
    arms = stars.select("source", "anchor", F.explode("members").alias("leaf"))
    one = F.struct(F.col("anchor.id_token").alias("token"), F.col("anchor.id_type").alias("type"))
    other = F.struct(F.col("leaf.id_token").alias("token"), F.col("leaf.id_type").alias("type"))
    rule = F.concat("source", F.lit("/"), "anchor.id_type", F.lit("~"), "leaf.id_type")
    return (
        arms.where(F.col("anchor.id_token") != F.col("leaf.id_token"))
        .select(
            F.least(one, other).alias("src"),
            F.greatest(one, other).alias("dst"),
            rule.alias("rule_id"),
            F.col("anchor.id_type").alias("anchor_type"),
            F.col("leaf.id_type").alias("leaf_type"),
            F.col("leaf.first_seen_at").alias("first_seen_at"),
            F.col("leaf.last_seen_at").alias("last_seen_at"),
            F.col("leaf.n_days").alias("n_days"),
        )
        .select(
            F.col("src.token").alias("src_token"),
            F.col("dst.token").alias("dst_token"),
            F.col("src.type").alias("src_type"),
            F.col("dst.type").alias("dst_type"),
            "rule_id",
            "anchor_type",
            "leaf_type",
            "first_seen_at",
            "last_seen_at",
            "n_days",
        )
    )


def _rank(rules: IdentityRules) -> Column:
    known = lookup(dict(rules.ranks), F.col("id_type"))
    message = F.concat(
        F.lit("identifier type not in the identity rules: "), "id_type", F.lit(", seen in source "), "source"
    )
    return F.coalesce(known, F.raise_error(message))


def _each(rules: IdentityRules, name: str) -> tuple[Column, Column]:
    return attribute(rules, name, F.col("anchor_type")), attribute(rules, name, F.col("leaf_type"))


def _both(rules: IdentityRules, name: str, value: object) -> Column:
    one, other = _each(rules, name)
    return (one == F.lit(value)) & (other == F.lit(value))
