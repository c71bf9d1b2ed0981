"""Engine `rounds`: prune leaves, contract in DataFrames until the rest fits one executor, finish there, compose back."""

import itertools
import logging
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from identity.components.forest import ENDS, Forest
from identity.components.scramble import scrambled, unscrambled
from lakehouse import session
from lakehouse.errors import KithError

LIMIT = 64
"""Rounds after which something must be wrong: in a random order their number grows with the logarithm of the vertices."""
log = logging.getLogger(__name__)
_ENGINES = itertools.count(1)


@dataclass
class Rounds:
    """Components of ``(src, dst)`` for graphs of any size; only the last, small graph meets on one executor.

    The first round takes each vertex with a single neighbour to that neighbour (on identity graphs a third of the edges is
    left). Each further round takes every vertex to the least of its neighbourhood's least (one pointer jump), and
    re-points and deduplicates the edges. One random order, a bijection, serves all rounds. Every round is written to
    ``work``, so a lost executor repeats little, and a lost file fails the query.

    Output ``(vertex, component)``. A null end fails the query with "an edge has a null end". :meth:`release` removes ``work``.
    """

    spark: SparkSession
    work: str
    """A folder that no other session writes to."""
    n_edges: int
    """Edges up to which the rest goes to one executor."""
    counts: list[int] = field(default_factory=list)
    """Edges left before each round, of the last call."""

    name = "rounds"

    def __post_init__(self) -> None:
        self._folder = f"{self.work.rstrip('/')}/{next(_ENGINES)}"
        self._calls = 0

    def __call__(self, edges: DataFrame) -> DataFrame:
        """The component of each vertex of ``edges``."""
        self._calls += 1
        place = f"{self._folder}/{self._calls}"
        ends = [scrambled(_present(end)).alias(end) for end in ENDS]
        left, n = self._kept(edges.select(*ends), f"{place}/edges-0")
        maps: list[DataFrame] = []
        self.counts = [n]
        while self.counts[-1] > self.n_edges and len(maps) < LIMIT:
            parents = _pruned(left) if not maps else _contracted(left)
            maps.append(self._kept(parents, f"{place}/map-{len(maps)}")[0])
            left, n = self._kept(_repointed(left, maps[-1]), f"{place}/edges-{len(maps)}")
            self.counts.append(n)
            log.info("components by rounds: %s edges after round %s", f"{self.counts[-1]:,}", len(maps))
        if self.counts[-1] > self.n_edges:
            raise KithError(
                f"{self.counts[-1]:,} edges are left after {LIMIT} rounds", rule="rounds must shrink a graph"
            )
        found = Forest()(left)
        for parents in reversed(maps):
            found = _composed(parents, found)
        return _relabelled(self._kept(found, f"{place}/found")[0])

    def release(self) -> None:
        """Remove the files of all calls; to be called once their results have landed."""
        session.remove(self.spark, self._folder)

    def _kept(self, frame: DataFrame, path: str) -> tuple[DataFrame, int]:
        """The frame as files, and its rows; a file that is lost right after it was written is missed here, later by Spark."""
        written = Observation()
        frame.observe(written, F.count(F.lit(1)).alias("n")).write.parquet(path)
        kept = self.spark.read.schema(frame.schema).parquet(path)
        n, there = int(written.get["n"]), kept.count()
        if there != n:
            raise KithError(
                f"{n:,} rows were written, {there:,} are there", file=path, rule="no file of a round is lost"
            )
        return kept, n


def _present(end: str) -> Column:
    return F.coalesce(F.col(end).cast("long"), F.raise_error(F.lit("an edge has a null end")).cast("long"))


def _neighbours(edges: DataFrame) -> DataFrame:
    """``(vertex, low, high)``: the least and greatest neighbour but itself; null where it has none (a self-loop)."""
    sides = [F.struct(F.col(one).alias("vertex"), F.col(two).alias("other")) for one, two in (ENDS, ENDS[::-1])]
    other = F.when(F.col("vertex") != F.col("other"), F.col("other"))
    ends = edges.select(F.inline(F.array(*sides)))
    return ends.groupBy("vertex").agg(F.min(other).alias("low"), F.max(other).alias("high"))


def _pruned(edges: DataFrame) -> DataFrame:
    """``(vertex, parent)``: a vertex with one neighbour goes there; of two that only have each other, to the lesser."""
    near = _neighbours(edges)
    is_leaf = F.coalesce(F.col("low") == F.col("high"), F.lit(False))
    leaves = near.where(is_leaf).select(F.col("vertex").alias("target"), F.lit(True).alias("is_mutual"))
    asked = near.select("vertex", F.when(is_leaf, F.col("low")).otherwise(F.col("vertex")).alias("target"))
    parent = F.when(F.col("is_mutual"), F.least("vertex", "target")).otherwise(F.col("target"))
    return asked.join(leaves, on="target", how="left").select("vertex", parent.alias("parent"))


def _contracted(edges: DataFrame) -> DataFrame:
    """``(vertex, parent)``: each vertex goes to the least vertex in the neighbourhood of its own least neighbour."""
    near = _neighbours(edges).select("vertex", F.least("vertex", "low").alias("step"))
    jump = near.select(F.col("vertex").alias("step"), F.col("step").alias("parent"))
    return near.join(jump, on="step", how="inner").select("vertex", "parent")


def _repointed(edges: DataFrame, parents: DataFrame) -> DataFrame:
    """The edges between parents, each once, without loops."""
    src = parents.select(F.col("vertex").alias("src"), F.col("parent").alias("one"))
    dst = parents.select(F.col("vertex").alias("dst"), F.col("parent").alias("other"))
    moved = edges.join(src, on="src", how="inner").join(dst, on="dst", how="inner").where("one <> other")
    return moved.select(F.least("one", "other").alias("src"), F.greatest("one", "other").alias("dst")).distinct()


def _composed(parents: DataFrame, found: DataFrame) -> DataFrame:
    """The components one round earlier: of a parent that has no edge any more, itself."""
    later = found.select(F.col("vertex").alias("parent"), "component")
    return parents.join(later, on="parent", how="left").select(
        "vertex", F.coalesce("component", "parent").alias("component")
    )


def _relabelled(found: DataFrame) -> DataFrame:
    """Back to the ids as they were given, each component called by its least one."""
    given = found.select(unscrambled(F.col("vertex")).alias("vertex"), "component")
    least = given.groupBy("component").agg(F.min("vertex").alias("least"))
    return given.join(least, on="component", how="inner").select("vertex", F.col("least").alias("component"))
