"""Two layers of evidence: strong edges make people, weak ones add to them but never join two known people."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from identity.bridges import Limits, Parted, parted
from identity.components import Components
from identity.components.here import Here
from lakehouse.frames import few


@dataclass(frozen=True)
class Layers:
    """``components (vertex, point, reach, component)`` over all edges, and which edges they rest on.

    ``point`` is the component by strong edges alone, as far as they are followed; ``reach`` the one by all edges, cut
    strong ones and refused weak ones included; ``component`` is the one of the two that holds. Nothing outside its reach
    decides about a vertex.
    ``followed (src, dst)``: the edges whose ends are joined, for the proof; ``refused (src, dst)``: weak edges that were
    not followed. ``strong (vertex, component)``: the points. ``strong`` and ``points`` are persisted, since the other
    frames need them several times: :meth:`release` them at the end.
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


def layered(
    edges: DataFrame, known: DataFrame, engine: Components, limits: Limits | None = None, found: Here | None = None
) -> Layers:
    """Components of ``edges (src: long, dst: long, is_weak: boolean)`` in two layers.

    ``known (vertex: long)``: identifiers that make their holder a known person. Strong components are
    contracted to points, weak edges group these points, and a group with two known points or more is
    refused whole: which of them the shared tablet belongs to, nobody can say. Exact over any number of weak
    steps, where a degree cap sees one. ``limits``: what may not be together; strong components that break them are
    parted (:func:`identity.bridges.parted`), weak groups that would are refused. ``found``: the strong components and which of
    them are crowded, where that is known.
    """
    followed = edges.where(~F.col("is_weak")).select("src", "dst")
    strong = _strong(edges, engine, found).persist()
    seams = None
    cut = parted(strong, limits, found.crowded if found else None) if limits else None
    if cut:
        whole, strong = strong, _replaced(strong, cut).localCheckpoint()
        whole.unpersist()
        followed = _outside(followed, cut).unionByName(cut.kept)
        seams = cut.components.select(F.col("component").alias("src"), F.col("whole").alias("dst")).distinct()
    weak = _contracted(edges.where(F.col("is_weak")), strong)
    links = weak.select(F.col("src_point").alias("src"), F.col("dst_point").alias("dst"))
    points = _judged(engine(links), known, strong, _at(limits.forbidden, strong) if limits else None)
    if seams is not None:
        points = _reaching(points, engine(links.unionByName(seams)))
    points = points.persist()
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
    return Layers(
        components=components,
        followed=followed.unionByName(judged.where(~refused).select("src", "dst")),
        refused=judged.where(refused).select("src", "dst"),
        strong=strong,
        points=points,
    )


def _strong(edges: DataFrame, engine: Components, found: Here | None) -> DataFrame:
    if found:
        return found.placed.select("vertex", F.col("point").alias("component"))
    return engine(edges.where(~F.col("is_weak")))


def _replaced(strong: DataFrame, cut: Parted) -> DataFrame:
    """The strong components with those that were cut in their parts."""
    at = few(cut.components.select("vertex", F.col("component").alias("part")))
    label = F.coalesce("part", "component").alias("component")
    return strong.join(at, on="vertex", how="left").select("vertex", label)


def _outside(edges: DataFrame, cut: Parted) -> DataFrame:
    """The edges of components that were not cut."""
    return edges.join(few(cut.components.select(F.col("vertex").alias("src"))), on="src", how="left_anti")


def _reaching(points: DataFrame, reaches: DataFrame) -> DataFrame:
    """The points, those of cut components among them, with the component over all edges."""
    labels = reaches.select(F.col("vertex").alias("point"), F.col("component").alias("wide"))
    reach = F.coalesce("wide", "reach").alias("reach")
    return points.join(labels, on="point", how="full").select("point", reach, "group")


def _at(pairs: DataFrame, strong: DataFrame) -> DataFrame:
    """Pairs of vertices as pairs of points."""
    return _contracted(pairs, strong).select(F.col("src_point").alias("src"), F.col("dst_point").alias("dst"))


def _contracted(weak: DataFrame, strong: DataFrame) -> DataFrame:
    """Edges with the strong component of each end (a vertex without strong edges is its own)."""
    src = strong.select(F.col("vertex").alias("src"), F.col("component").alias("src_at"))
    dst = strong.select(F.col("vertex").alias("dst"), F.col("component").alias("dst_at"))
    src_point, dst_point = F.coalesce("src_at", "src"), F.coalesce("dst_at", "dst")
    return (
        weak.join(src, on="src", how="left")
        .join(dst, on="dst", how="left")
        .select("src", "dst", src_point.alias("src_point"), dst_point.alias("dst_point"))
    )


def _judged(groups: DataFrame, known: DataFrame, strong: DataFrame, forbidden: DataFrame | None) -> DataFrame:
    """``(point, reach, group)`` of the points that weak edges touch; the group is null where the reach is refused.

    That is: where it holds two known points, or both ends of a forbidden pair.
    """
    people = (
        known.select("vertex")
        .join(strong, on="vertex", how="left")
        .groupBy(F.coalesce("component", "vertex").alias("vertex"))
        .agg(F.lit(1).alias("person"))
    )
    crowd = F.coalesce(F.sum("person").over(Window.partitionBy("component")), F.lit(0))
    judged = groups.join(people, on="vertex", how="left").select(
        F.col("vertex").alias("point"), F.col("component").alias("reach"), crowd.alias("crowd")
    )
    is_refused = F.col("crowd") > 1
    if forbidden is not None:
        judged = judged.join(few(_torn(groups, forbidden)), on="reach", how="left")
        is_refused = is_refused | F.col("is_torn").isNotNull()
    return judged.select("point", "reach", F.when(~is_refused, F.col("reach")).alias("group"))


def _torn(groups: DataFrame, forbidden: DataFrame) -> DataFrame:
    """``(reach, is_torn)`` of the groups that hold both ends of a forbidden pair of points."""
    src = groups.select(F.col("vertex").alias("src"), F.col("component").alias("reach"))
    dst = groups.select(F.col("vertex").alias("dst"), F.col("component").alias("dst_at"))
    pairs = src.join(few(forbidden), on="src", how="inner").join(dst, on="dst", how="inner")
    return pairs.where(F.col("reach") == F.col("dst_at")).select("reach", F.lit(True).alias("is_torn")).distinct()
