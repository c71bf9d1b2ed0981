"""Which edges of evidence lead out of a component although nothing fenced them, and why they were not followed."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules
from lakehouse.frames import few

KEY = ("src_token", "dst_token", "rule_id")
PAIR = ("one", "other")


def cuts(edges: DataFrame, components: DataFrame, forbidden: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(src_token, dst_token, rule_id, reason)`` of the merging ``edges`` whose ends are in two components.

    ``components (token, id_type, component)`` of all tokens, ``forbidden (a_token, b_token)``. The reason begins with the fence's
    code: ``forbidden`` (people said so), ``conflict`` (both sides have an identifier of which a person has one), ``weak`` (weak
    evidence never joins two known people).
    """
    tokens = few(edges.select(F.explode(F.array("src_token", "dst_token")).alias("token")).distinct())
    labels = few(components.join(tokens, on="token", how="left_semi").select("token", "component"))
    crossing = _crossing(edges, labels).localCheckpoint()
    pairs = few(crossing.select(*PAIR).distinct())
    sides = few(pairs.select(F.explode(F.array(*PAIR)).alias("component")).distinct())
    people = components.join(sides, on="component", how="left_semi").localCheckpoint()
    torn = _torn(people, forbidden)
    kinds = _kinds(people, rules)
    one, other = (kinds.select(F.col("component").alias(side), F.col("kinds").alias(f"{side}_kinds")) for side in PAIR)
    known = (
        pairs.join(torn, on=list(PAIR), how="left").join(one, on="one", how="left").join(other, on="other", how="left")
    )
    return crossing.join(few(known), on=list(PAIR), how="inner").select(*KEY, _reason().alias("reason"))


def _crossing(edges: DataFrame, labels: DataFrame) -> DataFrame:
    """The edges with the two components that they are between, the lesser first."""
    for end in ("src", "dst"):
        at = labels.select(F.col("token").alias(f"{end}_token"), F.col("component").alias(f"_{end}"))
        edges = edges.join(at, on=f"{end}_token", how="inner")
    between = edges.where(F.col("_src") != F.col("_dst"))
    return between.select(
        *KEY, "edge_type", F.least("_src", "_dst").alias("one"), F.greatest("_src", "_dst").alias("other")
    )


def _torn(people: DataFrame, forbidden: DataFrame) -> DataFrame:
    """``(one, other, is_torn)``: the pairs of components between which somebody forbade."""
    at = people.select("token", "component")
    placed = forbidden.join(at.withColumnsRenamed({"token": "a_token", "component": "a"}), on="a_token", how="inner")
    placed = placed.join(at.withColumnsRenamed({"token": "b_token", "component": "b"}), on="b_token", how="inner")
    pair = (F.least("a", "b").alias("one"), F.greatest("a", "b").alias("other"))
    return placed.select(*pair, F.lit(True).alias("is_torn")).distinct()


def _kinds(people: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(component, kinds)``: the unique types of which each component has an identifier."""
    unique = [kind.name for kind in rules.identifiers if kind.unique_per_person]
    held = people.where(F.col("id_type").isin(unique) if unique else F.lit(False))
    return held.groupBy("component").agg(F.array_sort(F.collect_set("id_type")).alias("kinds"))


def _reason() -> Column:
    both = F.array_intersect("one_kinds", "other_kinds")
    words = F.concat(
        F.lit("conflict: each side has its own "), F.array_join(both, ", "), F.lit(", of which a person has one")
    )
    return (
        F.when(F.col("is_torn"), "forbidden: somebody said that these are two people")
        .when(F.col("edge_type") == "weak", "weak: it would join two known people")
        .when(F.size(both) > 0, words)
        .otherwise("conflict: what it would join contradicts each other (accounts, names, birth dates)")
    )
