"""The proof after every run: components that are not provably right are not published."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.components import unionfind
from lakehouse.errors import KithError

SAMPLED_VERTICES = 200_000
SIZE = "size"


class IdentityProofError(KithError):
    """The components of a run are not provably right; the message lists each failed rule with an example."""


@dataclass(frozen=True)
class Proof:
    """A rule that failed: its name, how many rows break it, and one of them."""

    rule: str
    failures: int
    example: int | None


def prove(
    components: DataFrame,
    edges: DataFrame,
    forbidden: DataFrame | None = None,
    *,
    vertices: DataFrame | None = None,
    sampled_vertices: int = SAMPLED_VERTICES,
) -> list[Proof]:
    """The rules that ``components (vertex, component)`` of the merging ``edges (src, dst)`` break.

    - ``vertex_once``: no vertex twice, none null; ``vertex_missing``: every end of an edge is there (and
      every ``vertices (vertex)``, where given);
    - ``edge_inside``: both ends of each edge in one component;
    - ``label_is_least``: a component is called by its least vertex;
    - ``forbidden_apart``: no pair of ``forbidden (src, dst)`` in one component;
    - ``sample_recomputed``: components drawn by hash of their label, some ``sampled_vertices`` in all (all
      components of a small graph), equal what scipy makes of their own edges: nothing is joined without
      evidence.

    Two Spark jobs. Examples are vertices, or the source end of an edge.
    """
    checks = [_vertex_checks(components), _label_check(components), _edge_checks(_placed(edges, components))]
    if vertices is not None:
        absent = vertices.select("vertex").join(components, on="vertex", how="left_anti")
        checks.append(absent.agg(_rule("vertex_missing", F.lit(True), "vertex")))
    if forbidden is not None:
        together = F.col("src_at") == F.col("dst_at")
        checks.append(_placed(forbidden, components).agg(_rule("forbidden_apart", together, "src")))
    size, failures = _evaluated(checks)
    every = max(1, size // sampled_vertices)
    return failures + _resampled(components, edges, every)


def require(failures: list[Proof]) -> None:
    """Raise :class:`IdentityProofError` naming every failed rule; nothing when there is none."""
    if failures:
        text = "; ".join(f"{one.rule} fails {one.failures} times, e.g. at {one.example}" for one in failures)
        raise IdentityProofError(f"the components are not published: {text}", rule=failures[0].rule)


def _evaluated(checks: list[DataFrame]) -> tuple[int, list[Proof]]:
    """Number of vertices, and the rules that fail in the one-row ``checks``; all in one Spark job."""
    rules = [check.select(F.inline(F.array(*check.columns))) for check in checks]
    found = reduce(DataFrame.unionByName, rules)
    row = found.agg(F.collect_list(F.struct("rule", "failures", "example")).alias("rules")).first()
    results = [Proof(**result.asDict()) for result in (row["rules"] if row is not None else [])]
    size = sum(result.failures for result in results if result.rule == SIZE)
    failed = [result for result in results if result.rule != SIZE and result.failures]
    return size, sorted(failed, key=lambda proof: proof.rule)


def _rule(name: str, broken: Column, example: str) -> Column:
    """Aggregate: how many rows are ``broken``, and the least ``example`` of them."""
    least = F.min(F.when(broken, F.col(example))).cast("long")
    return F.struct(F.lit(name).alias("rule"), F.count_if(broken).alias("failures"), least.alias("example")).alias(name)


def _vertex_checks(components: DataFrame) -> DataFrame:
    sizes = components.groupBy("vertex").agg(F.count(F.lit(1)).alias("n"))
    twice = (F.col("n") > 1) | F.col("vertex").isNull()
    return sizes.agg(_rule(SIZE, F.lit(True), "vertex"), _rule("vertex_once", twice, "vertex"))


def _label_check(components: DataFrame) -> DataFrame:
    least = components.groupBy("component").agg(F.min("vertex").alias("least"))
    return least.agg(_rule("label_is_least", ~F.col("component").eqNullSafe(F.col("least")), "component"))


def _edge_checks(placed: DataFrame) -> DataFrame:
    missing = F.col("src_at").isNull() | F.col("dst_at").isNull()
    outside = F.coalesce(F.col("src_at") != F.col("dst_at"), F.lit(False))
    return placed.agg(_rule("vertex_missing", missing, "src"), _rule("edge_inside", outside, "src"))


def _placed(edges: DataFrame, components: DataFrame) -> DataFrame:
    """Edges with the component of each end, null where the vertex is missing."""
    src = components.select(F.col("vertex").alias("src"), F.col("component").alias("src_at"))
    dst = components.select(F.col("vertex").alias("dst"), F.col("component").alias("dst_at"))
    return (
        edges.select("src", "dst")
        .join(src, on="src", how="left")
        .join(dst, on="dst", how="left")
        .select("src", "dst", "src_at", "dst_at")
    )


def _resampled(components: DataFrame, edges: DataFrame, every: int) -> list[Proof]:
    """Recompute every ``every``-th component by scipy, from its own edges and (as self-loops) vertices.

    An edge follows its source, which is enough: that it leads out of the component is another rule's failure.
    """
    drawn = components.where(F.col("vertex").isNotNull())
    if every > 1:
        drawn = F.broadcast(drawn.where(F.pmod(F.xxhash64("component"), F.lit(every)) == 0))
    src = drawn.select(F.col("vertex").alias("src"), "component")
    loops = src.select("src", F.col("src").alias("dst"), "component")
    inner = edges.select("src", "dst").join(src, on="src", how="inner").select("src", "dst", "component")
    row = loops.unionByName(inner).coalesce(1).mapInArrow(_differences, "n long, example long").first()
    return [Proof("sample_recomputed", row["n"], row["example"])] if row is not None and row["n"] else []


def _differences(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches ``(src, dst, component)`` in, one row out: vertices that scipy puts elsewhere, with one."""
    none = np.empty(0, dtype=np.int64)
    parts = [(none, none, none)]
    parts += [tuple(column.to_numpy(zero_copy_only=False) for column in batch.columns) for batch in batches]
    src, dst, given = (np.concatenate(side) for side in zip(*parts, strict=True))
    found = [(none, none), *unionfind.by_scipy([(src, dst)])]
    vertices, labels = (np.concatenate(side) for side in zip(*found, strict=True))
    # Every vertex is the source of its own loop, so that each is compared.
    wrong = np.unique(src[labels[np.searchsorted(vertices, src)] != given]) if len(vertices) else none
    row = {"n": len(wrong), "example": int(wrong.min()) if len(wrong) else None}
    yield pa.RecordBatch.from_pylist([row], schema=pa.schema({"n": pa.int64(), "example": pa.int64()}))
