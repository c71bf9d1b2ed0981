"""Clusters of scored pairs, guarded: two clusters become one only where their pairs agree on the whole and no rule forbids it."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

UNSEEN = -6.0
"""Bits of a pair that no key has brought together: what shares nothing is not a match."""
LEAST, MOST = -10.0, 15.0
"""Bits to which one pair may pull: no single pair outweighs all the others of its clusters."""


@dataclass(frozen=True)
class Rule:
    """Two records of one cluster never have different (``is_apart`` False) or the same (True) ``values``; -1 is no value."""

    name: str
    values: Ints
    is_apart: bool = False

    def forbids(self, one: set[int], other: set[int]) -> bool:
        """Whether two clusters with these values may not become one."""
        if self.is_apart:
            return bool(one & other)
        return len(one | other) > 1


@dataclass(frozen=True)
class Limits:
    """``threshold`` in bits that the pairs between two clusters must reach on average; above ``max_cluster`` records a
    cluster grows only where nine of ten of the pairs between its parts reach it too.
    """

    threshold: float = 0.0
    max_cluster: int = 50
    dense: float = 0.9


def components(n: int, left: Ints, right: Ints) -> Ints:
    """The component (0, 1, …) of each of ``n`` records."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def guarded_clusters(
    n: int, left: Ints, right: Ints, weights: Floats, *, rules: Sequence[Rule] = (), limits: Limits | None = None
) -> Ints:
    """The cluster of each of ``n`` records, named by its least member.

    ``left``, ``right`` (each pair once) and ``weights`` in bits are scored pairs. Average linkage on the log odds: the two
    clusters whose pairs have the highest mean become one while that mean reaches the threshold and no rule or limit forbids
    it; a pair that was not scored counts as ``UNSEEN``. So one strong edge between two groups that otherwise disagree does
    not weld them (correlation clustering; Bansal, Blum, Chawla 2004). Ties go to the least records: the order of the pairs
    does not matter.
    """
    limits = limits or Limits()
    strong = weights >= limits.threshold
    component = components(n, left[strong], right[strong])
    inside = component[left] == component[right]
    order = np.lexsort((right[inside], left[inside], component[left[inside]]))
    one, other = left[inside][order], right[inside][order]
    bits = np.clip(weights, LEAST, MOST)[inside][order]
    clusters = np.arange(n, dtype=np.int64)
    if not len(one):
        return clusters
    starts = np.flatnonzero(np.diff(component[one], prepend=-1))
    for start, end in zip(starts, np.append(starts[1:], len(one)), strict=True):
        for members in _agglomerate(one[start:end], other[start:end], bits[start:end], rules, limits):
            clusters[members] = min(members)
    return clusters


def _agglomerate(
    left: Ints, right: Ints, weights: Floats, rules: Sequence[Rule], limits: Limits
) -> Iterable[list[int]]:
    members = np.unique(np.concatenate([left, right]))
    if _is_clique(len(members), weights, limits) and not _conflicts(members, rules):
        return [members.tolist()]
    return _Linkage(left, right, weights, rules, limits).run()


def _is_clique(size: int, weights: Floats, limits: Limits) -> bool:
    whole = len(weights) == size * (size - 1) // 2
    return whole and size <= limits.max_cluster and bool((weights >= limits.threshold).all())


def _conflicts(members: Ints, rules: Sequence[Rule]) -> bool:
    for rule in rules:
        values = rule.values[members]
        values = values[values >= 0]
        distinct = len(np.unique(values))
        if (distinct < len(values)) if rule.is_apart else (distinct > 1):
            return True
    return False


class _Linkage:
    """One component: between two clusters stand the sum of the weights, how many pairs were scored, and how many are strong."""

    def __init__(self, left: Ints, right: Ints, weights: Floats, rules: Sequence[Rule], limits: Limits) -> None:
        self.limits, self.rules = limits, rules
        names = np.unique(np.concatenate([left, right])).tolist()
        self.members: dict[int, list[int]] = {name: [name] for name in names}
        self.values = {name: [_value(rule, name) for rule in rules] for name in names}
        self.links: dict[int, dict[int, tuple[float, int, int]]] = {name: {} for name in names}
        self.heap: list[tuple[float, int, int]] = []
        for a, b, w in zip(left.tolist(), right.tolist(), weights.tolist(), strict=True):
            self.links[a][b] = self.links[b][a] = (w, 1, int(w >= limits.threshold))
            self._offer(a, b)

    def run(self) -> list[list[int]]:
        while self.heap:
            score, a, b = heapq.heappop(self.heap)
            if b in self.links.get(a, {}) and -self._mean(a, b) == score and self._allowed(a, b):
                self._merge(a, b)
        return list(self.members.values())

    def _mean(self, a: int, b: int) -> float:
        total, scored, _ = self.links[a][b]
        pairs = len(self.members[a]) * len(self.members[b])
        return (total + (pairs - scored) * UNSEEN) / pairs

    def _offer(self, a: int, b: int) -> None:
        mean = self._mean(a, b)
        if mean >= self.limits.threshold:
            heapq.heappush(self.heap, (-mean, min(a, b), max(a, b)))

    def _allowed(self, a: int, b: int) -> bool:
        one, other = self.values[a], self.values[b]
        if any(rule.forbids(x, y) for rule, x, y in zip(self.rules, one, other, strict=True)):
            return False
        na, nb = len(self.members[a]), len(self.members[b])
        return na + nb <= self.limits.max_cluster or self.links[a][b][2] >= self.limits.dense * na * nb

    def _merge(self, a: int, b: int) -> None:
        """Make b a part of a, the lesser name."""
        self.members[a] += self.members.pop(b)
        self.values[a] = [x | y for x, y in zip(self.values[a], self.values.pop(b), strict=True)]
        mine, its = self.links[a], self.links.pop(b)
        del mine[b], its[a]
        for other, (total, scored, strong) in its.items():
            before = mine.get(other, (0.0, 0, 0))
            mine[other] = (total + before[0], scored + before[1], strong + before[2])
            del self.links[other][b]
        for other, link in mine.items():
            self.links[other][a] = link
            self._offer(a, other)


def _value(rule: Rule, member: int) -> set[int]:
    value = int(rule.values[member])
    return set() if value < 0 else {value}


def cluster_sizes(clusters: Ints) -> Mapping[int, int]:
    """How many clusters have how many records."""
    _, counts = np.unique(clusters, return_counts=True)
    sizes, times = np.unique(counts, return_counts=True)
    return dict(zip(sizes.tolist(), times.tolist(), strict=True))
