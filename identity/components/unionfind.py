"""Components of a stream of edges in one process: scipy while it is small, a compiled union-find beyond."""

import importlib.util
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Rows = NDArray[np.uint32]
Pair = tuple[Longs, Longs]

ROW = np.dtype([("id", np.int64), ("parent", np.uint32)])
"""Side by side in memory: who looks at the one looks at the other."""
SMALL = 1 << 20
"""Edges up to which loading compiled code costs more than it saves."""
LOAD = 0.75
FIRST_ROWS = 1 << 21
CHUNK = 1 << 17
GREATEST = np.iinfo(np.int64).max


def components(edges: Iterable[Pair], small: int = SMALL) -> Iterator[Pair]:
    """``(vertices, labels)`` in chunks, for edges in batches ``(src, dst)``; label = least id.

    Ids are any 64-bit integers. Self-loops, duplicates and empty batches are fine. Without numba everything
    goes the way of small graphs, at some two times the memory.
    """
    stream = iter(edges)
    held: deque[Pair] = deque()
    seen = 0
    has_numba = importlib.util.find_spec("numba") is not None
    for batch in stream:
        held.append(batch)
        seen += len(batch[0])
        if seen > small and has_numba:
            return streamed(chain(_drained(held), stream))
    return by_scipy(held)


def by_scipy(batches: Iterable[Pair]) -> Iterator[Pair]:
    """The components by scipy, all edges in memory at once."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = list(batches)
    if not any(len(src) for src, _ in pairs):
        return
    ends = np.concatenate([side for pair in zip(*pairs, strict=True) for side in pair])
    ids, index = np.unique(ends, return_inverse=True)
    half, n = len(index) // 2, len(ids)
    graph = coo_array((np.ones(half, dtype=np.int8), (index[:half], index[half:])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)  # ids are sorted: the first of a component is its least
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        yield ids[part], ids[first[label[part]]]


def streamed(batches: Iterable[Pair]) -> Iterator[Pair]:
    """The components by the compiled union-find: edges pass by once, only vertices stay."""
    from identity.components import kernel  # numba loads in a second, which small graphs need not pay

    table = empty(FIRST_ROWS)
    used = 0
    for src, dst in batches:
        room = used + 2 * len(src)
        if room > LOAD * len(table[0]):
            larger = empty(max(2 * len(table[0]), int(room / LOAD) + 1))
            kernel.move(*table, *larger)
            table = larger
        used += kernel.absorb(*table, src, dst)[0]
    yield from labelled(table, tallied(table)[0])


def empty(rows: int) -> tuple[Longs, Rows]:
    """A table of ``rows`` rows, and the one of vertex 0: see :mod:`identity.components.kernel`."""
    table = np.zeros(rows + 1, dtype=ROW)
    table["parent"] = 0xFFFFFFFF
    return table["id"], table["parent"]


def tallied(table: tuple[Longs, Rows]) -> tuple[Longs, Rows]:
    """Number the components of a table, in place of parents: the least vertex of each, and its size."""
    from identity.components import kernel

    n = kernel.number(table[1])
    least, sizes = np.full(n, GREATEST), np.zeros(n, dtype=np.uint32)
    kernel.lower(*table, least, sizes)
    return least, sizes


def labelled(table: tuple[Longs, Rows], least: Longs) -> Iterator[Pair]:
    """``(vertices, labels)`` in chunks, of a table whose components are numbered."""
    from identity.components import kernel

    row = 0
    while row < len(table[0]):
        vertices, labels = np.empty(CHUNK, dtype=np.int64), np.empty(CHUNK, dtype=np.int64)
        row, filled = kernel.chunk(*table, least, row, vertices, labels)
        yield vertices[:filled], labels[:filled]


def _drained(held: deque[Pair]) -> Iterator[Pair]:
    while held:
        yield held.popleft()
