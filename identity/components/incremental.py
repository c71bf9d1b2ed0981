"""Yesterday's components and the edges that came and went: the small graph whose components are all that changes."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.frames import few

CAME, BROKEN, SHAKEN = range(3)


@dataclass(frozen=True)
class Touched:
    """The part of the graph that the changed edges touch.

    ``edges (src: long, dst: long, is_weak)``: what :func:`identity.components.layered.layered` is to solve anew; every
    vertex whose components may be others now is in it, lone ones as self-loops. ``before (token, vertex, point, reach, …)``:
    the known rows of these vertices.
    """

    edges: DataFrame
    before: DataFrame


@dataclass(frozen=True)
class Change:
    """How the merging edges differ from those that the known components come of, each ``(src_token, dst_token, is_weak)``.

    ``came`` are there now, ``went`` no longer; ``shaken`` are there as before with another strength, which matters where
    edges were cut. ``asked``, of any ends, are where somebody wants it solved anew; ``fresh``, loops, are vertices that are
    new, or of which something else is known now.
    """

    came: DataFrame
    went: DataFrame
    shaken: DataFrame | None = None
    asked: DataFrame | None = None
    fresh: DataFrame | None = None

    def ends(self) -> DataFrame:
        """``(token)`` of all their ends, with repetitions."""
        others = (self.shaken, self.asked, self.fresh)
        parts = [self.came, self.went, *[part for part in others if part is not None]]
        every = reduce(DataFrame.unionByName, [part.select("src_token", "dst_token") for part in parts])
        return every.select(F.explode(F.array("src_token", "dst_token")).alias("token"))


def touched(known: DataFrame, edges: DataFrame, change: Change, found: DataFrame) -> Touched:
    """What is to be solved again, where ``change`` is how ``edges`` differ from those that ``known`` comes of.

    ``known (token, vertex, point, reach, …)`` are the components of yesterday, by vertex; ``edges`` are ``(src_token,
    dst_token, is_weak)``; ``found (token, vertex, point, reach)`` has each token of a changed edge, and new ones that have
    none; point and reach are null where ``known`` lacks one. A reach that lost an edge, or that weak edges hold together,
    or in which edges were cut, is solved from its own edges. Any other stands as what it is known to be: a star around its
    point. So edges that only came cost as many rows as the components that they join, and ``edges`` is not read for them.
    What is touched goes to the scans of ``known`` while it is small; local checkpoints keep it (a lost executor fails the
    query, and nothing is published).
    """
    placed = few(_placed(change, found))
    is_known = F.col("src_point").isNotNull() & F.col("src_point").eqNullSafe(F.col("dst_point"))
    is_joining = (F.col("what") == CAME) & ~is_known
    hit = placed.where(is_joining | (F.col("what") != CAME))
    ends = hit.select(F.explode(F.array("src_reach", "dst_reach")).alias("reach"), "what").where("reach IS NOT NULL")
    reaches = ends.groupBy("reach").agg(F.bool_or(F.col("what") == BROKEN).alias("is_broken"))
    held = known.join(few(reaches), on="reach", how="inner")
    is_open = F.bool_or(F.col("is_broken") | (F.col("point") != F.col("reach"))).over(Window.partitionBy("reach"))
    before = held.withColumn("is_open", is_open).drop("is_broken").localCheckpoint()
    graph = (
        before.select(
            F.col("vertex").alias("src"),
            F.when(F.col("is_open"), F.col("vertex")).otherwise(F.col("point")).alias("dst"),
        )
        .unionByName(found.where(F.isnull("point")).select(F.col("vertex").alias("src"), F.col("vertex").alias("dst")))
        .withColumn("is_weak", F.lit(False))
        .unionByName(placed.where(is_joining).select("src", "dst", "is_weak"))
    )
    inside = before.where("is_open").select("token", "vertex")
    if not inside.isEmpty():
        graph = graph.unionByName(within(edges, inside))
    return Touched(graph, before.drop("is_open"))


def _placed(change: Change, found: DataFrame) -> DataFrame:
    """The changed edges with what changed, and vertex, point and reach of each end; the last two are null where the end is new.

    An end that was never seen is passed over with its edge, except where somebody asks for the other one.
    """
    parts = (
        (change.came, CAME),
        (change.went, BROKEN),
        (change.asked, BROKEN),
        (change.shaken, SHAKEN),
        (change.fresh, SHAKEN),
    )
    tagged = [
        part.select(
            "src_token", "dst_token", "is_weak", F.lit(what).alias("what"), F.lit(part is change.asked).alias("asked")
        )
        for part, what in parts
        if part is not None
    ]
    edges = reduce(DataFrame.unionByName, tagged)
    for end in ("src", "dst"):
        columns = [F.col("token").alias(f"{end}_token"), F.col("vertex").alias(end)]
        at = found.select(*columns, *[F.col(name).alias(f"{end}_{name}") for name in ("point", "reach")])
        edges = edges.join(at, on=f"{end}_token", how="left")
    return edges.where("asked OR (src IS NOT NULL AND dst IS NOT NULL)").drop("src_token", "dst_token", "asked")


def within(edges: DataFrame, inside: DataFrame) -> DataFrame:
    """The edges, with what else they say, whose ends are both among these vertices ``(token, vertex)``; ends as vertices."""
    src = inside.select(F.col("token").alias("src_token"), F.col("vertex").alias("src"))
    dst = inside.select(F.col("token").alias("dst_token"), F.col("vertex").alias("dst"))
    joined = edges.join(few(src), on="src_token", how="inner").join(few(dst), on="dst_token", how="inner")
    return joined.select("src", "dst", *[name for name in edges.columns if not name.endswith("_token")])
