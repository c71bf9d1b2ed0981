"""Yesterday's components and the edges that came and went: today's components, touching only what these edges touch."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import Components


def changes(known: DataFrame, edges: DataFrame, added: DataFrame, removed: DataFrame, engine: Components) -> DataFrame:
    """``(vertex, component)`` of the vertices whose component is another one now; null where a vertex has no edge any more.

    ``known (vertex, component)`` are the components of the edges as they were, called by their least vertex; ``edges (src,
    dst)`` are the edges as they are, ``added`` among them, ``removed`` not. What comes out, merged into ``known``, equals
    ``engine(edges)``. Components that lost an edge are solved anew from their own edges; the added edges are contracted
    onto components, so that the engine sees as many edges as came. ``known`` and ``edges`` are scanned, never shuffled:
    the changes are broadcast, and what they touch is kept by local checkpoints (a lost executor fails the query).
    """
    broken = _broken(known, edges, removed, engine).localCheckpoint()
    located = _located(added, known, broken).localCheckpoint()
    found = engine(_contracted(added, located))
    merged = found.select(F.col("vertex").alias("point"), F.col("component").alias("merged")).localCheckpoint()
    return (
        _of_broken(broken, merged).unionByName(_of_others(known, broken, merged)).unionByName(_of_new(located, merged))
    )


def _broken(known: DataFrame, edges: DataFrame, removed: DataFrame, engine: Components) -> DataFrame:
    """``(vertex, component, point, is_bare)`` of the components that lost an edge: the part each vertex is left in."""
    ends = removed.select(F.explode(F.array("src", "dst")).alias("vertex")).distinct()
    lost = known.join(F.broadcast(ends), on="vertex", how="left_semi").select("component").distinct()
    held = (
        known.join(F.broadcast(lost), on="component", how="left_semi").select("vertex", "component").localCheckpoint()
    )
    src = held.select(F.col("vertex").alias("src"), F.col("component").alias("one"))
    dst = held.select(F.col("vertex").alias("dst"), F.col("component").alias("other"))
    left = edges.join(F.broadcast(src), on="src", how="inner").join(F.broadcast(dst), on="dst", how="inner")
    parts = engine(left.where("one = other").select("src", "dst")).withColumnRenamed("component", "part")
    return held.join(parts, on="vertex", how="left").select(
        "vertex", "component", F.coalesce("part", "vertex").alias("point"), F.col("part").isNull().alias("is_bare")
    )


def _located(added: DataFrame, known: DataFrame, broken: DataFrame) -> DataFrame:
    """``(vertex, point, is_new)`` of each end of an added edge: the component, or part of one, that it is in so far."""
    ends = added.select(F.explode(F.array("src", "dst")).alias("vertex")).distinct()
    at = known.join(F.broadcast(ends), on="vertex", how="left_semi")
    return (
        ends.join(at, on="vertex", how="left")
        .join(broken.select("vertex", "point"), on="vertex", how="left")
        .select(
            "vertex", F.coalesce("point", "component", "vertex").alias("point"), F.isnull("component").alias("is_new")
        )
    )


def _contracted(added: DataFrame, located: DataFrame) -> DataFrame:
    src = located.select(F.col("vertex").alias("src"), F.col("point").alias("one"))
    dst = located.select(F.col("vertex").alias("dst"), F.col("point").alias("other"))
    ends = added.join(src, on="src", how="inner").join(dst, on="dst", how="inner")
    return ends.select(F.col("one").alias("src"), F.col("other").alias("dst"))


def _of_broken(broken: DataFrame, merged: DataFrame) -> DataFrame:
    now = F.coalesce(F.col("merged"), F.when(~F.col("is_bare"), F.col("point")))
    after = broken.join(merged, on="point", how="left").withColumn("now", now)
    moved = after.where(~F.col("now").eqNullSafe(F.col("component")))
    return moved.select("vertex", F.col("now").alias("component"))


def _of_others(known: DataFrame, broken: DataFrame, merged: DataFrame) -> DataFrame:
    moved = merged.where("point <> merged").withColumnRenamed("point", "component")
    touched = known.join(F.broadcast(moved), on="component", how="inner")
    rest = touched.join(F.broadcast(broken.select("vertex")), on="vertex", how="left_anti")
    return rest.select("vertex", F.col("merged").alias("component"))


def _of_new(located: DataFrame, merged: DataFrame) -> DataFrame:
    fresh = located.where("is_new").join(merged, on="point", how="inner")
    return fresh.select("vertex", F.col("merged").alias("component"))
