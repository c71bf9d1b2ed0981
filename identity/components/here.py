"""Both layers of evidence in one process: what :mod:`identity.components.layered` does by joins, for graphs that fit one."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import reduce
from typing import IO

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.bridges import ACCOUNT, ASKING, Limits
from identity.components import spool
from identity.components.labels import Flags, Labels, labels_of
from identity.components.proof import proofs
from identity.components.unionfind import Longs, Pair, components
from identity.verify import Proof
from lakehouse.errors import KithError

STRONG, WEAK, KNOWN, UNIQUE, FORBIDDEN, CODED, TOLD = range(7)
PLACED, CROWDED, BROKEN = range(3)
ROW = np.dtype([("one", np.int64), ("other", np.int64), ("what", np.int64)])
RESULT = pa.schema(
    [
        ("kind", pa.int8()),
        *[(name, pa.int64()) for name in ("vertex", "point", "reach", "component")],
        ("rule", pa.string()),
    ]
)
BYTES_PER_VERTEX = 100
"""What a vertex takes on the executor, counted and not measured: in two tables of labels, and as rows that wait."""
DDL = "kind byte, vertex long, point long, reach long, component long, rule string"


@dataclass(frozen=True)
class Here:
    """``placed (vertex, point, reach, component)``, and the proofs that failed.

    ``crowded (component)``, where points break the limits: then only vertex and point are told, and nothing is proven.
    """

    placed: DataFrame
    crowded: DataFrame | None
    failures: list[Proof]


def layers_here(edges: DataFrame, known: DataFrame, limits: Limits) -> Here:
    """Solve ``edges (src, dst, is_weak)`` as :func:`identity.components.layered.layered` does, in one task of one query.

    ``known (vertex)`` as there. The rows are checkpointed, proven by :func:`identity.components.proof.proofs`.
    """
    rows = reduce(DataFrame.unionByName, _rows(edges, known, limits))
    solved = rows.coalesce(1).mapInArrow(solve, DDL).localCheckpoint()
    is_broken = F.col("kind") == BROKEN
    failed = F.struct("rule", F.col("point").alias("failures"), F.col("vertex").alias("example"))
    told = solved.agg(
        F.count_if(F.col("kind") == CROWDED).alias("crowded"), F.collect_list(F.when(is_broken, failed)).alias("failed")
    ).collect()[0]
    placed = solved.where(F.col("kind") == PLACED).select("vertex", "point", "reach", "component")
    crowded = solved.where(F.col("kind") == CROWDED).select("component") if told["crowded"] else None
    return Here(placed, crowded, [Proof(**row.asDict()) for row in told["failed"]])


def _rows(edges: DataFrame, known: DataFrame, limits: Limits) -> list[DataFrame]:
    none = F.lit(0)
    kind = F.when(F.col("is_weak"), F.lit(WEAK)).otherwise(F.lit(STRONG))
    rows = [
        _row(edges, kind, F.col("src"), F.col("dst"), none),
        _row(known, F.lit(KNOWN), F.col("vertex"), none, none),
        _row(limits.unique, F.lit(UNIQUE), F.col("vertex"), F.col("value"), F.col("kind")),
        _row(limits.forbidden, F.lit(FORBIDDEN), F.col("src"), F.col("dst"), none),
    ]
    if limits.told is None:
        return rows
    coded = _row(limits.kinds, F.lit(CODED), F.col("vertex"), F.col("code"), F.col("type"))
    return [*rows, coded, _row(limits.told, F.lit(TOLD), F.col("vertex"), none, none)]


def _row(frame: DataFrame, kind: Column, one: Column, other: Column, what: Column) -> DataFrame:
    columns = {"one": one, "other": other, "what": what}
    return frame.select(kind.cast("byte").alias("kind"), *[c.cast("long").alias(n) for n, c in columns.items()])


def solve(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches ``(kind, one, other, what)`` in any order; batches of :data:`RESULT` out."""
    with ExitStack() as stack:
        files: list[IO[bytes]] = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(TOLD + 1)]
        placed = list(components(_strong(batches, files)))
        yield from _solved(placed, files)


def _strong(batches: Iterable[pa.RecordBatch], files: list[IO[bytes]]) -> Iterator[Pair]:
    """The strong edges, and each end of a weak one as a loop; all rows wait in the file of their kind."""
    for batch in batches:
        kinds = batch.column(0).to_numpy()
        for kind in np.unique(kinds):
            whole = batch.filter(pa.array(kinds == kind))
            part = whole.drop_null()  # what says nothing of anybody breaks no limit
            if kind in (STRONG, WEAK) and part.num_rows < whole.num_rows:
                raise KithError("an edge has a null end", rule="components refuse nulls")
            one, other, what = (part.column(i).to_numpy() for i in (1, 2, 3))
            spool.append(files[kind], ROW, one=one, other=other, what=what)
            if kind == STRONG:
                yield one, other
            elif kind == WEAK:
                yield np.concatenate([one, other]), np.concatenate([one, other])


def _solved(placed: list[Pair], files: list[IO[bytes]]) -> Iterator[pa.RecordBatch]:
    points = labels_of(placed)
    crowded = _crowded(points, files)
    if len(crowded):
        for vertices, at in placed:
            yield _batch(PLACED, vertices, at, at, at)
        yield _batch(CROWDED, crowded, crowded, crowded, crowded)
        return
    links = [(points.look(one)[1], points.look(other)[1]) for one, other, _ in _spooled(files[WEAK])]
    reaches = labels_of(list(components(links)))
    refused = _refused(points, reaches, files)
    found: list[Pair] = []
    for vertices, at in placed:
        reach, component = _judged(at, reaches, refused)
        found.append((vertices, component))
        yield _batch(PLACED, vertices, at, reach, component)
    forbidden = [(one, other) for one, other, _ in _spooled(files[FORBIDDEN])]
    yield _told(proofs(found, _followed(points, reaches, refused, files), forbidden))


def _spooled(file: IO[bytes]) -> Iterator[tuple[Longs, Longs, Longs]]:
    return ((part["one"], part["other"], part["what"]) for part in spool.chunks(file, ROW))


def _whole(file: IO[bytes]) -> tuple[Longs, Longs, Longs]:
    none = np.empty(0, dtype=np.int64)
    one, other, what = (np.concatenate(side) for side in zip((none, none, none), *_spooled(file), strict=True))
    return one, other, what


def _crowded(points: Labels, files: list[IO[bytes]]) -> Longs:
    """The points that hold two values of one kind, both ends of a forbidden pair, or accounts to be asked; sorted."""
    vertices, values, kinds = _whole(files[UNIQUE])
    held, at = points.look(vertices)
    several = _several(at[held], kinds[held], values[held])
    one, other, _ = _whole(files[FORBIDDEN])
    return np.unique(np.concatenate([several, _together(points, one, other), _asked(points, files)]))


def _together(labels: Labels, one: Longs, other: Longs) -> Longs:
    """The labels that both ends of a pair have."""
    (has_one, one_at), (has_other, other_at) = labels.look(one), labels.look(other)
    found: Longs = one_at[has_one & has_other & (one_at == other_at)]
    return found


def _several(points: Longs, kinds: Longs, values: Longs) -> Longs:
    """The points that hold two values of one kind."""
    order = np.lexsort((values, kinds, points))
    points, kinds, values = points[order], kinds[order], values[order]
    differs = (points[1:] == points[:-1]) & (kinds[1:] == kinds[:-1]) & (values[1:] != values[:-1])
    found: Longs = points[1:][differs]
    return found


def _asked(points: Labels, files: list[IO[bytes]]) -> Longs:
    """The points that hold who asks, and accounts of one type of which some told who they are and some not."""
    vertices, codes, types = _whole(files[CODED])
    held, at = points.look(vertices)
    asking = at[held & (codes & ASKING > 0)]
    is_account = held & (codes == ACCOUNT)
    told = np.isin(vertices[is_account], _whole(files[TOLD])[0]).astype(np.int64)
    found: Longs = np.intersect1d(asking, _several(at[is_account], types[is_account], told))
    return found


def _refused(points: Labels, reaches: Labels, files: list[IO[bytes]]) -> Longs:
    """The reaches that hold two known points, or both ends of a forbidden pair; sorted."""
    known, _, _ = _whole(files[KNOWN])
    people = np.unique(_at(points, known))
    held, reach = reaches.look(people)
    reach, n = np.unique(reach[held], return_counts=True)
    one, other, _ = _whole(files[FORBIDDEN])
    torn = _together(reaches, _at(points, one), _at(points, other))
    return np.unique(np.concatenate([reach[n > 1], torn]))


def _at(points: Labels, vertices: Longs) -> Longs:
    """The point of each vertex; one that no edge has is its own."""
    held, at = points.look(vertices)
    own: Longs = np.where(held, at, vertices)
    return own


def _judged(points: Longs, reaches: Labels, refused: Longs) -> Pair:
    """Reach and component of vertices at these points."""
    held, wide = reaches.look(points)
    reach = np.where(held, wide, points)
    return reach, np.where(_is_in(reach, refused), points, reach)


def _followed(points: Labels, reaches: Labels, refused: Longs, files: list[IO[bytes]]) -> Iterator[Pair]:
    """The strong edges, and the weak ones that were not refused."""
    for one, other, _ in _spooled(files[STRONG]):
        yield one, other
    for one, other, _ in _spooled(files[WEAK]):
        (_, one_at), (_, other_at) = points.look(one), points.look(other)
        stays = (one_at == other_at) | ~_is_in(reaches.look(one_at)[1], refused)
        yield one[stays], other[stays]


def _is_in(values: Longs, wanted: Longs) -> Flags:
    """Which values are among the sorted wanted ones."""
    if not len(wanted):
        return np.zeros(len(values), dtype=np.bool_)
    at = np.minimum(np.searchsorted(wanted, values), len(wanted) - 1)
    found: Flags = wanted[at] == values
    return found


def _batch(kind: int, *columns: Longs) -> pa.RecordBatch:
    n = len(columns[0])
    kinds = pa.array(np.full(n, kind, dtype=np.int8))
    return pa.RecordBatch.from_arrays([kinds, *map(pa.array, columns), pa.nulls(n, pa.string())], schema=RESULT)


def _told(failures: list[Proof]) -> pa.RecordBatch:
    rows = [
        {
            "kind": BROKEN,
            "vertex": one.example,
            "point": one.failures,
            "rule": one.rule,
            "reach": None,
            "component": None,
        }
        for one in failures
    ]
    return pa.RecordBatch.from_pylist(rows, schema=RESULT)
