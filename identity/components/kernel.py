"""The compiled core of the forest: a union-find in one open-addressing table. Importing it loads numba.

Row ``i`` of the table holds a vertex, ``ids[i]`` (0: empty), and the row of its parent, ``parents[i]``; a root is its own parent
and the least row of its tree. The last row is vertex 0's alone, empty while its parent is ``EMPTY``. The 12 bytes of a row stand
together. Rows are in the order of the hash, which is random: linking by row is randomized linking (Goel et al., SODA 2014).
Memory is looked at a block ahead of its use, so that cache misses overlap (half as fast again); what was seen there is returned
as ``ahead``, which means nothing, and without which the compiler would leave the looking out.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Rows = NDArray[np.uint32]
Counters = NDArray[np.uint8]
P = ParamSpec("P")
R = TypeVar("R")

EMPTY = np.uint32(0xFFFFFFFF)
BLOCK = 256
"""Edges whose memory is asked for together."""


def compiled(routine: Callable[P, R]) -> Callable[P, R]:
    """``routine`` compiled at its first call, and kept beside this file where that can be written."""
    try:
        return numba.njit(cache=True, nogil=True)(routine)
    except RuntimeError:  # a zipped or read-only package has no place for it
        return numba.njit(nogil=True)(routine)


@compiled
def slot(vertex: int, size: int) -> int:
    """Where in ``[0, size)`` a vertex belongs: the high half of Murmur3's finaliser, scaled; ``size`` below 2^32."""
    mixed = np.uint64(vertex)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32))  # type: ignore[return-value]


@compiled
def place(ids: Longs, vertex: int) -> int:
    """The row of ``vertex``, or the empty row where it belongs."""
    last = len(ids) - 1
    if vertex == 0:
        return last
    row = slot(vertex, last)
    while ids[row] != vertex and ids[row] != 0:
        row += 1
        if row == last:
            row = 0
    return row


@compiled
def enter(ids: Longs, parents: Rows, vertex: int) -> tuple[int, int]:
    """The row of ``vertex``, and 1 if it is new there."""
    row = place(ids, vertex)
    if parents[row] != EMPTY:
        return row, 0
    ids[row] = vertex
    parents[row] = np.uint32(row)
    return row, 1


@compiled
def root(parents: Rows, row: int) -> int:
    """The row of the tree's root; halves the path on the way."""
    at = np.int64(row)
    above = np.int64(parents[at])
    while above != at:
        further = np.int64(parents[above])
        parents[at] = np.uint32(further)
        at = further
        above = np.int64(parents[at])
    return at  # type: ignore[return-value]  # numba's int64 is int


@compiled
def link(parents: Rows, one: int, other: int) -> None:
    """Make one tree of two: the greater root goes below the lesser."""
    one, other = root(parents, one), root(parents, other)
    if one < other:
        parents[other] = np.uint32(one)
    else:
        parents[one] = np.uint32(other)


@compiled
def join(ids: Longs, parents: Rows, src: Longs, dst: Longs, n: int, rows: Longs) -> tuple[int, int]:
    """Join the ends of the first ``n`` edges, a block at most, leaving their rows in ``rows``: how many are new, and ahead."""
    last = len(ids) - 1
    ahead, new = 0, 0
    for i in range(n):
        row = slot(src[i], last)
        ahead ^= ids[row] ^ parents[row]
        row = slot(dst[i], last)
        ahead ^= ids[row] ^ parents[row]
    for i in range(n):
        rows[i], one = enter(ids, parents, src[i])
        rows[BLOCK + i], other = enter(ids, parents, dst[i])
        new += one + other
    for i in range(n):
        ahead ^= parents[parents[rows[i]]] ^ parents[parents[rows[BLOCK + i]]]
    for i in range(n):
        link(parents, rows[i], rows[BLOCK + i])
    return new, ahead


@compiled
def absorb(ids: Longs, parents: Rows, src: Longs, dst: Longs) -> tuple[int, int]:
    """Join the ends of each edge; returns how many vertices are new, and ahead. The table must have room for them."""
    rows = np.empty(2 * BLOCK, dtype=np.int64)
    added, ahead = 0, 0
    for start in range(0, len(src), BLOCK):
        n = min(BLOCK, len(src) - start)
        new, seen = join(ids, parents, src[start : start + n], dst[start : start + n], n, rows)
        added += new
        ahead ^= seen
    return added, ahead


@compiled
def move(ids: Longs, parents: Rows, new_ids: Longs, new_parents: Rows) -> None:
    """Copy all trees into a larger, empty table."""
    moved = np.empty(len(ids), dtype=np.uint32)
    for row in range(len(ids)):
        if parents[row] != EMPTY:
            moved[row], _ = enter(new_ids, new_parents, ids[row])
    for row in range(len(ids)):
        if parents[row] != EMPTY and parents[row] != row:
            link(new_parents, moved[row], moved[parents[row]])


@compiled
def number(parents: Rows) -> int:
    """Put the number of its component, from 0, in place of each row's parent; returns how many there are.

    A parent's row is never greater than its own, so that one pass from the first row on finds it numbered.
    """
    n = 0
    for row in range(len(parents)):
        above = parents[row]
        if above == EMPTY:
            continue
        if above == row:
            parents[row] = np.uint32(n)
            n += 1
        else:
            parents[row] = parents[above]
    return n


@compiled
def lower(ids: Longs, numbers: Rows, least: Longs, sizes: Rows) -> None:
    """Count each vertex into its component: its least one, ``least[number]``, and its size; rows may be ``EMPTY``."""
    for row in range(len(ids)):
        at = numbers[row]
        if at != EMPTY:
            sizes[at] += np.uint32(1)
            least[at] = min(least[at], ids[row])


@compiled
def hang(leaves: Longs, rows: Rows, numbers: Rows, least: Longs, sizes: Rows) -> int:
    """Count each leaf into the component of the row it hangs on; returns ahead."""
    ahead = np.uint32(0)
    for start in range(0, len(leaves), BLOCK):
        stop = min(len(leaves), start + BLOCK)
        for i in range(start, stop):
            ahead ^= numbers[rows[i]]
        for i in range(start, stop):
            at = numbers[rows[i]]
            sizes[at] += np.uint32(1)
            least[at] = min(least[at], leaves[i])
    return ahead  # type: ignore[return-value]  # as above


@compiled
def known(ids: Longs, parents: Rows, vertices: Longs) -> NDArray[np.bool_]:
    """Which vertices are in the table."""
    found = np.empty(len(vertices), dtype=np.bool_)
    for i in range(len(vertices)):
        found[i] = parents[place(ids, vertices[i])] != EMPTY
    return found


@compiled
def record(table: tuple[Longs, Rows], labels: Longs, vertices: Longs, given: Longs, twice: Longs) -> int:
    """Note the label of each vertex in its row; returns how many were there before, which go to ``twice``."""
    ids, parents = table
    n = 0
    for i in range(len(vertices)):
        row, is_new = enter(ids, parents, vertices[i])
        if is_new:
            labels[row] = given[i]
        else:
            twice[n] = vertices[i]
            n += 1
    return n


@compiled
def look(table: tuple[Longs, Rows], labels: Longs, vertices: Longs, held: NDArray[np.bool_], found: Longs) -> int:
    """For each vertex, whether it has a row, and the label that is noted there; returns ahead."""
    ids, parents = table
    last = len(ids) - 1
    ahead = np.int64(0)
    for start in range(0, len(vertices), BLOCK):
        stop = min(len(vertices), start + BLOCK)
        for i in range(start, stop):
            row = slot(vertices[i], last)
            ahead ^= ids[row] ^ labels[row]
        for i in range(start, stop):
            row = place(ids, vertices[i])
            held[i] = parents[row] != EMPTY
            found[i] = labels[row]
    return ahead  # type: ignore[return-value]  # as above


@compiled
def drawn(labels: Longs, every: int) -> NDArray[np.bool_]:
    """Which labels belong to the sample of one in ``every``: by a hash that has nothing to do with their rows in a table."""
    found = np.empty(len(labels), dtype=np.bool_)
    for i in range(len(labels)):
        found[i] = slot(~labels[i], every) == 0
    return found


@compiled
def chunk(ids: Longs, numbers: Rows, least: Longs, start: int, vertices: Longs, labels: Longs) -> tuple[int, int]:
    """Fill ``vertices`` and ``labels`` from row ``start`` on; returns the next row and the filled."""
    filled = 0
    row = start
    while row < len(ids) and filled < len(vertices):
        if numbers[row] != EMPTY:
            vertices[filled] = ids[row]
            labels[filled] = least[numbers[row]]
            filled += 1
        row += 1
    return row, filled


@compiled
def count(counters: Counters, vertices: Longs) -> int:
    """Count up to two sightings of each vertex, four counters a byte; those that share one are counted together."""
    size = 4 * len(counters)
    slots = np.empty(BLOCK, dtype=np.int64)
    ahead = np.uint8(0)
    for start in range(0, len(vertices), BLOCK):
        n = min(BLOCK, len(vertices) - start)
        for i in range(n):
            slots[i] = slot(vertices[start + i], size)
            ahead ^= counters[slots[i] >> 2]
        for i in range(n):
            byte, shift = slots[i] >> 2, np.uint8(2 * (slots[i] & 3))
            if (counters[byte] >> shift) & np.uint8(3) < 2:
                counters[byte] += np.uint8(1) << shift
    return ahead  # type: ignore[return-value]  # as above


@compiled
def is_leaf(counters: Counters, vertex: int) -> bool:
    """Whether a vertex was certainly seen in one edge only."""
    at = slot(vertex, 4 * len(counters))
    return ((counters[at >> 2] >> np.uint8(2 * (at & 3))) & np.uint8(3)) < 2  # type: ignore[no-any-return]


@compiled
def tally(counters: Counters) -> tuple[int, int]:
    """How many counters stand at none, and at one."""
    none, one = 0, 0
    for byte in counters:
        for shift in range(0, 8, 2):
            value = (byte >> np.uint8(shift)) & np.uint8(3)
            none += value == 0
            one += value == 1
    return none, one


@compiled
def absorb_core(
    counters: Counters, table: tuple[Longs, Rows], edges: tuple[Longs, Longs], leaves: tuple[Rows, Longs], pairs: Longs
) -> tuple[int, int, int, int]:
    """Join the ends of the edges that are no leaves; returns how many vertices are new, leaves, edges of two leaves; and ahead.

    ``leaves`` takes the row that each leaf hangs on, and the leaf; ``pairs`` the numbers of the edges that are two leaves.
    """
    ids, parents = table
    src, dst = edges
    one, other = np.empty(BLOCK, dtype=np.int64), np.empty(BLOCK, dtype=np.int64)
    hung = np.empty(BLOCK, dtype=np.int64)
    rows = np.empty(2 * BLOCK, dtype=np.int64)
    ahead = 0
    size = 4 * len(counters)
    added, n_leaves, n_pairs = 0, 0, 0
    for start in range(0, len(src), BLOCK):
        stop = min(len(src), start + BLOCK)
        for i in range(start, stop):
            ahead ^= counters[slot(src[i], size) >> 2] ^ counters[slot(dst[i], size) >> 2]
        n = 0
        n_hung = 0
        for i in range(start, stop):
            has_leaf, is_held = is_leaf(counters, src[i]), not is_leaf(counters, dst[i])
            if has_leaf and not is_held:
                pairs[n_pairs] = i
                n_pairs += 1
                continue
            one[n] = dst[i] if has_leaf else src[i]
            other[n] = dst[i] if is_held else src[i]
            if has_leaf or not is_held:
                leaves[1][n_leaves + n_hung] = src[i] if has_leaf else dst[i]
                hung[n_hung] = n
                n_hung += 1
            n += 1
        new, seen = join(ids, parents, one, other, n, rows)
        added += new
        ahead ^= seen
        for i in range(n_hung):
            leaves[0][n_leaves + i] = np.uint32(rows[hung[i]])
        n_leaves += n_hung
    return added, n_leaves, n_pairs, ahead
