"""Components of edges that can be read more than once, in one process: leaves are set aside, so that far less stays in memory."""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from identity.components import kernel, spool
from identity.components.kernel import Counters
from identity.components.unionfind import CHUNK, LOAD, Longs, Pair, Rows, empty, labelled, tallied
from lakehouse.errors import KithError

BYTES_PER_VERTEX = 24
"""What a vertex that is no leaf takes at most: 12 bytes a row of the table, and 8 for its component's least."""
SLACK = 1.02
FULL = 0.95
"""How full the table may get: beyond it, looking for a row takes too long."""
LEAF = np.dtype([("row", np.uint32), ("leaf", np.int64)])


class TooLarge(KithError):
    """The graph does not fit the memory that it was given."""


@dataclass
class Pruned:
    """The components of ``read()``, batches of ``(src, dst)``, which is called twice.

    First all ends are counted, in two bits each and in no table: a vertex seen once is a leaf (one that shares its counter is
    taken for none, which costs room and nothing else). Then the ends that are no leaves are joined, and each leaf is written to a
    temporary file with the row it hangs on. Of an identity graph more than half are leaves.

    ``say`` hears of each pass. Iterating gives ``(vertices, labels)``, and the counts once it is over; :class:`TooLarge` when the
    rest needs more than ``budget``.
    """

    read: Callable[[], Iterable[Pair]]
    n_edges: int
    budget: int
    folder: str | None = None
    """Where the temporary file goes: 12 bytes for each leaf."""
    say: Callable[[str], None] = field(default=lambda _: None)
    n_vertices: int = 0
    n_components: int = 0
    largest: int = 0

    def __iter__(self) -> Iterator[Pair]:
        """The components, in chunks."""
        counters, n_core = self._counted()
        rows = int(SLACK * n_core / LOAD) + 4 * CHUNK
        while True:
            with tempfile.TemporaryFile(dir=self.folder) as leaves, tempfile.TemporaryFile(dir=self.folder) as pairs:
                table = empty(rows)
                if self._absorbed(counters, table, leaves, pairs):
                    del counters
                    yield from self._solved(table, leaves, pairs)
                    return
            rows += rows // 2  # the estimate fell short

    def _counted(self) -> tuple[Counters, int]:
        """The counters, and how many vertices are no leaves (linear counting, Whang et al., 1990)."""
        size = 1 << min(32, max(12, math.ceil(math.log2(4 * max(1, self.n_edges)))))
        size -= 4 if size == 1 << 32 else 0
        counters = np.zeros(size // 4, dtype=np.uint8)
        for src, dst in self.read():
            kernel.count(counters, src)
            kernel.count(counters, dst)
        none, one = kernel.tally(counters)
        n_vertices = int(-size * math.log(max(none, 1) / size))
        n_core = max(n_vertices - one, size - none - one)
        needed = n_core * BYTES_PER_VERTEX + len(counters)
        text = f"some {n_vertices:,} vertices, {n_core:,} of them no leaves, need {needed / 2**20:,.0f} MiB"
        if needed > self.budget or n_core * SLACK / LOAD >= 0xFFFFFFFF:
            raise TooLarge(f"{text} of {self.budget / 2**20:,.0f}")
        self.say(text)
        return counters, n_core

    def _absorbed(self, counters: Counters, table: tuple[Longs, Rows], leaves: IO[bytes], pairs: IO[bytes]) -> bool:
        """Whether all edges found room in the table; leaves and edges of two leaves go to their files."""
        used = 0
        for src, dst in self.read():
            for start in range(0, len(src), CHUNK):
                edges = (src[start : start + CHUNK], dst[start : start + CHUNK])
                n = len(edges[0])
                if used + 2 * n > FULL * len(table[0]):
                    return False
                hung = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.int64)
                alone = np.empty(n, dtype=np.int64)
                new, n_hung, n_alone, _ = kernel.absorb_core(counters, table, edges, hung, alone)
                used += new
                spool.append(leaves, LEAF, row=hung[0][:n_hung], leaf=hung[1][:n_hung])
                spool.append(pairs, spool.PAIR, src=edges[0][alone[:n_alone]], dst=edges[1][alone[:n_alone]])
        self.say(f"{used:,} vertices joined")
        return True

    def _solved(self, table: tuple[Longs, Rows], leaves: IO[bytes], pairs: IO[bytes]) -> Iterator[Pair]:
        for edges in spool.chunks(pairs, spool.PAIR):
            least = np.minimum(edges["src"], edges["dst"])
            self._count(2 * len(least), len(least), 2)
            yield edges["src"], least
            yield edges["dst"], least
        numbers = table[1]
        least, sizes = tallied(table)
        for hung in spool.chunks(leaves, LEAF):
            kernel.hang(hung["leaf"], hung["row"], numbers, least, sizes)
        self._count(int(sizes.sum()), len(sizes), int(sizes.max(initial=0)))
        self.say(f"{self.n_components:,} components of {self.n_vertices:,} vertices found")
        del sizes
        yield from labelled(table, least)
        for hung in spool.chunks(leaves, LEAF):
            yield hung["leaf"], least[numbers[hung["row"]]]

    def _count(self, vertices: int, components: int, largest: int) -> None:
        self.n_vertices += vertices
        self.n_components += components
        self.largest = max(self.largest, largest)
