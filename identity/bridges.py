"""Components that hold what may not be one person: parted where the evidence between the parts is weakest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few

VERTEX, EDGE, UNIQUE, FORBIDDEN, TOLD = 0, 1, 2, 3, 4
ACCOUNT, CONTACT, ASKING = 1, 2, 4
RESULT = "vertex long, component long, whole long"


@dataclass(frozen=True)
class Limits:
    """What a component may not hold, and where the evidence is that decides how it is parted.

    ``unique (vertex: long, kind: long, value: long)``: what a person has one value of at most, at the identifiers that say
    so: of a unique type each identifier is its own value; a birth date stands at the accounts that gave it. ``forbidden (src:
    long, dst: long)``: pairs that people forbade. ``kinds (vertex: long, code: int, type: int)``: which vertices are an
    :data:`ACCOUNT`, a :data:`CONTACT`, and which contacts and traces are :data:`ASKING` who their accounts are (codes are added);
    ``type`` tells types apart. ``evidence``: vertices ``(vertex)`` → the strong edges ``(src, dst, strength: double)`` among
    them, as they really are (the graph that is solved may hold stars instead). ``told (vertex)``: the accounts that gave an
    attribute; None where nothing asks.
    """

    unique: DataFrame
    forbidden: DataFrame
    kinds: DataFrame
    evidence: Callable[[DataFrame], DataFrame]
    told: DataFrame | None = None


@dataclass(frozen=True)
class Parted:
    """``components (vertex, component)`` of crowded components after the cut, ``whole`` being what they were part of.

    ``kept (src, dst)``: their edges whose ends stayed together.
    """

    components: DataFrame
    kept: DataFrame


def parted(components: DataFrame, limits: Limits, crowded: DataFrame | None = None) -> Parted | None:
    """Part each of ``components (vertex, component)`` that breaks the limits; None when none does.

    ``crowded (component)``: those that do, where that is known.

    First, a contact whose accounts contradict each other is shared, and says nothing of anybody (:func:`shared`); one that
    asks says nothing of an account that gave no name where another of its type did (:func:`silent`). Then, within a crowded
    component, the edges are gone through from the strongest to the weakest (ties: by their ends), and one that would bring
    together what may not be together is cut: Kruskal's maximum spanning forest with cannot-link constraints. So what is cut is
    the weakest bridge between the two, everybody keeps the rest of the evidence, and nothing outside the component matters.
    ``components`` of the result is ``(vertex, component, whole)``, labels are least vertices.
    """
    crowded = few(_crowded(components, limits) if crowded is None else crowded)
    if crowded.isEmpty():
        return None
    inside = components.join(crowded, on="component", how="left_semi").localCheckpoint()
    edges = limits.evidence(inside.select("vertex")).localCheckpoint()
    at = few(inside)
    none = F.lit(0.0)
    parts = [
        _rows(_coded(inside, limits.kinds), VERTEX, "vertex", "code", F.col("type").cast("double")),
        _rows(_inside(edges, at, "src"), EDGE, "src", "dst", F.col("strength")),
        _rows(_inside(limits.unique, at, "vertex"), UNIQUE, "vertex", "value", F.col("kind").cast("double")),
        _rows(_inside(limits.forbidden, at, "src"), FORBIDDEN, "src", "dst", none),
    ]
    if limits.told is not None:
        parts.append(_rows(_inside(limits.told, at, "vertex"), TOLD, "vertex", "vertex", none))
    rows = reduce(DataFrame.unionByName, parts)
    solved = rows.groupBy("component").applyInArrow(_solved, RESULT).localCheckpoint()
    label = few(solved.select("vertex", "component"))
    src, dst = (
        label.select(F.col("vertex").alias(end), F.col("component").alias(f"{end}_at")) for end in ("src", "dst")
    )
    placed = edges.join(src, on="src", how="inner").join(dst, on="dst", how="inner")
    return Parted(solved, placed.where(F.col("src_at") == F.col("dst_at")).select("src", "dst"))


def _crowded(components: DataFrame, limits: Limits) -> DataFrame:
    """``(component)`` of those with two values of a unique type, both ends of a forbidden pair, or accounts to be asked."""
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
    found = several.unionByName(together)
    if limits.told is not None:
        found = found.unionByName(_asked(components.join(limits.kinds, on="vertex", how="inner"), limits.told))
    return found.distinct()


def _asked(coded: DataFrame, told: DataFrame) -> DataFrame:
    """``(component)`` of those that hold who asks, and accounts of one type of which some told who they are and some not."""
    asking = coded.where(F.col("code").bitwiseAND(ASKING) > 0).select("component").distinct()
    known = told.withColumn("is_told", F.lit(1))
    accounts = coded.where(F.col("code") == ACCOUNT).join(known, on="vertex", how="left")
    told_some = accounts.groupBy("component", "type").agg(F.count("*").alias("n"), F.count("is_told").alias("n_told"))
    mixed = told_some.where((F.col("n_told") > 0) & (F.col("n_told") < F.col("n"))).select("component").distinct()
    return mixed.join(asking, on="component", how="left_semi")


def _coded(inside: DataFrame, kinds: DataFrame) -> DataFrame:
    coded = inside.join(kinds, on="vertex", how="left")
    return coded.select("component", "vertex", *[F.coalesce(name, F.lit(0)).alias(name) for name in ("code", "type")])


def _rows(frame: DataFrame, kind: int, one: str, other: str, strength: Column) -> DataFrame:
    ends = (F.col(one).cast("long").alias("one"), F.col(other).cast("long").alias("other"))
    return frame.select("component", F.lit(kind).alias("kind"), *ends, strength.alias("strength"))


def _inside(rows: DataFrame, at: DataFrame, column: str) -> DataFrame:
    return rows.join(at.withColumnRenamed("vertex", column), on=column, how="inner")


def _solved(table: pa.Table) -> pa.Table:
    """One component's rows in, ``(vertex, component, whole)`` out."""
    kinds = table.column("kind").to_numpy()
    one, other = table.column("one").to_numpy(), table.column("other").to_numpy()
    strengths = table.column("strength").to_numpy()
    whole = table.column("component")[0].as_py()
    vertex, edge, value, apart, told = (kinds == kind for kind in (VERTEX, EDGE, UNIQUE, FORBIDDEN, TOLD))
    order = np.lexsort((other[edge], one[edge], -strengths[edge]))
    pairs = list(zip(one[edge][order].tolist(), other[edge][order].tolist(), strict=True))
    kind = strengths[value].astype(np.int64)
    unique = list(zip(one[value].tolist(), kind.tolist(), other[value].tolist(), strict=True))
    codes = dict(zip(one[vertex].tolist(), other[vertex].tolist(), strict=True))
    types = dict(zip(one[vertex].tolist(), strengths[vertex].tolist(), strict=True))
    void = shared(codes, pairs, unique)
    unsaid = silent(codes, types, pairs, set(one[told].tolist()))
    follow = (pair for pair in pairs if void.isdisjoint(pair) and pair not in unsaid)
    forbidden = zip(one[apart].tolist(), other[apart].tolist(), strict=True)
    labels = spanning(one[vertex].tolist(), follow, unique, forbidden)
    vertices, components = list(labels), list(labels.values())
    return pa.table(
        {
            "vertex": pa.array(vertices, pa.int64()),
            "component": pa.array(components, pa.int64()),
            "whole": pa.array([whole] * len(vertices), pa.int64()),
        }
    )


def shared(
    codes: Mapping[int, int], edges: Iterable[tuple[int, int]], unique: Iterable[tuple[int, int, int]]
) -> set[int]:
    """The contacts that several people share: whose accounts contradict each other.

    ``codes``: vertex → :data:`ACCOUNT`, :data:`CONTACT`, :data:`ASKING`, their sum, or 0; ``unique (vertex, kind, value)``. What
    an account says is what stands at it, and at what it was seen with. So the phone of a family is nobody's, where a cut at the
    weakest edge would leave it, and the accounts that have nothing else, to one of them.
    """
    near: dict[int, set[int]] = {vertex: set() for vertex in codes}
    for src, dst in edges:
        if src in near and dst in near:
            near[src].add(dst)
            near[dst].add(src)
    values: dict[int, set[tuple[int, int]]] = {}
    for vertex, kind, value in unique:
        values.setdefault(vertex, set()).add((kind, value))
    found = set()
    for contact in (vertex for vertex, code in codes.items() if code & CONTACT):
        accounts = {vertex for vertex in near[contact] if codes[vertex] == ACCOUNT}
        around = accounts.union(*(near[account] for account in accounts)) - {contact}
        said = set().union(*(values.get(vertex, set()) for vertex in around))
        if len(said) > len({kind for kind, _ in said}):
            found.add(contact)
    return found


def silent(
    codes: Mapping[int, int], types: Mapping[int, float], edges: Iterable[tuple[int, int]], told: AbstractSet[int]
) -> set[tuple[int, int]]:
    """The edges between who asks and an account that told nothing of its person, where another of its type there did.

    ``types``: vertex → number of its type; ``told``: accounts that gave a name or a birth date. Two accounts of one app on one
    phone are mostly one person's, and their names say so; of one that gives none, nobody can tell whether it is the family's.
    """
    at: dict[tuple[int, float], list[tuple[int, tuple[int, int]]]] = {}
    for src, dst in edges:
        for contact, account in ((src, dst), (dst, src)):
            if codes.get(contact, 0) & ASKING and codes.get(account) == ACCOUNT:
                at.setdefault((contact, types[account]), []).append((account, (src, dst)))
    mixed = (held for held in at.values() if any(account in told for account, _ in held))
    return {edge for held in mixed for account, edge in held if account not in told}


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
