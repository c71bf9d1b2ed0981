"""The lineage graph as one picture: tables in columns by what they need, lines by what they read, drawn without a library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from jobs.reporting.markup import el, esc, svg

ROW, GAP, NODE = 25.0, 46.0, 19.0
CHARACTER, PADDING, HEAD = 6.1, 18.0, 26.0
SWEEPS = 24


@dataclass(frozen=True, slots=True)
class Node:
    """A table of the picture: its name, group (a colour), what a pointer shows, and the names of what it reads."""

    name: str
    group: str
    note: str
    reads: tuple[str, ...]

    @property
    def text(self) -> str:
        """The name without its layer, which the colour says."""
        return self.name.partition(".")[2] or self.name


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its left edge, its middle, its width."""

    x: float
    y: float
    width: float


def levels(reads: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The column of each node: 0 where it reads nothing, else one more than the furthest of what it reads.

    Names that are read but are no nodes are passed over.
    """
    found: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((level(up) for up in reads[name] if up in reads), default=-1)
        return found[name]

    for name in reads:
        level(name)
    return found


def ordered(level: Mapping[str, int], reads: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names by column, each column sorted to the mean place of its neighbours on both sides, so that few lines cross."""
    near: dict[str, list[str]] = {name: [up for up in reads[name] if up in level] for name in level}
    for name in level:
        for up in reads[name]:
            if up in near:
                near[up] = [*near[up], name]
    found = [sorted(n for n in level if level[n] == i) for i in range(max(level.values(), default=-1) + 1)]
    for sweep in range(SWEEPS):
        order = range(len(found)) if sweep % 2 == 0 else range(len(found) - 1, -1, -1)
        for i in order:
            rank = {n: (k + 0.5) / len(column) for column in found for k, n in enumerate(column)}
            found[i] = sorted(found[i], key=lambda n: (fmean([rank[m] for m in near[n]] or [rank[n]]), n))
    return found


def places(
    columns: Sequence[Sequence[str]], reads: Mapping[str, Sequence[str]], texts: Mapping[str, str]
) -> dict[str, Place]:
    """Positions: columns side by side, in each the nodes near the mean height of what they read, never nearer than a row."""
    height = ROW * max((len(column) for column in columns), default=0)
    found: dict[str, Place] = {}
    x = 1.0
    for column in columns:
        width = max(len(texts[n]) for n in column) * CHARACTER + PADDING
        middle = height / 2
        wished = [fmean([found[up].y for up in reads[n] if up in found] or [middle]) for n in column]
        step = max(ROW, min(2 * ROW, height / len(column)))
        for name, y in zip(column, _apart(wished, height, step), strict=True):
            found[name] = Place(x, HEAD + y, width)
        x += width + GAP
    return found


def _apart(wished: Sequence[float], height: float, step: float) -> list[float]:
    """The wished heights in their order, each at least a step below the one before, all within the picture."""
    found: list[float] = []
    for y in wished:
        found.append(max(y, found[-1] + step if found else step / 2))
    limit = height - step / 2
    for i in range(len(found) - 1, -1, -1):
        found[i] = min(found[i], limit)
        limit = found[i] - step
    return found


def picture(nodes: Sequence[Node], written: Mapping[tuple[str, str], tuple[int, int]], heads: Mapping[str, str]) -> str:
    """The whole graph; ``written`` has the last Delta versions ``(read, written)`` by (input, output), ``heads`` texts by group.

    Pointing at a table lights up its own lines, by style rules alone.
    """
    if not nodes:
        return el("p", esc("There is no job to draw."), cls="empty")
    reads = {node.name: node.reads for node in nodes}
    columns = ordered(levels(reads), reads)
    spots = places(columns, reads, {node.name: node.text for node in nodes})
    numbers = {node.name: i for i, node in enumerate(nodes)}
    edges = [
        _edge(up, node.name, spots, numbers, written.get((up, node.name)))
        for node in nodes
        for up in node.reads
        if up in spots
    ]
    boxes = [_box(node, spots[node.name], numbers[node.name]) for node in nodes]
    width = max(spot.x + spot.width for spot in spots.values()) + 1
    height = HEAD + ROW * max(len(column) for column in columns) + 4
    rules = "".join(f"svg:has(#n{i}:hover) .e{i}{{stroke:var(--ink);stroke-opacity:.85}}" for i in range(len(nodes)))
    label = f"lineage of {len(nodes)} tables: " + ", ".join(heads.values())
    return svg(
        width, height, el("style", rules), _keys(nodes, heads), *edges, *boxes, label=label, cls="figure lineage"
    )


def _keys(nodes: Sequence[Node], heads: Mapping[str, str]) -> str:
    parts, x = [], 1.0
    for group in [g for g in heads if any(node.group == g for node in nodes)]:
        parts.append(el("rect", x=x, y=2.0, width=10.0, height=10.0, rx=2, cls=f"fill {group}"))
        parts.append(el("text", esc(heads[group]), x=x + 15, y=11.0, cls="note"))
        x += 32 + len(heads[group]) * CHARACTER
    return "".join(parts)


def _edge(
    up: str,
    down: str,
    spots: Mapping[str, Place],
    numbers: Mapping[str, int],
    versions: tuple[int, int] | None,
) -> str:
    a, b = spots[up], spots[down]
    x1, x2 = a.x + a.width, b.x
    bend = max((x2 - x1) / 2, GAP / 2)
    way = f"M{x1:.1f},{a.y:.1f} C{x1 + bend:.1f},{a.y:.1f} {x2 - bend:.1f},{b.y:.1f} {x2:.1f},{b.y:.1f}"
    seen = f": version {versions[0]} read, version {versions[1]} written" if versions else ""
    title = el("title", esc(f"{up} → {down}{seen}"))
    return el("path", title, d=way, cls=f"edge e{numbers[up]} e{numbers[down]}" + ("" if versions else " unused"))


def _box(node: Node, spot: Place, number: int) -> str:
    top = spot.y - NODE / 2
    return el(
        "g",
        el("title", esc(f"{node.name}\n{node.note}")),
        el("rect", x=spot.x, y=top, width=spot.width, height=NODE, rx=4, cls="node"),
        el("rect", x=spot.x, y=top, width=4.0, height=NODE, rx=2, cls=f"fill {node.group}"),
        el("text", esc(node.text), x=spot.x + 10, y=spot.y + 3.5, cls="name"),
        id=f"n{number}",
        cls="table",
    )
