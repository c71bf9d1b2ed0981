"""The readiness report as a page: what a sample is like at a glance, column by column, and day by day."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from jobs.reporting.document import document
from jobs.reporting.figures import Bar, bar_list, columns, legend
from jobs.reporting.markup import el, esc, grid, percent, plural, whole
from jobs.reporting.parts import card, section
from lakehouse.samples.columns import ColumnFacts
from lakehouse.samples.kinds import BY_NAME
from lakehouse.samples.readiness import Measure, Readiness

TONES = {"good": "", "look": "second", "bad": "bad"}
SHARES = ("completeness", "valid_rate", "placeholder_rate", "joinability")
MOST_BARS = 60


def page(reports: Sequence[Readiness]) -> str:
    """A self-contained page, a part for each sample."""
    title = "Readiness: " + ", ".join(report.sample.path.name for report in reports)
    head = el("header", el("div", el("h1", esc(title)), el("p", esc(_lead(reports)))))
    return document(title, head, el("main", *[part for report in reports for part in _sample(report)]))


def _lead(reports: Sequence[Readiness]) -> str:
    rows = sum(report.sample.rows.num_rows for report in reports)
    bad = sum(report.verdicts["bad"] for report in reports)
    look = sum(report.verdicts["look"] for report in reports)
    return f"{plural(rows, 'record')}; {plural(bad, 'measure')} bad, {look} to look at."


def _sample(report: Readiness) -> list[str]:
    whole_sample = [m for m in report.measures if m.column is None]
    verdicts = report.verdicts
    tiles = el(
        "div",
        *[_tile(m.name.replace("_", " "), shown(m), m.detail) for m in whole_sample],
        _tile("verdicts", f"{verdicts['good']} / {verdicts['look']} / {verdicts['bad']}", "good, to look at, bad"),
        cls="tiles",
    )
    found = report.sample.format
    lead = f"{found.kind}, {found.encoding}; key: {', '.join('+'.join(key) for key in report.keys[:3]) or 'none'}."
    keys = legend(("accent", "good"), ("second", "look"), ("bad", "bad"))
    cards = [_completeness(report, keys), *_time(report), *_joins(report, keys), _findings(report)]
    each = [_column(fact, list(group)) for fact, group in _by_column(report)]
    return [
        tiles,
        section("sample", report.sample.path.name, lead, *cards),
        section("columns", "Column by column", "The commonest values, how full, how valid.", *each),
    ]


def _tile(name: str, figure: str, note: str) -> str:
    texts = (el("span", esc(name), cls="what"), el("strong", esc(figure)), el("span", esc(note), cls="why"))
    return el("div", *texts, cls="tile")


def shown(measure: Measure) -> str:
    """A measure as it is written: shares in per cent, counts in full."""
    if measure.name in ("records", "encoding_errors", "garbled"):
        return whole(measure.value)
    if measure.name == "has_key":
        return "yes" if measure.value else "no"
    return percent(measure.value, 1 if 0.001 < measure.value < 0.999 else 0)


def _bar(measure: Measure) -> Bar:
    return Bar(measure.column or "", measure.value, shown(measure), measure.detail, TONES[measure.verdict])


def _completeness(report: Readiness, keys: str) -> str:
    bars = [_bar(m) for m in report.measures if m.name == "completeness"]
    return card("How full each column is", keys, bar_list(bars, longest=1.0))


def _joins(report: Readiness, keys: str) -> list[str]:
    found = [m for m in report.measures if m.name == "joinability"]
    bars = [Bar(f"{m.column} · {m.detail}", m.value, shown(m), m.detail, TONES[m.verdict]) for m in found]
    return [card("What can be joined", keys, bar_list(bars, longest=1.0))] if bars else []


def _time(report: Readiness) -> list[str]:
    """Records by day, weeks or months where there are many days; what is empty is a gap."""
    if len(report.days) < 2:
        return []
    first, last = report.days[0][0], report.days[-1][0]
    span = (last - first).days + 1
    step = max(1, -(-span // MOST_BARS))
    counts = dict(report.days)
    bars = []
    for offset in range(0, span, step):
        begin = first + timedelta(days=offset)
        rows = sum(counts.get(begin + timedelta(days=n), 0) for n in range(step))
        bars.append(Bar(f"{begin:%y-%m-%d}", rows, whole(rows), _noted(begin, step, rows), "bad" if not rows else ""))
    unit = "day" if step == 1 else f"{step} days"
    note = next((m.detail for m in report.measures if m.name == "time_gap_rate"), "")
    return [
        card(f"Records by {unit} of {report.time_column}", columns(_spaced(bars), label="records over time"), note=note)
    ]


def _spaced(bars: Sequence[Bar]) -> list[Bar]:
    """Labels on every seventh bar only: they are long."""
    every = max(1, len(bars) // 6)
    return [bar if n % every == 0 else Bar("", bar.value, bar.text, bar.note, bar.tone) for n, bar in enumerate(bars)]


def _noted(begin: date, step: int, rows: int) -> str:
    return f"{begin}" + (f" and {step - 1} days after" if step > 1 else "") + f": {plural(rows, 'record')}"


def _findings(report: Readiness) -> str:
    rows = [
        (m.column or "the sample", m.name.replace("_", " "), m.detail, shown(m), m.verdict)
        for m in sorted(report.measures, key=lambda m: m.verdict)
        if m.verdict != "good"
    ]
    if not rows:
        return card("What to look at", el("p", esc("Nothing: every measure is good."), cls="empty"))
    return card("What to look at", grid(("column", "measure", "against", "", ""), rows, numeric=3), size="full")


def _by_column(report: Readiness) -> list[tuple[ColumnFacts, list[Measure]]]:
    facts = {fact.name: fact for fact in report.facts}
    named = sorted((m for m in report.measures if m.column), key=lambda m: list(facts).index(str(m.column)))
    return [(facts[str(name)], list(group)) for name, group in groupby(named, key=lambda m: m.column)]


def _column(fact: ColumnFacts, measures: list[Measure]) -> str:
    kind = BY_NAME[fact.kind].words if fact.kind in BY_NAME else "text"
    shares = [
        Bar(m.name.replace("_", " "), m.value, shown(m), m.detail, TONES[m.verdict])
        for m in measures
        if m.name in SHARES
    ]
    personal = "; personal" if fact.is_personal else ""
    role = f"; taken for {fact.role.replace('_', ' ')}" if fact.role else ""
    samples = "" if fact.is_personal else f" Such as {', '.join(fact.examples[:4])}."
    return card(
        fact.name, bar_list(shares, longest=1.0), note=f"{kind}{role}{personal}; {fact.distinct:,} distinct.{samples}"
    )
