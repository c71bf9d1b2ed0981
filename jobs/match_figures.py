"""Pictures of a match: weights to both sides of nothing, and the waterfall from the prior odds to a pair's weight."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.reporting.figures import WIDTH
from jobs.reporting.markup import el, esc, svg

ROW, LEFT, RIGHT = 24.0, 190.0, 46.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: what adds or takes how many bits, and what a pointer shows."""

    name: str
    bits: float
    note: str


def diverging(rows: Sequence[tuple[str, float, str]], *, label: str) -> str:
    """Bars to the right for bits that speak for a match, to the left for bits against; rows are label, bits, note."""
    spans = [(min(0.0, bits), max(0.0, bits)) for _, bits, _ in rows]
    shown = [(name, *span, bits, note) for (name, bits, note), span in zip(rows, spans, strict=True)]
    return _bars(shown, label)


def waterfall(steps: Sequence[Step], *, label: str) -> str:
    """Each step begins where the one before ended; the last row is the sum."""
    shown, at = [], 0.0
    for step in steps:
        after = at + step.bits
        shown.append((step.name, min(at, after), max(at, after), step.bits, step.note))
        at = after
    shown.append(("together", min(0.0, at), max(0.0, at), at, "the weight of the pair"))
    return _bars(shown, label)


def _bars(rows: Sequence[tuple[str, float, float, float, str]], label: str) -> str:
    low, high = min(0.0, *[row[1] for row in rows]), max(0.0, *[row[2] for row in rows])
    scale = (WIDTH - LEFT - RIGHT) / (high - low or 1.0)

    def x(bits: float) -> float:
        return LEFT + (bits - low) * scale

    height = ROW * len(rows) + 8
    parts = [el("line", x1=x(0), x2=x(0), y1=0.0, y2=height, cls="reference")]
    for number, (name, start, end, bits, note) in enumerate(rows):
        y = ROW * number + 5
        tone = "fill" if bits >= 0 else "fill bronze"
        bar = el(
            "rect",
            el("title", esc(note)),
            x=x(start),
            y=y,
            width=max((end - start) * scale, 1.0),
            height=14.0,
            rx=2,
            cls=tone,
        )
        title = el("text", el("title", esc(note)), esc(_short(name)), x=LEFT - 12, y=y + 11, cls="tick end")
        parts += [bar, title, el("text", esc(f"{bits:+.1f}"), x=x(end) + 5, y=y + 11, cls="value")]
    return svg(WIDTH, height, *parts, label=label)


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"{name[:29]}…"
