"""Two layers of evidence: strong edges make people, weak ones add to them but never join two known people."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import Components


@dataclass(frozen=True)
class Layers:
    """``components (vertex, component)`` over all edges, ``refused (src, dst)``: weak edges not followed.

    ``strong``: the components by strong edges alone; it is persisted, because both frames need it several
    times: unpersist it once they have landed.
    """

    components: DataFrame
    refused: DataFrame
    strong: DataFrame


def layered(edges: DataFrame, known: DataFrame, engine: Components) -> Layers:
    """Components of ``edges (src: long, dst: long, is_weak: boolean)`` in two layers.

    ``known (vertex: long)``: identifiers that make their holder a known person. Strong components are
    contracted to points, weak edges group these points, and a group with two known points or more is refused
    whole: which of them the shared tablet belongs to, nobody can say. Exact over any number of weak steps,
    where a degree cap sees one.
    """
    strong = engine(edges.where(~F.col("is_weak"))).persist()
    weak = _contracted(edges.where(F.col("is_weak")), strong)
    groups = engine(weak.select(F.col("src_point").alias("src"), F.col("dst_point").alias("dst")))
    allowed = groups.join(_crowded(groups, known, strong), on="component", how="left_anti")
    label = allowed.select(F.col("vertex").alias("point"), F.col("component").alias("group"))
    everyone = strong.select("vertex", F.col("component").alias("point")).unionByName(
        groups.join(strong, on="vertex", how="left_anti").select("vertex", F.col("vertex").alias("point"))
    )
    components = everyone.join(label, on="point", how="left").select(
        "vertex", F.coalesce("group", "point").alias("component")
    )
    inner = weak.join(label.select(F.col("point").alias("src_point")), on="src_point", how="left_anti")
    return Layers(components, inner.where(F.col("src_point") != F.col("dst_point")).select("src", "dst"), strong)


def _contracted(weak: DataFrame, strong: DataFrame) -> DataFrame:
    """Weak edges with the strong component of each end (a vertex without strong edges is its own)."""
    src = strong.select(F.col("vertex").alias("src"), F.col("component").alias("src_point"))
    dst = strong.select(F.col("vertex").alias("dst"), F.col("component").alias("dst_point"))
    return (
        weak.join(src, on="src", how="left")
        .join(dst, on="dst", how="left")
        .select(
            "src",
            "dst",
            F.coalesce("src_point", "src").alias("src_point"),
            F.coalesce("dst_point", "dst").alias("dst_point"),
        )
    )


def _crowded(groups: DataFrame, known: DataFrame, strong: DataFrame) -> DataFrame:
    """``(component)`` of the groups that hold two known points or more."""
    points = (
        known.select("vertex")
        .join(strong, on="vertex", how="left")
        .select(F.coalesce("component", "vertex").alias("vertex"))
        .distinct()
    )
    crowds = groups.join(points, on="vertex", how="left_semi").groupBy("component").agg(F.count(F.lit(1)).alias("n"))
    return crowds.where(F.col("n") > 1).select("component")
