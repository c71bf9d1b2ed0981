"""Two layers of evidence: strong edges make people, weak ones add to them but never join two known people."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from identity.components import Components


@dataclass(frozen=True)
class Layers:
    """``components (vertex, point, reach, component)`` over all edges, and which edges they rest on.

    ``point`` is the component by strong edges alone, ``reach`` the one by all edges, weak ones that are refused included;
    ``component`` is the one of the two that holds. Nothing outside its reach decides about a vertex.
    ``followed (src, dst)``: the edges whose ends are joined, for the proof; ``refused (src, dst)``: weak edges that were
    not followed. ``strong (vertex, component)``: the components by strong edges alone. ``strong`` and
    ``points`` are persisted, since the other frames need them several times: :meth:`release` them at the end.
    """

    components: DataFrame
    followed: DataFrame
    refused: DataFrame
    strong: DataFrame
    points: DataFrame

    def release(self) -> None:
        """Free what is persisted; to be called once ``components`` has landed."""
        self.strong.unpersist()
        self.points.unpersist()


def layered(edges: DataFrame, known: DataFrame, engine: Components) -> Layers:
    """Components of ``edges (src: long, dst: long, is_weak: boolean)`` in two layers.

    ``known (vertex: long)``: identifiers that make their holder a known person. Strong components are
    contracted to points, weak edges group these points, and a group with two known points or more is
    refused whole: which of them the shared tablet belongs to, nobody can say. Exact over any number of weak
    steps, where a degree cap sees one.
    """
    strong = engine(edges.where(~F.col("is_weak"))).persist()
    weak = _contracted(edges.where(F.col("is_weak")), strong)
    groups = engine(weak.select(F.col("src_point").alias("src"), F.col("dst_point").alias("dst")))
    points = _judged(groups, known, strong).persist()
    components = (
        strong.select("vertex", F.col("component").alias("point"))
        .join(points, on="point", how="full")
        .select(
            F.coalesce("vertex", "point").alias("vertex"),
            "point",
            F.coalesce("reach", "point").alias("reach"),
            F.coalesce("group", "point").alias("component"),
        )
    )
    judged = weak.join(points.select(F.col("point").alias("src_point"), "group"), on="src_point", how="left")
    refused = F.col("group").isNull() & (F.col("src_point") != F.col("dst_point"))
    followed = edges.where(~F.col("is_weak")).select("src", "dst")
    return Layers(
        components=components,
        followed=followed.unionByName(judged.where(~refused).select("src", "dst")),
        refused=judged.where(refused).select("src", "dst"),
        strong=strong,
        points=points,
    )


def _contracted(weak: DataFrame, strong: DataFrame) -> DataFrame:
    """Weak edges with the strong component of each end (a vertex without strong edges is its own)."""
    src = strong.select(F.col("vertex").alias("src"), F.col("component").alias("src_at"))
    dst = strong.select(F.col("vertex").alias("dst"), F.col("component").alias("dst_at"))
    src_point, dst_point = F.coalesce("src_at", "src"), F.coalesce("dst_at", "dst")
    return (
        weak.join(src, on="src", how="left")
        .join(dst, on="dst", how="left")
        .select("src", "dst", src_point.alias("src_point"), dst_point.alias("dst_point"))
    )


def _judged(groups: DataFrame, known: DataFrame, strong: DataFrame) -> DataFrame:
    """``(point, reach, group)`` of the points that weak edges touch; the group is null where the reach holds two known ones."""
    people = (
        known.select("vertex")
        .join(strong, on="vertex", how="left")
        .groupBy(F.coalesce("component", "vertex").alias("vertex"))
        .agg(F.lit(1).alias("person"))
    )
    crowd = F.coalesce(F.sum("person").over(Window.partitionBy("component")), F.lit(0))
    return groups.join(people, on="vertex", how="left").select(
        F.col("vertex").alias("point"),
        F.col("component").alias("reach"),
        F.when(crowd < 2, F.col("component")).alias("group"),
    )
