"""The report's pictures, as SVG and HTML of our own: lists of bars, columns, a heat map and a calibration curve."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jobs.reporting.markup import Number, el, esc, percent, short, svg, whole

WIDTH = 560
EMPTY = el("p", esc("Nothing to draw yet."), cls="empty")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is, how long, what is written beside it, what a pointer shows, and its colour's class."""

    label: str
    value: float
    text: str = ""
    note: str = ""
    tone: str = ""

    @property
    def shown(self) -> str:
        """The text beside the bar."""
        return self.text or short(self.value)


def bar_list(bars: Sequence[Bar], *, longest: float | None = None) -> str:
    """Horizontal bars under one another, each with label and figure; ``longest`` is the value of a full bar."""
    if not bars:
        return EMPTY
    full = longest or max(bar.value for bar in bars) or 1.0
    return el("table", el("tbody", *[_bar_row(bar, full) for bar in bars]), cls="bars")


def _bar_row(bar: Bar, full: float) -> str:
    share = min(100.0, 100 * max(bar.value, 0.0) / full)
    width = f"width:{max(share, 0.6) if bar.value > 0 else 0:.1f}%"
    return el(
        "tr",
        el("th", _breakable(bar.label), scope="row"),
        el("td", el("i", cls=f"bar {bar.tone}".strip(), style=width), cls="track"),
        el("td", esc(bar.shown), cls="num"),
        title=bar.note or None,
    )


def _breakable(label: str) -> str:
    """A label that may be broken after the signs that tables' names are put together with."""
    return esc(label).replace(".", ".<wbr/>").replace("__", "__<wbr/>")


def pair_list(rows: Sequence[tuple[str, Bar, Bar]]) -> str:
    """Two bars under each label, drawn to one scale: what was and what is, people and money."""
    if not rows:
        return EMPTY
    full = max(max(one.value, other.value) for _, one, other in rows) or 1.0
    body = [_pair_row(label, one, other, full) for label, one, other in rows]
    return el("table", el("tbody", *body), cls="bars pairs")


def _pair_row(label: str, one: Bar, other: Bar, full: float) -> str:
    def drawn(bar: Bar) -> str:
        share = f"{100 * max(bar.value, 0.0) / full:.1f}%"
        line = el("i", cls=f"bar {bar.tone}".strip(), style=f"width:{share}")
        return el("div", line, title=bar.note or None)

    figures = el("div", esc(one.shown)) + el("div", esc(other.shown))
    return el(
        "tr",
        el("th", _breakable(label), scope="row"),
        el("td", drawn(one), drawn(other), cls="track"),
        el("td", figures, cls="num"),
    )


def legend(*entries: tuple[str, str]) -> str:
    """What the colours mean: pairs of tone and text."""
    items = [el("span", el("i", cls=f"dot {tone}") + esc(text)) for tone, text in entries]
    return el("p", *items, cls="legend")


def ticks(top: float, count: int = 4) -> list[float]:
    """Round values from 0 up to at least ``top``, about ``count`` steps."""
    if top <= 0:
        return [0.0, 1.0]
    raw = top / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw * 0.999)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def columns(
    bars: Sequence[Bar], *, label: str, x: str = "", height: int = 240, reference: tuple[float, str] | None = None
) -> str:
    """Upright bars over a common scale; ``x`` names the axis below, ``reference`` is a value with its name, drawn across."""
    if not bars:
        return EMPTY
    left, right, top, bottom = 44.0, 8.0, 18.0, 44.0 if x else 26.0
    marks = ticks(max([bar.value for bar in bars] + ([reference[0]] if reference else [])))
    plot_w, plot_h = WIDTH - left - right, height - top - bottom

    def y(value: float) -> float:
        return top + plot_h * (1 - value / marks[-1])

    parts = [_rule(left, WIDTH - right, y(mark), _tick(mark, marks)) for mark in marks]
    step = plot_w / len(bars)
    every = math.ceil(len(bars) / 14)
    for i, bar in enumerate(bars):
        parts.append(_column(bar, left + i * step, step, y, label_it=i % every == 0, value_it=len(bars) <= 12))
    if reference:
        at = y(reference[0])
        parts.append(el("line", x1=left, x2=WIDTH - right, y1=at, y2=at, cls="reference"))
        parts.append(el("text", esc(f"- - {reference[1]}"), x=WIDTH - right, y=top - 4, cls="note end"))
    if x:
        parts.append(el("text", esc(x), x=left + plot_w / 2, y=height - 6, cls="note middle"))
    return svg(WIDTH, height, *parts, label=label)


def _tick(mark: float, marks: Sequence[float]) -> str:
    return short(mark) if marks[1] >= 1 or mark == 0 else f"{mark:g}"


def _rule(x1: float, x2: float, y: float, text: str) -> str:
    return el("line", x1=x1, x2=x2, y1=y, y2=y, cls="rule") + el("text", esc(text), x=x1 - 7, y=y + 4, cls="tick end")


def _column(bar: Bar, x: float, step: float, y: Callable[[float], float], *, label_it: bool, value_it: bool) -> str:
    base, head, middle = y(0.0), y(bar.value), x + step / 2
    width = min(step * 0.72, 46.0)
    rect = el(
        "rect",
        el("title", esc(bar.note or f"{bar.label}: {bar.shown}")),
        x=middle - width / 2,
        y=head,
        width=width,
        height=max(base - head, 0.0),
        rx=2,
        cls=f"fill {bar.tone}".strip(),
    )
    value = el("text", esc(bar.shown), x=middle, y=head - 5, cls="value middle") if value_it else ""
    name = el("text", esc(bar.label), x=middle, y=base + 16, cls="tick middle") if label_it else ""
    return rect + value + name


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a heat map: how strong (0 to 1), the figure on it, a smaller line, and what a pointer shows."""

    strength: float
    text: str
    small: str = ""
    note: str = ""


def heat(
    cells: Mapping[tuple[int, int], Cell],
    *,
    xs: Sequence[tuple[int, str]],
    ys: Sequence[tuple[int, str]],
    x: str,
    y: str,
    label: str,
) -> str:
    """A heat map; ``cells`` by (x, y), ``xs`` from left to right and ``ys`` from top to bottom with their names."""
    if not cells:
        return EMPTY
    left, top, wide, high = 76.0, 8.0, 94.0, 58.0
    height = top + high * len(ys) + 46
    parts = []
    for row, (yk, y_name) in enumerate(ys):
        middle = top + (row + 0.5) * high
        parts.append(el("text", esc(y_name), x=left - 10, y=middle + 4, cls="tick end"))
        for column, (xk, _) in enumerate(xs):
            parts.append(_field(cells.get((xk, yk)), left + column * wide, top + row * high, wide, high))
    for column, (_, x_name) in enumerate(xs):
        parts.append(el("text", esc(x_name), x=left + (column + 0.5) * wide, y=height - 28, cls="tick middle"))
    parts.append(el("text", esc(x), x=left + wide * len(xs) / 2, y=height - 8, cls="note middle"))
    side = top + high * len(ys) / 2
    parts.append(el("text", esc(y), x=14, y=side, cls="note middle", transform=f"rotate(-90 14 {side:.0f})"))
    return svg(left + wide * len(xs) + 4, height, *parts, label=label)


def _field(cell: Cell | None, x: float, y: float, wide: float, high: float) -> str:
    box = {"x": x + 1.5, "y": y + 1.5, "width": wide - 3, "height": high - 3, "rx": 4}
    if cell is None:
        return el("rect", **box, cls="blank")
    mix = f"fill:color-mix(in oklab, var(--accent) {6 + 88 * cell.strength:.0f}%, var(--card))"
    tone = "strong" if cell.strength > 0.6 else "faint"
    middle, centre = x + wide / 2, y + high / 2
    lines = el("text", esc(cell.text), x=middle, y=centre + (0 if cell.small else 5), cls=f"figure-on middle {tone}")
    if cell.small:
        lines += el("text", esc(cell.small), x=middle, y=centre + 15, cls=f"small-on middle {tone}")
    return el("g", el("title", esc(cell.note)), el("rect", **box, style=mix), lines)


@dataclass(frozen=True, slots=True)
class Point:
    """Predicted and actual share of 1, over so many rows."""

    predicted: float
    actual: float
    rows: int


def calibration(points: Sequence[Point], *, label: str) -> str:
    """What was predicted against what came; the diagonal is a perfect model, a dot's area its rows."""
    if not points:
        return EMPTY
    left, top, side_w, side_h = 52.0, 12.0, WIDTH - 74.0, 250.0
    marks = ticks(max(max(p.predicted, p.actual) for p in points))
    end, biggest = marks[-1], max(p.rows for p in points) or 1

    def at(p: float, a: float) -> tuple[float, float]:
        return left + side_w * p / end, top + side_h * (1 - a / end)

    parts = [_rule(left, left + side_w, at(0, mark)[1], percent(mark, 0)) for mark in marks]
    parts += [
        el("text", esc(percent(mark, 0)), x=at(mark, 0)[0], y=top + side_h + 18, cls="tick middle")
        for mark in marks[1:]
    ]
    (x1, y1), (x2, y2) = at(0, 0), at(end, end)
    parts.append(el("line", x1=x1, y1=y1, x2=x2, y2=y2, cls="reference"))
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(p.predicted, p.actual) for p in points))
    parts.append(el("polyline", points=way, cls="curve"))
    for p in points:
        x, y = at(p.predicted, p.actual)
        note = f"predicted {percent(p.predicted)}, came {percent(p.actual)}, {whole(p.rows)} people"
        radius = 3 + 6 * math.sqrt(p.rows / biggest)
        parts.append(el("circle", el("title", esc(note)), cx=x, cy=y, r=radius, cls="point"))
    parts.append(el("text", esc("predicted →"), x=left + side_w, y=top + side_h + 36, cls="note end"))
    parts.append(el("text", esc("↑ came true"), x=left + 8, y=top + 12, cls="note"))
    return svg(WIDTH, top + side_h + 42, *parts, label=label)


def share(part: Number, of: Number) -> float:
    """Part of a whole as a share of 1; 0 of nothing is 0."""
    return float(part) / float(of) if of else 0.0
