"""The proof of the published identities, gone through once more for the page: who is whom in the map, against the evidence."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.context import Context
from jobs.reporting.store import Row
from lakehouse.tables import silver


def check(context: Context) -> list[Row]:
    """:func:`proof` of the lake as it is."""
    tables = (silver.IDENTITY_EDGE, silver.IDENTITY_FENCE, silver.IDENTITY_COMPONENT, silver.IDENTITY_MAP)
    for table in tables:
        context.lake.ensure(table)
    edges, fences, components, people = (context.lake.read(table) for table in tables)
    cut = fences.where("fence <> 'weak'").select(*silver.IDENTITY_FENCE.key)
    followed = edges.join(F.broadcast(cut), on=list(silver.IDENTITY_FENCE.key), how="left_anti")
    rows: list[Row] = proof(followed, components, people.where("is_current")).toArrow().to_pylist()
    return rows


def proof(edges: DataFrame, components: DataFrame, current: DataFrame) -> DataFrame:
    """``rule, checked, broken``: what must hold of ``current (token, one_id)``, on how many rows, and how many break it.

    ``edges`` without those that a component had to be parted at.

    ``weak_edge_followed`` breaks nothing: it counts the weak edges that were refused, since they would join known people.
    """
    held = current.groupBy("token").agg(F.count("*").alias("n"), F.min("one_id").alias("one_id"))
    owned = components.select(F.col("id_token").alias("token"), "component").join(held, on="token", how="full")
    once = F.coalesce(F.col("n"), F.lit(0)) != 1
    pairs = owned.select("one_id", "component").distinct()
    ids = pairs.groupBy("one_id").agg(F.count("*").alias("n"))
    labels = pairs.groupBy("component").agg(F.count("*").alias("n"))
    placed = _placed(edges.where("is_merging"), held)
    apart = ~F.col("src_id").eqNullSafe(F.col("dst_id"))
    is_weak = F.col("edge_type") == "weak"
    rules = [
        _rule(owned, "identifier_has_one_person", once),
        _rule(ids, "person_is_one_component", F.col("n") != 1),
        _rule(labels, "component_is_one_person", F.col("n") != 1),
        _rule(placed.where(~is_weak), "strong_edge_inside_person", apart),
        _rule(placed.where(is_weak), "weak_edge_followed", apart),
    ]
    return reduce(DataFrame.unionByName, rules)


def _rule(rows: DataFrame, name: str, broken: Column) -> DataFrame:
    return rows.agg(F.lit(name).alias("rule"), F.count("*").alias("checked"), F.count_if(broken).alias("broken"))


def _placed(edges: DataFrame, held: DataFrame) -> DataFrame:
    src = held.select(F.col("token").alias("src_token"), F.col("one_id").alias("src_id"))
    dst = held.select(F.col("token").alias("dst_token"), F.col("one_id").alias("dst_id"))
    joined = edges.join(src, on="src_token", how="left").join(dst, on="dst_token", how="left")
    return joined.select("edge_type", "src_id", "dst_id")
