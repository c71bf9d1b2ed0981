"""The sections on people: identities and how right they are, recency-frequency-monetary tiers, and the repurchase model."""

from collections.abc import Sequence
from datetime import date

from jobs.reporting.accuracy import Accuracy
from jobs.reporting.facts import BINS, Facts
from jobs.reporting.figures import (
    Bar,
    Cell,
    Point,
    bar_list,
    calibration,
    columns,
    heat,
    legend,
    pair_list,
    share,
)
from jobs.reporting.markup import day, decimals, el, esc, grid, percent, plural, short, whole
from jobs.reporting.models import every_model
from jobs.reporting.parts import card, missing, section, told
from jobs.reporting.store import Row
from lakehouse.job import Group
from lakehouse.tables import silver
from ml.card import ModelCard

TIERS = ("champions", "loyal", "promising", "new", "at_risk", "dormant")
LARGEST = 12
PROVEN = {
    "identifier_has_one_person": "every identifier has exactly one person",
    "person_is_one_component": "every person is one component of the evidence",
    "component_is_one_person": "every component is one person",
    "strong_edge_inside_person": "both ends of strong evidence are one person",
}


def identity(facts: Facts) -> str:
    """Clusters, fences, events, and accuracy against the truth."""
    title = "Who is who"
    clusters = facts.answers["sizes"]
    if not clusters:
        return section("identity", title, "No identities have been resolved yet: silver.identity_map has no rows.")
    people = sum(row["n_clusters"] for row in clusters)
    alone = sum(row["n_clusters"] for row in clusters if row["n_tokens"] == 1)
    lead = (
        "Identifiers seen on one record are evidence that they belong together. "
        f"{plural(people, 'person', 'people')} came of it; "
        f"{percent(share(alone, people), 0)} are known by a single identifier so far."
    )
    judged = (_accuracy(facts.accuracy), _astray(facts.accuracy))
    cards = (
        judged[0],
        _sizes(clusters),
        _proof(facts),
        _events(facts),
        _fences(facts),
        judged[1],
        *told(facts.stories),
    )
    return section("identity", title, lead, *[c for c in cards if c])


def _accuracy(found: Accuracy | None) -> str:
    title = "Accuracy against the planted truth"
    if found is None:
        return card(
            title,
            missing("There is no planted truth beside this lake, so nobody can say how right these identities are."),
        )
    scores = found.scores
    meters = [
        Bar(
            "precision",
            scores.precision,
            percent(scores.precision, 2),
            f"{whole(scores.pairs_common)} of {whole(scores.pairs_predicted)} pairs",
            "identity",
        ),
        Bar(
            "recall",
            scores.recall,
            percent(scores.recall, 2),
            f"{whole(scores.pairs_common)} of {whole(scores.pairs_true)} pairs",
            "identity",
        ),
        Bar("F1", scores.f1, percent(scores.f1, 2), "harmonic mean of both", "identity"),
        Bar(
            "B-cubed precision",
            scores.bcubed_precision,
            percent(scores.bcubed_precision, 2),
            "each identifier counts the same",
            "second",
        ),
        Bar(
            "B-cubed recall",
            scores.bcubed_recall,
            percent(scores.bcubed_recall, 2),
            "each identifier counts the same",
            "second",
        ),
    ]
    meaning = (
        f"Of {whole(scores.pairs_predicted)} pairs of identifiers that were given to one person, "
        f"{whole(scores.pairs_predicted - scores.pairs_common)} are of two; "
        f"of {whole(scores.pairs_true)} pairs that belong together, "
        f"{whole(scores.pairs_true - scores.pairs_common)} stand apart. Judged are the {whole(scores.tokens)} identifiers of one "
        f"person each that some record shows, of {whole(found.planted)} that were planted."
    )
    return card(title, bar_list(meters, longest=1.0), note=meaning)


def _astray(found: Accuracy | None) -> str:
    if found is None:
        return ""
    head = ("identifier", "planted", "seen", "shared", "apart", "with a stranger")
    keys = ("planted", "seen", "shared", "apart", "strange")
    rows = [(_words(row["id_type"]), *[whole(row[key]) for key in keys]) for row in found.by_type]
    worst = max(found.by_type, key=lambda row: row["apart"], default=None)
    note = "Apart: outside the cluster that has most of its person. Shared: of several people, not judged."
    if worst and worst["apart"]:
        part = percent(share(worst["apart"], worst["seen"] - worst["shared"]), 0)
        note = f"The commonest miss is {_words(worst['id_type'])}: {part} stand apart from their person. {note}"
    return card("Where identifiers went astray", grid(head, rows), note=note)


def _words(name: str | None) -> str:
    return (name or "unknown").replace("_", " ")


def _sizes(clusters: Sequence[Row]) -> str:
    counted: dict[int, int] = {}
    for row in clusters:
        size = min(row["n_tokens"], LARGEST)
        counted[size] = counted.get(size, 0) + row["n_clusters"]
    largest = max(row["n_tokens"] for row in clusters)
    bars = [
        Bar(
            f"{size}+" if size == LARGEST and largest > LARGEST else str(size),
            counted.get(size, 0),
            note=f"{plural(counted.get(size, 0), 'person', 'people')} with {plural(size, 'identifier')}",
            tone="identity",
        )
        for size in range(1, min(largest, LARGEST) + 1)
    ]
    drawn = columns(bars, label="people by number of identifiers", x="identifiers of a person")
    return card(
        "People by number of identifiers", drawn, note=f"The largest person has {plural(largest, 'identifier')}."
    )


def _fences(facts: Facts) -> str:
    title = "Evidence that was fenced off"
    rows = facts.answers["fences"]
    if not rows:
        return card(title, missing("Nothing was cut."))
    bars = [
        Bar(f"{row['fence'].replace('_', ' ')}: {row['reason']}", row["edges"], whole(row["edges"]), tone="bad")
        for row in rows[:12]
    ]
    of = facts.counts.get(silver.IDENTITY_EDGE.name, 0)
    note = (
        f"{whole(sum(row['edges'] for row in rows))} of {whole(of)} edges could merge and do not; each stands in "
        "silver.identity_fence with its reason. What several people share (a family's tablet, a phone at home, a "
        "placeholder) says nothing about who is who; weak evidence never joins two known people."
    )
    return card(title, bar_list(bars), note=note)


def _events(facts: Facts) -> str:
    rows = facts.answers["events"]
    title = "What happened to people's ids"
    if not rows:
        return card(title, missing("Nothing has happened yet."))
    days: dict[date, dict[str, int]] = {}
    for row in rows:
        days.setdefault(row["occurred_on"], {})[row["event_type"]] = row["events"]
    kinds = ("create", "merge", "split")
    spent = _identity_cores(facts)
    body = [
        (
            str(when),
            *[whole(found.get(kind, 0)) for kind in kinds],
            whole(found.get("pin", 0) + found.get("forbid", 0)),
            decimals(spent.get(when), 1),
        )
        for when, found in sorted(days.items())[-10:]
    ]
    note = (
        "An id lasts: a merge keeps the older one and leaves an alias, a split gives the smaller part a new one. "
        "Decided: pins and forbids of people, on the day they were made. The last column is what the identity jobs took."
    )
    head = ("day", "created", "merged away", "split off", "decided", "core-seconds")
    return card(title, grid(head, body), note=note)


def _identity_cores(facts: Facts) -> dict[date, float]:
    """Core-seconds of the identity jobs by day of the data."""
    ours = {name for name, job in facts.graph.jobs.items() if job.group is Group.IDENTITY}
    spent: dict[date, float] = {}
    for run in facts.runs:
        if run.as_of:
            cores = sum(seconds for job, seconds in run.cores_by_job.items() if job in ours)
            spent[run.as_of] = spent.get(run.as_of, 0.0) + cores
    return spent


def _proof(facts: Facts) -> str:
    title = "The proof"
    if not facts.proof:
        return card(title, missing("Nothing has been published yet."))
    found = {row["rule"]: row for row in facts.proof}
    weak = found.pop("weak_edge_followed", None)
    rows = [(PROVEN[rule], whole(row["checked"]), whole(row["broken"])) for rule, row in found.items()]
    wrong = sum(row["broken"] for row in found.values())
    note = (
        "Nothing is broken. "
        if not wrong
        else f"{whole(wrong)} rows break a rule: these identities are not to be trusted. "
    )
    note += "Each run proves what it changes, and a sample of it by another algorithm, before it publishes."
    if weak:
        refused, followed = weak["broken"], weak["checked"] - weak["broken"]
        note += f" Of weak edges {whole(followed)} were followed and {whole(refused)} refused: they would join known people."
    return card(title, grid(("what holds", "checked", "broken"), rows), note=note)


def rfm(facts: Facts) -> str:
    """The heat map of recency by frequency, and the tiers."""
    rows = facts.answers["rfm"]
    title = "Recency, frequency, money"
    if not rows:
        return section("rfm", title, "No tiers have been computed yet: gold.mart_rfm has no rows.")
    buyers, spend = sum(row["people"] for row in rows), float(sum(row["spend"] for row in rows))
    lead = (
        f"{plural(buyers, 'buyer')} in quintiles as of {day(max(row['as_of'] for row in rows))}, five being the best fifth. "
        "The colour is mean spend, the figure is people."
    )
    return section("rfm", title, lead, card("Spend by recency and frequency", _heat(rows)), _tiers(rows, buyers, spend))


def _heat(rows: Sequence[Row]) -> str:
    cells = {(f, r): _summed(rows, f, r) for f in range(1, 6) for r in range(1, 6)}
    means = {key: spend / people for key, (people, spend) in cells.items() if people}
    low, high = min(means.values()), max(means.values())
    drawn = {
        (f, r): Cell(
            strength=(means[f, r] - low) / (high - low) if high > low else 0.5,
            text=whole(cells[f, r][0]),
            small=f"ø {short(means[f, r])}",
            note=f"recency {r}, frequency {f}: {plural(cells[f, r][0], 'person', 'people')}, mean spend {means[f, r]:,.2f}",
        )
        for f, r in means
    }
    fives = [(n, str(n)) for n in range(1, 6)]
    return heat(
        drawn,
        xs=fives,
        ys=fives[::-1],
        x="frequency: how often they bought →",
        y="recency: how lately →",
        label="people and mean spend by recency and frequency",
    )


def _summed(rows: Sequence[Row], f: int, r: int) -> tuple[int, float]:
    here = [row for row in rows if row["f"] == f and row["r"] == r]
    return sum(row["people"] for row in here), float(sum(row["spend"] for row in here))


def _tiers(rows: Sequence[Row], buyers: int, spend: float) -> str:
    sums: dict[str, tuple[int, float]] = {}
    for row in rows:
        people, money = sums.get(row["tier"], (0, 0.0))
        sums[row["tier"]] = people + row["people"], money + float(row["spend"])
    order = [*[t for t in TIERS if t in sums], *sorted(set(sums) - set(TIERS))]
    drawn = [
        (
            _words(tier),
            Bar(
                tier,
                share(sums[tier][0], buyers),
                percent(share(sums[tier][0], buyers)),
                f"{whole(sums[tier][0])} people",
                "second",
            ),
            Bar(
                tier,
                share(sums[tier][1], spend),
                percent(share(sums[tier][1], spend)),
                f"{whole(sums[tier][1])} of revenue",
                "accent",
            ),
        )
        for tier in order
    ]
    keys = legend(("second", "share of buyers"), ("accent", "share of revenue"))
    return card("Tiers", keys, pair_list(drawn))


def model(facts: Facts) -> str:
    """The repurchase model: lift, calibration, metrics, the gate's word, and today's scores."""
    title = "Who buys again within 30 days"
    if facts.model is None:
        return section("model", title, "No model has been trained yet: ops.model_run has no rows.")
    if facts.card is None:
        return section("model", title, f"Nothing was registered: {facts.model['reason']}")
    found = facts.card
    standing = f"version {facts.model['version']}, {facts.model['alias'] or 'not promoted'}"
    lead = (
        f"{found.name} {standing}: trained as of {day(found.trained_as_of)} on {whole(found.training_rows)} rows, judged on "
        f"{plural(found.metrics.rows, 'person', 'people')} held out as of {day(found.holdout_as_of)}, "
        f"of whom {percent(found.metrics.base_rate)} bought again."
    )
    shown = (_lift(found), _metrics(found), _importance(found), _calibrated(found), _today(facts), every_model(facts))
    return section("model", title, lead, *shown)


def _lift(found: ModelCard) -> str:
    bars = [
        Bar(
            str(d.decile),
            d.lift,
            f"{d.lift:.1f}",
            f"decile {d.decile}: {percent(d.actual_rate)} bought, {percent(d.gain)} of all buyers up to here",
            "ml",
        )
        for d in found.deciles
    ]
    drawn = columns(
        bars,
        label="lift by decile",
        x="tenths of people by score, the likeliest first",
        reference=(1.0, "as often as anybody"),
    )
    best = found.deciles[:2]
    note = f"The best two tenths hold {percent(best[-1].gain, 0)} of all who bought." if len(best) == 2 else ""
    return card("Lift by decile", drawn, note=note)


def _calibrated(found: ModelCard) -> str:
    points = [Point(b.mean_score, b.actual_rate, b.rows) for b in found.calibration_bins if b.rows]
    drawn = calibration(points, label="calibration: predicted against actual rate")
    note = f"Mean distance from the diagonal {decimals(found.metrics.calibration_error)}; calibration by {found.calibration}."
    return card("Calibration on the hold-out", drawn, note=note)


def _metrics(found: ModelCard) -> str:
    names = {
        "auc": "AUC",
        "ap": "average precision",
        "lift10": "lift, best tenth",
        "brier": "Brier score",
        "calibration_error": "calibration error",
    }
    sets: dict[str, object] = {"model": found.metrics, "baseline": found.baseline}
    sets |= {"champion before": found.champion} if found.champion else {}
    rows = [(words, *[decimals(getattr(values, name)) for values in sets.values()]) for name, words in names.items()]
    gain = found.gain_over_baseline
    metric = names.get(found.gate_metric, found.gate_metric)
    said = f"Gain over the baseline in {metric}: {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})."
    gate = el("p", el("b", esc("The gate: ")), esc(found.reason), cls="verdict")
    return card("Against the baseline", grid(("on the hold-out", *sets), rows), gate, note=said)


def _importance(found: ModelCard) -> str:
    top = [Bar(_words(name), part, percent(part), tone="ml") for name, part in list(found.importance.items())[:8]]
    return card("What the model looks at", bar_list(top), note="Share of the trees' gain by feature.")


def _today(facts: Facts) -> str:
    rows = facts.answers["scores"]
    title = "Scores today"
    if not rows:
        return card(
            title,
            missing("Nobody has been scored yet: there is no champion, or no buyer of the last year."),
            size="full",
        )
    tiers = {tier: sum(row["people"] for row in rows if row["tier"] == tier) for tier in ("high", "medium", "low")}
    bars = [_bin(rows, number) for number in range(max(row["bin"] for row in rows) + 1)]
    people, expected = sum(row["people"] for row in rows), sum(row["expected"] for row in rows)
    named = ", ".join(f"{whole(count)} {tier}" for tier, count in tiers.items() if count)
    note = (
        f"As of {day(rows[0]['as_of'])}, by version {rows[0]['model_version']}: {whole(expected)} of {whole(people)} people are "
        f"expected to buy within 30 days. Tiers: {named}."
    )
    return card(title, columns(bars, label="people by score", x="probability of buying within 30 days"), note=note)


def _bin(rows: Sequence[Row], number: int) -> Bar:
    people = sum(row["people"] for row in rows if row["bin"] == number)
    low, high = number / BINS, (number + 1) / BINS
    return Bar(
        percent(low, 0),
        people,
        note=f"{percent(low, 0)} to {percent(high, 0)}: {plural(people, 'person', 'people')}",
        tone="ml",
    )
