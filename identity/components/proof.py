"""The whole proof in one process, for graphs whose vertices fit one: a table of labels, and every edge held against it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import kernel
from identity.components.unionfind import LOAD, Longs, Pair, by_scipy, empty
from identity.verify import SAMPLED_VERTICES, Proof

Flags = NDArray[np.bool_]
VERTEX, EDGE, FORBIDDEN = 0, 1, 2
RESULT = "rule string, failures long, example long"


def prove_here(components: DataFrame, edges: DataFrame, forbidden: DataFrame | None = None) -> list[Proof]:
    """What :func:`identity.verify.prove` finds, by one worker instead of by joins, for a tenth of the CPU."""
    rows = [
        _tagged(components, ("vertex", "component"), VERTEX),
        _tagged(edges, ("src", "dst"), EDGE),
        *([_tagged(forbidden, ("src", "dst"), FORBIDDEN)] if forbidden is not None else []),
    ]
    stream = rows[0]
    for frame in rows[1:]:
        stream = stream.unionByName(frame)
    found = stream.coalesce(1).mapInArrow(judge, RESULT).collect()
    return sorted((Proof(**row.asDict()) for row in found), key=lambda proof: proof.rule)


def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches ``(one, other, kind)`` in any order, one batch of broken rules out."""
    held: dict[int, list[Pair]] = {VERTEX: [], EDGE: [], FORBIDDEN: []}
    nulls = dict.fromkeys(held, 0)
    for batch in batches:
        kinds = batch.column(2).to_numpy()
        for kind in np.unique(kinds):
            part = batch.filter(pa.array(kinds == kind))
            whole = part.drop_null()
            nulls[int(kind)] += part.num_rows - whole.num_rows
            held[int(kind)].append((whole.column(0).to_numpy(), whole.column(1).to_numpy()))
    lost = [Proof("vertex_once", nulls[VERTEX], None), Proof("vertex_missing", nulls[EDGE], None)]
    failures = _merged([*[one for one in lost if one.failures], *proofs(held[VERTEX], held[EDGE], held[FORBIDDEN])])
    columns = list(zip(*[(one.rule, one.failures, one.example) for one in failures], strict=True)) or [(), (), ()]
    types = (pa.string(), pa.int64(), pa.int64())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    yield pa.RecordBatch.from_arrays(arrays, names=["rule", "failures", "example"])


def proofs(
    components: Sequence[Pair], edges: Iterable[Pair], forbidden: Iterable[Pair], sampled: int = SAMPLED_VERTICES
) -> list[Proof]:
    """The rules that are broken, by compiled look-ups; the sample by scipy, from its own edges."""
    n = sum(len(vertices) for vertices, _ in components)
    table = empty(int(n / LOAD) + 16)
    labels = np.zeros(len(table[0]), dtype=np.int64)
    broken = {
        name: _Broken()
        for name in ("vertex_once", "vertex_missing", "edge_inside", "label_is_least", "forbidden_apart")
    }
    for vertices, given in components:
        twice = np.empty(len(vertices), dtype=np.int64)
        broken["vertex_once"].add(twice[: kernel.record(table, labels, vertices, given, twice)])
    wrong = [np.empty(0, dtype=np.int64)]
    for vertices, given in components:
        missing, same = _compared(table, labels, vertices, given)
        wrong.append(given[missing | ~same | (given > vertices)])
    broken["label_is_least"].add(np.unique(np.concatenate(wrong)))
    every = max(1, n // sampled)
    sample: list[Pair] = []
    for src, dst in edges:
        missing, same = _compared(table, labels, src, dst)
        broken["vertex_missing"].add(src[missing])
        broken["edge_inside"].add(src[~same & ~missing])
        chosen = kernel.drawn(_labels(table, labels, src), every)
        sample.append((src[chosen], dst[chosen]))
    for src, dst in forbidden:
        missing, same = _compared(table, labels, src, dst)
        broken["forbidden_apart"].add(src[same & ~missing])
    for vertices, given in components:
        chosen = kernel.drawn(given, every)
        sample.append((vertices[chosen], vertices[chosen]))
    broken["sample_recomputed"] = _Broken()
    for vertices, expected in by_scipy(sample):
        broken["sample_recomputed"].add(vertices[_labels(table, labels, vertices) != expected])
    return [Proof(name, one.n, one.example) for name, one in broken.items() if one.n]


@dataclass
class _Broken:
    n: int = 0
    example: int | None = field(default=None)

    def add(self, vertices: Longs) -> None:
        if len(vertices):
            self.n += len(vertices)
            least = int(vertices.min())
            self.example = least if self.example is None else min(self.example, least)


def _tagged(frame: DataFrame, columns: tuple[str, str], kind: int) -> DataFrame:
    one, other = (F.col(name).cast("long") for name in columns)
    return frame.select(one.alias("one"), other.alias("other"), F.lit(kind).cast("byte").alias("kind"))


def _compared(table: tuple[Longs, kernel.Rows], labels: Longs, src: Longs, dst: Longs) -> tuple[Flags, Flags]:
    missing, same = np.empty(len(src), dtype=np.bool_), np.empty(len(src), dtype=np.bool_)
    kernel.compare(table, labels, src, dst, missing, same)
    return missing, same


def _labels(table: tuple[Longs, kernel.Rows], labels: Longs, vertices: Longs) -> Longs:
    """The label of each vertex; 0 of one that is missing, which is another rule's failure."""
    found: Longs = labels[kernel.places(table[0], vertices)]
    return found


def _merged(failures: list[Proof]) -> list[Proof]:
    by_rule: dict[str, Proof] = {}
    for one in failures:
        known = by_rule.get(one.rule)
        by_rule[one.rule] = Proof(one.rule, one.failures + known.failures, one.example) if known else one
    return list(by_rule.values())
