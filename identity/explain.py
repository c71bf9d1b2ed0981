"""Why two identifiers are one person, or are not: the strongest path of evidence between them, and a person's strongest tree."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heappop, heappush

Strength = tuple[int, float]
"""How much an edge says: kind of edge (weak 0, strong 1, pin 2), then weight."""
Links = Mapping[str, Mapping[str, "Evidence"]]
"""Token → neighbour → the edge between them, oriented from the token to its neighbour."""

PIN = "pin"
"""The ``edge_type`` of an edge that a person decided."""
KINDS = {"weak": 0, "strong": 1, PIN: 2}
FAR = (1 << 62, 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An edge of ``silver.identity_edge`` (or a pin): two tokens, the rule that says they belong together, and how strongly.

    ``fence``: what keeps it from joining them, as a code (``degree``, ``weak`` …), and ``reason`` in words; None: it joins.
    ``also``: the other edges between the same two.
    """

    src_token: str
    dst_token: str
    src_type: str
    dst_type: str
    rule_id: str
    edge_type: str
    weight: float
    evidence_count: int = 0
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    fence: str | None = None
    reason: str | None = None
    also: tuple["Evidence", ...] = ()

    @property
    def is_cut(self) -> bool:
        """Whether a fence keeps it from joining its ends."""
        return self.fence is not None

    @property
    def strength(self) -> Strength:
        """What paths and trees are ordered by; the number of records comes after it."""
        return KINDS.get(self.edge_type, 0), self.weight

    @property
    def certainty(self) -> tuple[bool, Strength, int]:
        """Order of preference between edges: those that join, then the stronger, then those that more records show."""
        return not self.is_cut, self.strength, self.evidence_count

    def turned(self) -> "Evidence":
        """The same edge from its other end."""
        return replace(
            self,
            src_token=self.dst_token,
            dst_token=self.src_token,
            src_type=self.dst_type,
            dst_type=self.src_type,
        )


def best_links(edges: Iterable[Evidence]) -> dict[str, dict[str, Evidence]]:
    """For each pair of tokens its best edge (:attr:`Evidence.certainty`, then the first rule by name), from both ends.

    Loops are left out.
    """
    pairs: dict[tuple[str, str], list[Evidence]] = {}
    for edge in edges:
        one, other = sorted((edge.src_token, edge.dst_token))
        if one != other:
            pairs.setdefault((one, other), []).append(edge if edge.src_token == one else edge.turned())
    links: dict[str, dict[str, Evidence]] = {}
    for (one, other), found in sorted(pairs.items()):
        found.sort(key=lambda edge: edge.rule_id)
        found.sort(key=lambda edge: edge.certainty, reverse=True)
        best = replace(found[0], also=tuple(found[1:]))
        links.setdefault(one, {})[other] = best
        links.setdefault(other, {})[one] = best.turned()
    return links


def strongest_path(edges: Iterable[Evidence], starts: Collection[str], ends: Collection[str]) -> list[Evidence] | None:
    """The path from one of ``starts`` to one of ``ends`` that convinces most; each edge oriented along it.

    Of all paths, in this order: the fewest cut edges (none at all: the two are joined); the strongest weakest edge (the
    bottleneck path); the fewest steps; the most records behind its least-shown edge; the least tokens. An empty list
    where the sets share a token; None where no evidence links them, cut edges included.
    """
    links = best_links(edges)
    if set(starts) & set(ends):
        return []
    fewest = _cuts(links, starts, ends, None)
    if fewest is None:
        return None
    floor = _floor(links, starts, ends, fewest)
    return _shortest(links, starts, ends, floor)


def _distances(links: Links, starts: Collection[str], floor: Strength | None) -> dict[str, tuple[int, int]]:
    """Least ``(cut edges, steps)`` from the starts to each token, over edges at least as strong as ``floor`` (Dijkstra)."""
    found: dict[str, tuple[int, int]] = {}
    queue = [((0, 0), token) for token in sorted(starts)]
    while queue:
        here, token = heappop(queue)
        if token in found:
            continue
        found[token] = here
        for neighbour, edge in links.get(token, {}).items():
            if neighbour not in found and (floor is None or edge.strength >= floor):
                heappush(queue, ((here[0] + edge.is_cut, here[1] + 1), neighbour))
    return found


def _cuts(links: Links, starts: Collection[str], ends: Collection[str], floor: Strength | None) -> int | None:
    distances = _distances(links, starts, floor)
    return min((distances[end][0] for end in ends if end in distances), default=None)


def _floor(links: Links, starts: Collection[str], ends: Collection[str], fewest: int) -> Strength:
    """The greatest strength such that the edges at least as strong still reach with the fewest cuts; by bisection."""
    levels = sorted({edge.strength for others in links.values() for edge in others.values()})
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _cuts(links, starts, ends, levels[middle]) == fewest:
            low = middle
        else:
            high = middle - 1
    return levels[low]


def _shortest(links: Links, starts: Collection[str], ends: Collection[str], floor: Strength) -> list[Evidence]:
    """Of the paths with fewest cuts and steps over edges of that strength, the one whose least-shown edge is shown most."""
    distances = _distances(links, starts, floor)
    shown: dict[str, int] = dict.fromkeys(starts, FAR[0])
    before: dict[str, Evidence] = {}
    for token in sorted(distances, key=lambda name: (distances[name], name)):
        if token in shown:
            continue
        arrivals = [edge.turned() for _, edge in sorted(links[token].items()) if edge.strength >= floor]
        tight = [edge for edge in arrivals if _after(distances, edge) == distances[token]]
        best = max(tight, key=lambda edge: min(shown[edge.src_token], edge.evidence_count))
        shown[token], before[token] = min(shown[best.src_token], best.evidence_count), best
    least = min(distances.get(end, FAR) for end in ends)
    last = max((end for end in sorted(ends) if distances.get(end) == least), key=lambda end: shown[end])
    return _back(before, last)


def _after(distances: Mapping[str, tuple[int, int]], edge: Evidence) -> tuple[int, int]:
    cuts, steps = distances.get(edge.src_token, FAR)
    return cuts + edge.is_cut, steps + 1


def _back(before: Mapping[str, Evidence], last: str) -> list[Evidence]:
    path: list[Evidence] = []
    while last in before:
        path.append(before[last])
        last = before[last].src_token
    return path[::-1]


def spanning_tree(edges: Iterable[Evidence]) -> list[Evidence]:
    """The maximum spanning tree (Kruskal 1956) of the edges that join, the strongest first; a forest where they fall apart.

    Its path between two tokens is a bottleneck path: no other evidence between the two sides of a tree edge is stronger
    than that edge. Ties: more records, then the lesser tokens.
    """
    links = best_links(edge for edge in edges if not edge.is_cut)
    each = [edge for one, others in links.items() for other, edge in others.items() if one < other]
    each.sort(key=lambda edge: (edge.src_token, edge.dst_token))
    each.sort(key=lambda edge: edge.certainty, reverse=True)
    groups = Groups()
    return [edge for edge in each if groups.join(edge.src_token, edge.dst_token)]


class Groups:
    """Disjoint sets of tokens (union-find with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, token: str) -> str:
        """The token that stands for the set."""
        parent = self._parent
        while parent.setdefault(token, token) != token:
            parent[token] = parent.setdefault(parent[token], parent[token])
            token = parent[token]
        return token

    def join(self, one: str, other: str) -> bool:
        """Make one set of two; False where they were one already."""
        root, leaf = self.find(one), self.find(other)
        self._parent[leaf] = root
        return root != leaf


def rooted(tree: Sequence[Evidence], root: str) -> list[tuple[int, Evidence]]:
    """The tree read from its root downwards, depth first, as ``(depth from 1, edge)``; edges point away from the root.

    Parts that the root does not reach are left out.
    """
    links = best_links(tree)
    lines: list[tuple[int, Evidence]] = []
    stack: list[tuple[int, Evidence | None, str]] = [(0, None, root)]
    while stack:
        depth, edge, token = stack.pop()
        if edge is not None:
            lines.append((depth, edge))
        came = None if edge is None else edge.src_token
        down = [e for _, e in sorted(links.get(token, {}).items()) if e.dst_token != came]
        down.sort(key=lambda e: e.certainty)
        stack.extend((depth + 1, e, e.dst_token) for e in down)
    return lines
