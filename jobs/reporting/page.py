"""The page that holds the report: head, headline, sections in their order, and the mark by which it knows that it is current."""

import json
from pathlib import Path

from jobs.reporting import parts, people
from jobs.reporting.document import document
from jobs.reporting.facts import Facts
from jobs.reporting.markup import day, el, esc, percent, plural, span, whole
from jobs.reporting.reach import reach
from jobs.reporting.trust import trust

MARK = "<!-- kith "
NAV = (
    ("rows", "Rows"),
    ("quality", "Quality"),
    ("trust", "Trust"),
    ("identity", "Identity"),
    ("reach", "People"),
    ("rfm", "RFM"),
    ("model", "Model"),
    ("lineage", "Lineage"),
    ("cost", "Cost"),
)
LOGO = (
    '<svg viewBox="0 0 34 34" aria-hidden="true"><g fill="none" stroke="var(--accent)" stroke-width="2.4">'
    '<path d="M9 9 L25 13 M9 9 L14 26 M25 13 L14 26"/></g><circle cx="9" cy="9" r="5" fill="var(--identity)"/>'
    '<circle cx="25" cy="13" r="4.2" fill="var(--accent)"/><circle cx="14" cy="26" r="4.6" fill="var(--gold)"/></svg>'
)


def render(facts: Facts, stamp: str) -> str:
    """The whole page, self-contained; ``stamp`` says of which state of the lake it is."""
    body = (_header(facts), _nav(), el("main", parts.tiles(facts), *_sections(facts)), _footer(facts))
    return document(f"Kith: the lake as of {day(facts.as_of)}", *body, before=_mark(stamp, headline(facts)))


def _sections(facts: Facts) -> list[str]:
    return [
        parts.by_layer(facts),
        parts.quality(facts),
        trust(facts.trust),
        people.identity(facts),
        reach(facts),
        people.rfm(facts),
        people.model(facts),
        parts.graph(facts),
        parts.cost(facts),
    ]


def _header(facts: Facts) -> str:
    brand = el("div", LOGO, el("b", esc("Kith")), esc("customer lakehouse"), cls="brand")
    title = f"The lake as of {day(facts.as_of)}" if facts.as_of else "The lake"
    lead = (
        f"{whole(sum(facts.counts.values()))} rows in {plural(len(facts.counts), 'Delta table')}, brought up to date by "
        f"{plural(len(facts.graph.jobs), 'job')}"
    )
    last = facts.runs[-1] if facts.runs else None
    ran = ""
    if last:
        ran = f"; the last run that changed anything took {span(last.seconds)}, on {last.began:%d %B %Y at %H:%M} UTC"
    return el("header", el("div", brand, el("h1", esc(title)), el("p", esc(f"{lead}{ran}."))))


def _nav() -> str:
    return el("nav", el("div", *[el("a", esc(text), href=f"#{anchor}") for anchor, text in NAV]))


def _footer(facts: Facts) -> str:
    run = f"Run {facts.runs[-1].run_id}. " if facts.runs else ""
    said = f"{run}Every figure is read from the Delta tables; hold the pointer over a picture for more."
    return el("footer", el("div", esc(said)))


def headline(facts: Facts) -> list[str]:
    """What the terminal says: identities, model, rows by layer, quarantine."""
    return [line for line in (_identity(facts), _model(facts), _rows(facts), _quarantined(facts)) if line]


def _identity(facts: Facts) -> str:
    clusters = facts.answers["sizes"]
    if not clusters:
        return "identity: nothing resolved yet"
    count = plural(sum(row["n_clusters"] for row in clusters), "person", "people")
    tokens = plural(sum(row["n_clusters"] * row["n_tokens"] for row in clusters), "identifier")
    if facts.accuracy is None:
        return f"identity: {count} of {tokens}"
    scores = facts.accuracy.scores
    measured = (
        f"precision {percent(scores.precision, 2)}, recall {percent(scores.recall, 2)}, F1 {percent(scores.f1, 2)}"
    )
    return (
        f"identity: {count} of {tokens}; {measured} against planted truth ({whole(scores.tokens)} identifiers judged)"
    )


def _model(facts: Facts) -> str:
    if facts.model is None or facts.card is None:
        return f"model: nothing registered: {facts.model['reason']}" if facts.model else ""
    found, base = facts.card.metrics, facts.card.baseline
    standing = facts.model["alias"] or "not promoted"
    return (
        f"model: {facts.card.name} v{facts.model['version']} ({standing}): AUC {found.auc:.3f} (baseline {base.auc:.3f}), "
        f"average precision {found.ap:.3f} ({base.ap:.3f}), lift of the best tenth {found.lift10:.1f} ({base.lift10:.1f}), "
        f"calibration error {found.calibration_error:.3f}"
    )


def _rows(facts: Facts) -> str:
    sums = {
        layer: sum(rows for name, rows in facts.counts.items() if name.startswith(f"{layer}."))
        for layer in parts.LAYERS
    }
    return "rows: " + ", ".join(f"{layer} {whole(rows)}" for layer, rows in sums.items())


def _quarantined(facts: Facts) -> str:
    reasons = len({row["reason"] for row in facts.quarantine})
    entries = sum(row["entries"] for row in facts.quarantine)
    return f"quarantined: {whole(entries)}" + (f", for {plural(reasons, 'reason')}" if entries else "")


def _mark(stamp: str, lines: list[str]) -> str:
    text = json.dumps({"stamp": stamp, "headline": lines}).replace("--", "\\u002d\\u002d").replace(">", "\\u003e")
    return f"{MARK}{text} -->"


def read_mark(page: Path) -> tuple[str, list[str]] | None:
    """Stamp and headline of a page that was written before; None where there is none that can be read."""
    if not page.exists():
        return None
    with page.open(encoding="utf-8") as file:
        line = file.readline() and file.readline()
    if not line.startswith(MARK):
        return None
    found = json.loads(line.removeprefix(MARK).rstrip().removesuffix("-->"))
    return found["stamp"], found["headline"]
