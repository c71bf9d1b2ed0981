"""The page of ``kith quality report``: what fails now, and the trend of every rule as a small picture."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from jobs.quality_trends import Trend
from jobs.reporting.document import document
from jobs.reporting.markup import el, esc, percent, plural, short, svg, whole
from jobs.reporting.parts import card, missing, section

WIDE, HIGH = 150.0, 26.0
TONES = {"passed": "good", "warned": "warn", "stopped": "bad"}
SIGNS = {"passed": "✓", "warned": "!", "stopped": "✗"}
STYLE = el(
    "style",
    ".spark{display:block}.spark polyline{fill:none;stroke:var(--accent);stroke-width:1.5}"
    ".spark .bound{stroke:var(--soft);stroke-dasharray:3 3}.spark .good{fill:var(--good)}.spark .warn{fill:var(--gold)}"
    ".spark .bad{fill:var(--bad)}td.good{color:var(--good)}td.warn{color:var(--gold)}td.bad{color:var(--bad)}"
    ".grid td.sign{font-weight:700;width:1%}.grid td{vertical-align:middle}.grid small{color:var(--soft)}",
)


def page(trends: Sequence[Trend], failing_rows: Mapping[tuple[str, str], int]) -> str:
    """The page; ``failing_rows`` counts the rows of ``ops.dq_failure`` by table and rule."""
    bad = [trend for trend in trends if trend.state != "passed"]
    by_table: dict[str, list[Trend]] = defaultdict(list)
    for trend in trends:
        by_table[trend.table].append(trend)
    head = el("header", el("div", el("h1", "Data quality"), el("p", esc(_lead(trends, bad)))))
    now = card("Not passed in the latest batch", _grid(bad, failing_rows, named=True), size="full")
    first = section("now", "What is wrong now", "Rules and anomalies of each table's latest batch.", now)
    cards = [card(name, _grid(of, failing_rows), note=_note(of), size="full") for name, of in sorted(by_table.items())]
    every = section(
        "tables", "Every rule", "Share of rows that break the rule, or the statistic, batch by batch.", *cards
    )
    return document("Kith: data quality", STYLE, head, el("main", first, every))


def _lead(trends: Sequence[Trend], bad: Sequence[Trend]) -> str:
    tables = len({trend.table for trend in trends})
    batches = len({(t.table, t.part, b.at) for t in trends for b in t.batches})
    said = (
        f"{plural(len(trends), 'rule')} on {plural(tables, 'table')}, {plural(batches, 'batch', 'batches')} checked. "
    )
    stopped = sum(trend.state == "stopped" for trend in bad)
    return said + (f"{stopped} stopped, {len(bad) - stopped} warned in the latest batch." if bad else "All pass.")


def _note(of: Sequence[Trend]) -> str:
    last = max(trend.last.at for trend in of)
    return f"{plural(max(len(t.batches) for t in of), 'batch', 'batches')}; the latest at {last:%Y-%m-%d %H:%M} UTC."


def _grid(of: Sequence[Trend], failing_rows: Mapping[tuple[str, str], int], *, named: bool = False) -> str:
    if not of:
        return missing("Nothing: every rule passed.")
    names = ("", *(("table",) if named else ()), "rule", "trend", "latest", "rows", "violations", "allowed", "kept")
    flush = {"latest", "rows", "violations", "allowed", "kept"}
    top = el("tr", *[el("th", esc(name), cls="num" if name in flush else None) for name in names])
    body = [_row(trend, failing_rows, named=named) for trend in of]
    return el("div", el("table", el("thead", top), el("tbody", *body), cls="grid"), cls="scroll")


def _row(trend: Trend, failing_rows: Mapping[tuple[str, str], int], *, named: bool) -> str:
    last, verdict = trend.last, trend.last.verdict
    kept = failing_rows.get((trend.table, trend.rule), 0)
    counted = (last.rows, verdict.violations, verdict.allowed)
    numbers = [latest_text(trend), *map(whole, counted), whole(kept) if kept else "–"]
    title = f"{trend.table} {trend.rule}: {verdict}"
    return el(
        "tr",
        el("td", SIGNS[trend.state], cls=f"sign {TONES[trend.state]}"),
        *([el("td", esc(trend.table))] if named else []),
        el("td", esc(trend.rule), el("small", esc(f" {trend.part}")) if trend.part else ""),
        el("td", spark(trend)),
        *[el("td", esc(text), cls="num") for text in numbers],
        title=title,
    )


def latest_text(trend: Trend) -> str:
    """The latest figure: a statistic as it is, violations as a share of the rows."""
    value = trend.last.verdict.value
    if value is None:
        return percent(trend.last.value, 2)
    return percent(value, 2) if trend.rule.endswith("null_share") else short(value)


def spark(trend: Trend) -> str:
    """The series as a small line with its bounds; the last point has the colour of its state."""
    values = trend.values
    verdict = trend.last.verdict
    bounds = [bound for bound in (verdict.low, verdict.high) if bound is not None]
    near = [bound for bound in bounds if _is_near(bound, values)]
    low, high = min([*values, *near]), max([*values, *near])
    span = high - low or 1.0

    def y(value: float) -> float:
        return HIGH - 4 - (value - low) / span * (HIGH - 8)

    step = (WIDE - 10) / max(len(values) - 1, 1)
    points = [(5 + n * step, y(value)) for n, value in enumerate(values)]
    way = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    lines = [el("line", x1=0, x2=WIDE, y1=y(bound), y2=y(bound), cls="bound") for bound in near]
    dot = el("circle", cx=points[-1][0], cy=points[-1][1], r=3, cls=TONES[trend.state])
    label = f"{trend.rule}: {', '.join(f'{value:.4g}' for value in values[-5:])}"
    return svg(WIDE, HIGH, *lines, el("polyline", points=way), dot, label=label, cls="spark")


def _is_near(bound: float, values: Sequence[float]) -> bool:
    """Whether a bound can be drawn without making the series flat."""
    reach = max(abs(value) for value in values) or 1.0
    return abs(bound) <= 3 * reach
