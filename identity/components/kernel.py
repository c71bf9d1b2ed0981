"""The compiled core of the forest: a union-find in one open-addressing table. Importing it loads numba.

A row of the table holds a vertex id and the row of its parent (-1: empty row). A root is its own parent and
the least id of its tree, so its id is the component's label. 16 bytes a row, 23 to 46 a vertex.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
P = ParamSpec("P")
R = TypeVar("R")

EMPTY = -1


def compiled(routine: Callable[P, R]) -> Callable[P, R]:
    """``routine`` compiled at its first call, and kept beside this file where that can be written."""
    try:
        return numba.njit(cache=True)(routine)
    except RuntimeError:  # a zipped or read-only package has no place for it
        return numba.njit()(routine)


@compiled
def place(table: Longs, vertex: int) -> int:
    """The row of ``vertex``, or the empty row where it belongs (Murmur3's finaliser, then linear probing)."""
    mask = np.int64(len(table) - 1)
    mixed = np.uint64(vertex)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    row = np.int64(mixed) & mask
    while table[row, 1] != EMPTY and table[row, 0] != vertex:
        row = (row + np.int64(1)) & mask
    return row  # type: ignore[return-value]  # numba's int64 is int


@compiled
def root(table: Longs, row: int) -> int:
    """The row of the tree's root; halves the path on the way."""
    while table[row, 1] != row:
        table[row, 1] = table[table[row, 1], 1]
        row = table[row, 1]
    return row


@compiled
def absorb(table: Longs, src: Longs, dst: Longs) -> int:
    """Join the ends of each edge; returns how many vertices are new. The table must have room for them."""
    added = 0
    for i in range(len(src)):
        one = place(table, src[i])
        if table[one, 1] == EMPTY:
            table[one, 0], table[one, 1] = src[i], one
            added += 1
        other = place(table, dst[i])
        if table[other, 1] == EMPTY:
            table[other, 0], table[other, 1] = dst[i], other
            added += 1
        one, other = root(table, one), root(table, other)
        if table[one, 0] < table[other, 0]:
            table[other, 1] = one
        else:
            table[one, 1] = other
    return added


@compiled
def move(old: Longs, new: Longs) -> None:
    """Copy all trees into the larger, empty table ``new``, flattened."""
    for row in range(len(old)):
        if old[row, 1] != EMPTY:
            there = place(new, old[row, 0])
            new[there, 0] = old[row, 0]
            new[there, 1] = there
    for row in range(len(old)):
        if old[row, 1] != EMPTY and old[row, 1] != row:
            new[place(new, old[row, 0]), 1] = place(new, old[root(old, row), 0])


@compiled
def chunk(table: Longs, start: int, vertices: Longs, labels: Longs) -> tuple[int, int]:
    """Fill ``vertices`` and ``labels`` from row ``start`` on; returns the next row and the filled."""
    filled = 0
    row = start
    while row < len(table) and filled < len(vertices):
        if table[row, 1] != EMPTY:
            vertices[filled] = table[row, 0]
            labels[filled] = table[root(table, row), 0]
            filled += 1
        row += 1
    return row, filled
