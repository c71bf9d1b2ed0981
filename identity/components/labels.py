"""Look-ups of labels by vertex: by binary search while they are few, in the compiled table beyond."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from identity.components.unionfind import LOAD, SMALL, Longs, Pair, empty

Flags = NDArray[np.bool_]


class Labels(Protocol):
    """The label of each of ``n`` vertices; ``twice`` are those that were given more than once."""

    n: int
    twice: Longs

    def look(self, vertices: Longs) -> tuple[Flags, Longs]:
        """Whether each vertex is there, and its label (0: none)."""
        ...


def labels_of(components: Sequence[Pair]) -> Labels:
    """Look-ups in ``(vertices, labels)``."""
    return Sorted(components) if sum(len(v) for v, _ in components) <= SMALL else Hashed(components)


class Sorted:
    """Labels by binary search: of few vertices, which need no compiled code (that takes a second to load)."""

    def __init__(self, components: Sequence[Pair]) -> None:
        none = np.empty(0, dtype=np.int64)
        vertices, given = (np.concatenate(side) for side in zip((none, none), *components, strict=True))
        self.vertices, first = np.unique(vertices, return_index=True)
        self.labels = given[first]
        self.n = len(vertices)
        self.twice = np.delete(vertices, first)

    def look(self, vertices: Longs) -> tuple[Flags, Longs]:
        """Whether each vertex is there, and its label (0: none)."""
        if not len(self.vertices):
            return np.zeros(len(vertices), dtype=np.bool_), np.zeros(len(vertices), dtype=np.int64)
        at = np.minimum(np.searchsorted(self.vertices, vertices), len(self.vertices) - 1)
        held = self.vertices[at] == vertices
        return held, np.where(held, self.labels[at], 0)


class Hashed:
    """Labels in the compiled table: of many vertices."""

    def __init__(self, components: Sequence[Pair]) -> None:
        from identity.components import kernel

        self._kernel = kernel
        self.n = sum(len(vertices) for vertices, _ in components)
        self._table = empty(int(self.n / LOAD) + 16)
        self._labels = np.zeros(len(self._table[0]), dtype=np.int64)
        again = [np.empty(0, dtype=np.int64)]
        for vertices, given in components:
            twice = np.empty(len(vertices), dtype=np.int64)
            again.append(twice[: kernel.record(self._table, self._labels, vertices, given, twice)])
        self.twice = np.concatenate(again)

    def look(self, vertices: Longs) -> tuple[Flags, Longs]:
        """Whether each vertex is there, and its label (0: none)."""
        held, found = np.empty(len(vertices), dtype=np.bool_), np.empty(len(vertices), dtype=np.int64)
        self._kernel.look(self._table, self._labels, vertices, held, found)
        return held, found
