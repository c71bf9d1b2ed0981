"""Proof of components in files: of a sample of components, every vertex and every edge is gone through by another road."""

from collections.abc import Iterable

import numpy as np

from identity.components import kernel
from identity.components.unionfind import Longs, Pair, by_scipy, empty
from identity.verify import Proof

SAMPLED_VERTICES = 200_000


def prove_sample(
    components: Iterable[Pair], edges: Iterable[Pair], n_vertices: int, sampled: int = SAMPLED_VERTICES
) -> list[Proof]:
    """The rules that ``components``, batches ``(vertex, label)``, of ``edges``, batches ``(src, dst)``, break.

    Both are read once. ``label_is_least`` and ``vertex_count`` (as many rows as vertices) hold for all; a sample of
    components, drawn by hash of the label, some ``sampled`` vertices in all, is held against what scipy makes of all
    edges that touch it: ``vertex_once``, ``sample_recomputed``.
    """
    every = max(1, n_vertices // sampled)
    rows, above, vertices, labels = _drawn(components, every)
    failures = [Proof("vertex_count", abs(rows - n_vertices), None), Proof("label_is_least", len(above), _one(above))]
    ids, first, times = np.unique(vertices, return_index=True, return_counts=True)
    failures.append(Proof("vertex_once", int((times > 1).sum()), _one(ids[times > 1])))
    wrong = _differing(ids, labels[first], edges)
    failures.append(Proof("sample_recomputed", len(wrong), _one(wrong)))
    return [proof for proof in failures if proof.failures]


def _drawn(components: Iterable[Pair], every: int) -> tuple[int, Longs, Longs, Longs]:
    """How many rows there are; the vertices below their label; the sample's vertices and labels."""
    rows = 0
    none = np.empty(0, dtype=np.int64)
    above, sample = [none], [(none, none)]
    for vertices, labels in components:
        rows += len(vertices)
        above.append(vertices[labels > vertices])
        chosen = kernel.drawn(labels, every)
        sample.append((vertices[chosen], labels[chosen]))
    vertices, labels = (np.concatenate(side) for side in zip(*sample, strict=True))
    return rows, np.concatenate(above), vertices, labels


def _differing(ids: Longs, labels: Longs, edges: Iterable[Pair]) -> Longs:
    """The vertices, of those drawn and those joined to them, that scipy puts into another component."""
    table = empty(2 * len(ids) + 2)
    kernel.absorb(*table, ids, ids)
    touching = [(ids, ids)]
    for src, dst in edges:
        touched = kernel.known(*table, src) | kernel.known(*table, dst)
        touching.append((src[touched], dst[touched]))
    found = [(ids[:0], ids[:0]), *by_scipy(touching)]
    vertices, expected = (np.concatenate(side) for side in zip(*found, strict=True))
    drawn = kernel.known(*table, vertices)
    given = labels[np.searchsorted(ids, vertices[drawn])]
    return np.concatenate([vertices[~drawn], vertices[drawn][expected[drawn] != given]])


def _one(vertices: Longs) -> int | None:
    return int(vertices.min()) if len(vertices) else None
