"""Well-formed HTML and SVG from plain Python: one element builder, escaping, and how numbers are written."""

import math
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

Number = int | float | Decimal


def esc(text: object) -> str:
    """Text as markup: ``&``, ``<`` and ``>`` escaped."""
    return escape(str(text))


def el(tag: str, *children: str, **attributes: object) -> str:
    """One element. ``children`` are markup already (``esc`` makes markup of text); ``cls`` stands for ``class``,
    ``_`` in a name for ``-``; attributes that are None are left out.
    """
    named = {("class" if k == "cls" else k.replace("_", "-")): v for k, v in attributes.items() if v is not None}
    written = "".join(f" {name}={quoteattr(_plain(value))}" for name, value in named.items())
    inner = "".join(children)
    return (
        f"<{tag}{written}>{inner}</{tag}>"
        if inner or tag not in ("path", "line", "rect", "circle", "img")
        else f"<{tag}{written}/>"
    )


def _plain(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def svg(width: float, height: float, *children: str, label: str, cls: str = "figure") -> str:
    """A picture of so many units; it is as wide as its place on the page. ``label`` says what it shows, for those who listen."""
    box = f"0 0 {width:.0f} {height:.0f}"
    return el("svg", *children, viewBox=box, width=f"{width:.0f}", cls=cls, role="img", aria_label=label)


def whole(value: Number | None) -> str:
    """A count with thousands separated; a dash where there is none."""
    return "–" if value is None else f"{value:,.0f}"


def short(value: Number | None) -> str:
    """A number in three digits or so: 980, 12.4 k, 3.1 M."""
    if value is None:
        return "–"
    size, number = abs(float(value)), float(value)
    for limit, unit in ((1e9, " bn"), (1e6, " M"), (1e4, " k")):
        if size >= limit:
            scaled = number / (1e3 if unit == " k" else limit)
            return f"{scaled:.1f}".removesuffix(".0") + unit
    return f"{number:,.0f}" if size >= 10 or number == int(number) else f"{number:.1f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 in per cent."""
    return "–" if share is None or math.isnan(share) else f"{100 * share:.{digits}f} %"


def decimals(value: float | None, digits: int = 3) -> str:
    """A measure with a fixed number of digits."""
    return "–" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def span(seconds: float | None) -> str:
    """A duration: 0.8 s, 41 s, 3 min 05 s."""
    if seconds is None:
        return "–"
    if seconds >= 100:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def day(value: date | None) -> str:
    """A day: 9 December 2011."""
    return "–" if value is None else f"{value.day} {value:%B %Y}"


def plural(count: int, word: str, words: str = "") -> str:
    """A count and its noun."""
    return f"{whole(count)} {word if count == 1 else words or word + 's'}"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: int = 1) -> str:
    """A table; ``head`` and cells are text, columns from index ``numeric`` on are set flush right."""

    def cell(tag: str, index: int, text: str) -> str:
        return el(tag, esc(text), cls="num" if index >= numeric else None)

    top = el("tr", *[cell("th", i, text) for i, text in enumerate(head)])
    body = [el("tr", *[cell("td", i, text) for i, text in enumerate(row)]) for row in rows]
    return el("div", el("table", el("thead", top), el("tbody", *body), cls="grid"), cls="scroll")
