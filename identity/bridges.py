"""Components that hold what may not be one person: parted where the evidence between the parts is weakest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few

VERTEX, EDGE, UNIQUE, FORBIDDEN = 0, 1, 2, 3
RESULT = "vertex long, component long, whole long"


@dataclass(frozen=True)
class Limits:
    """What a component may not hold, and where the evidence is that decides how it is parted.

    ``unique (vertex: long, kind: long, value: long)``: what a person has one value of at most, at the identifiers that say
    so: of a unique type each identifier is its own value; a birth date stands at the accounts that gave it. ``forbidden (src:
    long, dst: long)``: pairs that people forbade. ``evidence``: vertices ``(vertex)`` → the strong edges ``(src, dst,
    strength: double)`` among them, as they really are (the graph that is solved may hold stars instead).
    """

    unique: DataFrame
    forbidden: DataFrame
    evidence: Callable[[DataFrame], DataFrame]


@dataclass(frozen=True)
class Parted:
    """``components (vertex, component)`` of crowded components after the cut, ``whole`` being what they were part of.

    ``kept (src, dst)``: their edges whose ends stayed together.
    """

    components: DataFrame
    kept: DataFrame


def parted(components: DataFrame, limits: Limits) -> Parted | None:
    """Part each of ``components (vertex, component)`` that breaks the limits; None when none does.

    Within a crowded component the edges are gone through from the strongest to the weakest (ties: by their ends), and one
    that would bring together what may not be together is cut: Kruskal's maximum spanning forest with cannot-link
    constraints. So what is cut is the weakest bridge between the two, everybody keeps the rest of the evidence, and
    nothing outside the component matters. ``components`` of the result is ``(vertex, component, whole)``, labels are
    least vertices.
    """
    crowded = few(_crowded(components, limits))
    if crowded.isEmpty():
        return None
    inside = components.join(crowded, on="component", how="left_semi").localCheckpoint()
    edges = limits.evidence(inside.select("vertex")).localCheckpoint()
    at = few(inside)
    none = F.lit(0.0)
    parts = [
        _rows(inside, VERTEX, "vertex", "vertex", none),
        _rows(_inside(edges, at, "src"), EDGE, "src", "dst", F.col("strength")),
        _rows(_inside(limits.unique, at, "vertex"), UNIQUE, "vertex", "value", F.col("kind").cast("double")),
        _rows(_inside(limits.forbidden, at, "src"), FORBIDDEN, "src", "dst", none),
    ]
    rows = reduce(DataFrame.unionByName, parts)
    solved = rows.groupBy("component").applyInArrow(_solved, RESULT).localCheckpoint()
    label = few(solved.select("vertex", "component"))
    src, dst = (
        label.select(F.col("vertex").alias(end), F.col("component").alias(f"{end}_at")) for end in ("src", "dst")
    )
    placed = edges.join(src, on="src", how="inner").join(dst, on="dst", how="inner")
    return Parted(solved, placed.where(F.col("src_at") == F.col("dst_at")).select("src", "dst"))


def _crowded(components: DataFrame, limits: Limits) -> DataFrame:
    """``(component)`` of those with two values of a unique type, or with both ends of a forbidden pair."""
    several = (
        components.join(limits.unique, on="vertex", how="inner")
        .groupBy("component", "kind")
        .agg(F.min("value").alias("least"), F.max("value").alias("most"))
        .where(F.col("least") < F.col("most"))
        .select("component")
    )
    src, dst = (
        components.select(F.col("vertex").alias(end), F.col("component").alias(f"{end}_at")) for end in ("src", "dst")
    )
    pairs = src.join(few(limits.forbidden), on="src", how="inner").join(dst, on="dst", how="inner")
    together = pairs.where(F.col("src_at") == F.col("dst_at")).select(F.col("src_at").alias("component"))
    return several.unionByName(together).distinct()


def _rows(frame: DataFrame, kind: int, one: str, other: str, strength: Column) -> DataFrame:
    ends = (F.col(one).cast("long").alias("one"), F.col(other).cast("long").alias("other"))
    return frame.select("component", F.lit(kind).alias("kind"), *ends, strength.alias("strength"))


def _inside(rows: DataFrame, at: DataFrame, column: str) -> DataFrame:
    return rows.join(at.withColumnRenamed("vertex", column), on=column, how="inner")


def _solved(table: pa.Table) -> pa.Table:
    """One component's rows in, ``(vertex, component, whole)`` out."""
    kinds = table.column("kind").to_numpy()
    one, other = table.column("one").to_numpy(), table.column("other").to_numpy()
    whole = table.column("component")[0].as_py()
    edges = kinds == EDGE
    strengths = table.column("strength").to_numpy()
    order = np.lexsort((other[edges], one[edges], -strengths[edges]))
    pairs = zip(one[edges][order].tolist(), other[edges][order].tolist(), strict=True)
    values = kinds == UNIQUE
    unique = zip(one[values].tolist(), strengths[values].astype(np.int64).tolist(), other[values].tolist(), strict=True)
    forbidden = zip(one[kinds == FORBIDDEN].tolist(), other[kinds == FORBIDDEN].tolist(), strict=True)
    labels = spanning(one[kinds == VERTEX].tolist(), pairs, unique, forbidden)
    vertices, components = list(labels), list(labels.values())
    return pa.table(
        {
            "vertex": pa.array(vertices, pa.int64()),
            "component": pa.array(components, pa.int64()),
            "whole": pa.array([whole] * len(vertices), pa.int64()),
        }
    )


@dataclass
class _Part:
    members: list[int]
    values: dict[int, int] = field(default_factory=dict)
    enemies: set[int] = field(default_factory=set)

    def clashes(self, other: "_Part", at: dict[int, "_Part"]) -> bool:
        """Whether the two have different values of what a person has one of, or a forbidden pair between them."""
        few_, many = sorted((self, other), key=lambda part: len(part.enemies))
        some, more = sorted((self.values, other.values), key=len)
        differ = any(more.get(kind, value) != value for kind, value in some.items())
        return differ or any(at.get(enemy) is many for enemy in few_.enemies)


def spanning(
    vertices: Sequence[int],
    edges: Iterable[tuple[int, int]],
    unique: Iterable[tuple[int, int, int]] = (),
    forbidden: Iterable[tuple[int, int]] = (),
) -> dict[int, int]:
    """Vertex → least vertex of its part, where ``edges``, the strongest first, join what they may.

    ``unique (vertex, kind, value)``: a part has one value of each kind (a vertex that says two keeps the lesser); ``forbidden``:
    pairs never in one part. Edges, pairs and values of unknown vertices are passed over.
    """
    at = {vertex: _Part([vertex]) for vertex in vertices}
    for vertex, kind, value in unique:
        if vertex in at:
            at[vertex].values[kind] = min(value, at[vertex].values.get(kind, value))
    for src, dst in forbidden:
        if src in at and dst in at:
            at[src].enemies.add(dst)
            at[dst].enemies.add(src)
    for src, dst in edges:
        one, other = at.get(src), at.get(dst)
        if one is None or other is None or one is other or one.clashes(other, at):
            continue
        small, large = sorted((one, other), key=lambda part: len(part.members))
        large.members += small.members
        large.values |= small.values
        large.enemies |= small.enemies
        for vertex in small.members:
            at[vertex] = large
    least: dict[int, int] = {}
    for part in {id(part): part for part in at.values()}.values():
        label = min(part.members)
        least |= dict.fromkeys(part.members, label)
    return least
