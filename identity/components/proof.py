"""The whole proof in one process, for graphs whose vertices fit one: a table of labels, and every edge held against it."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import spool
from identity.components.labels import Flags, labels_of
from identity.components.unionfind import Longs, Pair, by_scipy
from identity.verify import SAMPLED_VERTICES, Proof

VERTEX, EDGE, FORBIDDEN = 0, 1, 2
RULES = ("vertex_once", "vertex_missing", "edge_inside", "label_is_least", "forbidden_apart", "sample_recomputed")
RESULT = "rule string, failures long, example long"


def prove_here(components: DataFrame, edges: DataFrame, forbidden: DataFrame | None = None) -> list[Proof]:
    """What :func:`identity.verify.prove` finds, by one worker instead of by joins."""
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
    with tempfile.TemporaryFile() as edges:
        failures = _judged(batches, edges)
    columns = list(zip(*[(one.rule, one.failures, one.example) for one in failures], strict=True)) or [(), (), ()]
    types = (pa.string(), pa.int64(), pa.int64())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    yield pa.RecordBatch.from_arrays(arrays, names=["rule", "failures", "example"])


def _judged(batches: Iterable[pa.RecordBatch], edges: IO[bytes]) -> list[Proof]:
    """The broken rules; the edges wait in a file until all labels are known."""
    held: dict[int, list[Pair]] = {VERTEX: [], FORBIDDEN: []}
    nulls = dict.fromkeys((VERTEX, EDGE, FORBIDDEN), 0)
    for batch in batches:
        kinds = batch.column(2).to_numpy()
        for kind in np.unique(kinds):
            part = batch.filter(pa.array(kinds == kind))
            whole = part.drop_null()
            nulls[int(kind)] += part.num_rows - whole.num_rows
            one, other = (whole.column(i).to_numpy() for i in range(2))
            if kind == EDGE:
                spool.append(edges, spool.PAIR, src=one, dst=other)
            else:
                held[int(kind)].append((one, other))
    lost = [Proof("vertex_once", nulls[VERTEX], None), Proof("vertex_missing", nulls[EDGE], None)]
    spooled = ((part["src"], part["dst"]) for part in spool.chunks(edges, spool.PAIR))
    return _merged([*[one for one in lost if one.failures], *proofs(held[VERTEX], spooled, held[FORBIDDEN])])


def proofs(
    components: Sequence[Pair], edges: Iterable[Pair], forbidden: Iterable[Pair], sampled: int = SAMPLED_VERTICES
) -> list[Proof]:
    """The rules that are broken, by look-ups of every label; the sample by scipy, from its own edges."""
    broken = {name: _Broken() for name in RULES}
    labels = labels_of(components)
    broken["vertex_once"].add(labels.twice)
    every = max(1, labels.n // sampled)
    sample: list[Pair] = []
    wrong = [np.empty(0, dtype=np.int64)]
    for vertices, given in components:
        held, found = labels.look(given)
        wrong.append(given[~held | (found != given) | (given > vertices)])
        chosen = _drawn(given, every)
        sample.append((vertices[chosen], vertices[chosen]))
    broken["label_is_least"].add(np.unique(np.concatenate(wrong)))
    for src, dst in edges:
        (has_src, one), (has_dst, other) = labels.look(src), labels.look(dst)
        missing = ~(has_src & has_dst)
        broken["vertex_missing"].add(src[missing])
        broken["edge_inside"].add(src[(one != other) & ~missing])
        chosen = _drawn(one, every)
        sample.append((src[chosen], dst[chosen]))
    for src, dst in forbidden:
        (has_src, one), (has_dst, other) = labels.look(src), labels.look(dst)
        broken["forbidden_apart"].add(src[(one == other) & has_src & has_dst])
    for vertices, expected in by_scipy(sample):
        broken["sample_recomputed"].add(vertices[labels.look(vertices)[1] != expected])
    return [Proof(name, one.n, one.example) for name, one in broken.items() if one.n]


def _drawn(labels: Longs, every: int) -> Flags:
    """One component in ``every``, by Knuth's multiplicative hash of the label."""
    mixed = (labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    drawn: Flags = mixed % np.uint64(every) == 0
    return drawn


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


def _merged(failures: list[Proof]) -> list[Proof]:
    by_rule: dict[str, Proof] = {}
    for one in failures:
        known = by_rule.get(one.rule)
        by_rule[one.rule] = Proof(one.rule, one.failures + known.failures, one.example) if known else one
    return list(by_rule.values())
