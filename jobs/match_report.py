"""The page of a match: weights, example pairs as waterfalls, cluster sizes, what was cut and why, and what blocking misses."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from identity.match import Cut, Matched, Records
from identity.match.guards import cluster_sizes
from identity.match.labels import Accuracy
from identity.match.training import probability
from jobs.match_figures import Step, diverging, waterfall
from jobs.reporting.figures import EMPTY, Bar, bar_list, columns
from jobs.reporting.markup import decimals, el, esc, grid, percent, plural, whole

STYLE = Path(__file__).with_name("reporting") / "page.css"
CUTS_SHOWN = 25


@dataclass(frozen=True)
class Page:
    """What the page is made of; ``ids`` are the records' ids by ``rid``."""

    con: duckdb.DuckDBPyConnection
    records: Records
    matched: Matched
    cuts: Sequence[Cut]
    ids: Sequence[str]
    accuracy: Accuracy | None


def write_page(file: Path, page: Page) -> None:
    """Write the self-contained page."""
    file.write_text(render(page), encoding="utf-8")


def render(page: Page) -> str:
    """The page as HTML: no script, no file beside it, nothing from the network."""
    names = ", ".join(page.records.sources)
    head = el(
        "head",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        el("title", esc(f"Kith: match of {names}")),
        el("style", STYLE.read_text(encoding="utf-8")),
    )
    clusters = len(np.unique(page.matched.clusters))
    lead = f"{plural(page.records.n, 'record')} of {names} are {plural(clusters, 'cluster')}; no label was used."
    header = el("header", el("div", el("h1", esc("Which records are one")), el("p", esc(lead))))
    sections = (
        _tiles(page),
        _weights(page),
        _examples(page),
        _clusters(page),
        _cut(page),
        _blocking(page),
        _columns(page),
    )
    body = el("body", header, el("main", *sections), el("footer", el("div", esc("Made by kith match."))))
    return "\n".join(("<!DOCTYPE html>", el("html", head, body, lang="en"), ""))


def _section(title: str, lead: str, *cards: str) -> str:
    return el("section", el("h2", esc(title)), el("p", esc(lead), cls="lead"), el("div", *cards, cls="cards"))


def _card(title: str, *body: str, note: str = "", size: str = "half") -> str:
    foot = el("p", esc(note), cls="foot") if note else ""
    return el("div", el("h3", esc(title)), *body, foot, cls=f"card {size}")


def _tiles(page: Page) -> str:
    matched = page.matched
    strong = matched.scored.weights >= matched.limits.threshold
    shown = [
        ("Records", whole(page.records.n), plural(len(page.records.sources), "file")),
        ("Clusters", whole(len(np.unique(matched.clusters))), f"largest of {max(cluster_sizes(matched.clusters))}"),
        ("Pairs at the threshold", whole(int(strong.sum())), f"of {whole(len(strong))} compared"),
        ("Pairs cut by the guard", whole(len(page.cuts)), "listed below with reasons"),
    ]
    if page.accuracy:
        for name, score in (
            ("Pairs", page.accuracy.pairs),
            ("Clusters", page.accuracy.clusters),
            ("B-cubed", page.accuracy.bcubed),
        ):
            said = f"precision {decimals(score.precision, 4)}, recall {decimals(score.recall, 4)}"
            shown.append((f"{name} against labels: F1", decimals(score.f1, 4), said))
        shown.append(("Records judged", whole(page.accuracy.records), "that the labels know"))
    return el("div", *[_tile(*tile) for tile in shown], cls="tiles")


def _tile(name: str, figure: str, note: str) -> str:
    parts = (el("span", esc(name), cls="what"), el("strong", esc(figure)), el("span", esc(note), cls="why"))
    return el("div", *parts, cls="tile")


def _weights(page: Page) -> str:
    model = page.matched.model
    cards = []
    for comparison, m, u in zip(model.comparisons, model.m, model.u, strict=True):
        rows = []
        for number, level in enumerate(comparison.levels):
            gamma = len(comparison.levels) - 1 - number
            note = f"seen in {percent(m[gamma], 2)} of matches, in {percent(u[gamma], 3)} of other pairs"
            rows.append((level.label, float(np.log2(m[gamma] / u[gamma])), note))
        cards.append(
            _card(f"{comparison.field} ({comparison.kind})", diverging(rows, label=f"Weights of {comparison.field}"))
        )
    lead = "Bits that each level of agreement adds or takes; three bits make a match eight times as likely."
    return _section("What counts for how much", lead, *cards)


def _examples(page: Page) -> str:
    scored, limits = page.matched.scored, page.matched.limits
    together = page.matched.clusters[scored.left] == page.matched.clusters[scored.right]
    strong = scored.weights >= limits.threshold
    wanted = (
        (
            "A typical link",
            strong & together,
            float(np.median(scored.weights[strong & together])) if (strong & together).any() else 0,
        ),
        ("The least certain link", strong & together, limits.threshold),
        ("The strongest pair that the guard cut", strong & ~together, 60.0),
        ("Just not strong enough", ~strong & ~together, limits.threshold),
    )
    cards = []
    for title, kind, weight in wanted:
        at = np.flatnonzero(kind)
        if len(at):
            best = int(at[np.argmin(np.abs(scored.weights[at] - weight))])
            cards.append(_example(page, title, best))
    return _section("Example pairs", "From the prior odds, field by field, to the weight of the pair.", *cards)


def _example(page: Page, title: str, at: int) -> str:
    scored, model = page.matched.scored, page.matched.model
    left, right = int(scored.left[at]), int(scored.right[at])
    rows = _values(page, [left, right])
    prior = float(np.log2(model.prior / (1 - model.prior)))
    steps = [Step("prior odds", prior, "two records taken at random")]
    for number, (comparison, table) in enumerate(zip(model.comparisons, model.tables, strict=True)):
        gamma = int(scored.gammas[at, number])
        label = "missing" if gamma < 0 else comparison.levels[len(comparison.levels) - 1 - gamma].label
        values = " · ".join(str(row[comparison.field] or "–") for row in rows)
        steps.append(Step(comparison.field, float(table[gamma]), f"{label}: {values}"))
    rest = float(scored.weights[at]) - sum(step.bits for step in steps)
    steps.append(Step("rare or common", rest, "adjustment for the frequencies of the equal values"))
    p = float(probability(scored.weights[at : at + 1])[0])
    said = f"{page.ids[left]} and {page.ids[right]}: probability {p:.4f}"
    shown = [(c.field, *[str(row[c.field] or "–")[:60] for row in rows]) for c in model.comparisons]
    values_table = grid(("field", page.ids[left], page.ids[right]), shown, numeric=9)
    return _card(title, waterfall(steps, label=said), values_table, note=said)


def _values(page: Page, rids: Sequence[int]) -> list[dict[str, object]]:
    found = page.con.execute(f"SELECT * FROM prepared WHERE rid IN ({', '.join(map(str, rids))})")
    names = [column[0] for column in found.description or ()]
    by_rid = {row[names.index("rid")]: dict(zip(names, row, strict=True)) for row in found.fetchall()}
    return [by_rid[rid] for rid in rids]


def _clusters(page: Page) -> str:
    sizes = cluster_sizes(page.matched.clusters)
    bars = [
        Bar(str(size), times, note=f"{plural(times, 'cluster')} of {plural(size, 'record')}")
        for size, times in sizes.items()
    ]
    picture = columns(bars[:40], label="Clusters by their size", x="records in a cluster")
    return _section(
        "Cluster sizes", "How many clusters have how many records.", _card("Sizes", picture, _histogram(page))
    )


def _histogram(page: Page) -> str:
    weights = np.clip(page.matched.scored.weights, -30, 40)
    counts, edges = np.histogram(weights, bins=35, range=(-30, 40))
    bars = [
        Bar(f"{edge:.0f}", float(n), note=f"{n:,} pairs of {edge:.0f} to {edge + 2:.0f} bits")
        for n, edge in zip(counts, edges, strict=False)
    ]
    return columns(bars, label="Compared pairs by their weight", x="weight of compared pairs, in bits")


def _cut(page: Page) -> str:
    kinds = Counter(cut.reason.partition(":")[0] for cut in page.cuts)
    bars = [Bar(kind, n, tone="bad") for kind, n in kinds.most_common()]
    shown = sorted(page.cuts, key=lambda cut: (-cut.weight, cut.left, cut.right))[:CUTS_SHOWN]
    rows = [(page.ids[c.left], page.ids[c.right], f"{c.weight:.1f}", c.reason) for c in shown]
    table = grid(("record", "record", "bits", "why"), rows, numeric=9) if rows else EMPTY
    lead = "Pairs that are strong enough on their own, but whose clusters were kept apart."
    note = f"The strongest {len(rows)} of {whole(len(page.cuts))}; all stand in cut.parquet."
    return _section(
        "What was cut", lead, _card("By reason", bar_list(bars)), _card("Cut pairs", table, note=note, size="full")
    )


def _blocking(page: Page) -> str:
    matched = page.matched
    rows = [(p.name, whole(p.pairs), str(p.max_block)) for p in matched.passes]
    table = grid(("pass", "pairs more", "largest block"), rows)
    lead = "Only pairs that share a key are compared; a pair that shares none cannot be found."
    note = (
        f"An estimated {percent(matched.recall)} of the true pairs are compared (capture and recapture over the fields that "
        "brought a pair: Chao's lower bound of what no field caught). Where it is low, a second pass uses looser keys."
    )
    files = [page.records.sources[number] for number in matched.free]
    free = [el("p", esc(f"Taken to be free of duplicates: {', '.join(files)}."), cls="foot")] if files else []
    return _section("What is compared", lead, _card("Blocking", table, *free, note=note))


def _columns(page: Page) -> str:
    rows = [(c.file, c.name, c.kind.value, c.why) for c in page.records.columns]
    table = grid(("file", "column", "taken for", "why"), rows, numeric=9)
    return _section("Columns", "What each column was taken for.", _card("Recognised", table, size="full"))
