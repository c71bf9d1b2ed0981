"""The sections on the data itself: headline, rows by layer, quality and balance of rows, lineage, what each run cost."""

from base64 import b64encode
from collections.abc import Callable, Sequence

from jobs.reporting import lineage
from jobs.reporting.facts import Facts, Run
from jobs.reporting.figures import Bar, bar_list, legend, pair_list, share
from jobs.reporting.markup import day, decimals, el, esc, grid, percent, plural, short, span, whole
from jobs.reporting.store import Row
from jobs.reporting.stories import Story
from lakehouse.job import Group
from lakehouse.load import Merge

LAYERS = {
    "bronze": "Bronze, as delivered",
    "silver": "Silver, one definition",
    "gold": "Gold, ready to use",
    "ops": "Ops, the platform's log",
}
GROUPS = {
    "bronze": "bronze: landed files",
    "silver": "silver: entities",
    "identity": "identity: who is who",
    "gold": "gold: star and marts",
    "ml": "models and scores",
    "ops": "operations",
}
RUNS_SHOWN, JOBS_SHOWN = 8, 18


def section(name: str, title: str, lead: str, *cards: str) -> str:
    """One section of the page: an anchor, a title, a sentence, and cards."""
    return el("section", el("h2", esc(title)), el("p", esc(lead), cls="lead"), el("div", *cards, cls="cards"), id=name)


def card(title: str, *body: str, note: str = "", size: str = "half") -> str:
    """A card; ``size`` is ``half`` or ``full`` of the page's width; ``note`` stands below, small."""
    foot = el("p", esc(note), cls="foot") if note else ""
    return el("div", el("h3", esc(title)), *body, foot, cls=f"card {size}")


def missing(text: str) -> str:
    """What stands where there is nothing to show."""
    return el("p", esc(text), cls="empty")


def tiles(facts: Facts) -> str:
    """The headline figures."""
    shown = [
        _people(facts),
        _identifiers(facts),
        *_sold(facts),
        _feeds(facts),
        _truth(facts),
        _model(facts),
        _last(facts),
    ]
    return el("div", *[_tile(*tile) for tile in shown if tile], cls="tiles")


Tile = tuple[str, str, str]


def _tile(name: str, figure: str, note: str) -> str:
    parts = (el("span", esc(name), cls="what"), el("strong", esc(figure)), el("span", esc(note), cls="why"))
    return el("div", *parts, cls="tile")


def _people(facts: Facts) -> Tile | None:
    levels = {row["identity_level"]: row["people"] for row in facts.answers["people"]}
    if not levels:
        return None
    named = sum(levels.get(level, 0) for level in ("known", "verified"))
    return "People (One IDs)", whole(sum(levels.values())), f"{whole(named)} known by name, contact or registration"


def _identifiers(facts: Facts) -> Tile | None:
    clusters = facts.answers["sizes"]
    people = sum(row["n_clusters"] for row in clusters)
    tokens = sum(row["n_clusters"] * row["n_tokens"] for row in clusters)
    return ("Identifiers", whole(tokens), f"{tokens / people:.1f} for each person") if people else None


def _sold(facts: Facts) -> list[Tile]:
    if not facts.answers["sales"]:
        return []
    top = facts.answers["sales"][0]
    when = f"{top['first_on']} to {top['last_on']}"
    orders = sum(row["orders"] for row in facts.answers["sales"])
    money = f"{short(top['revenue'])} {top['currency'] or ''}".strip()
    return [
        ("Orders", whole(orders), when),
        (
            "Revenue",
            money,
            "sales net of discount" + (f"; {plural(top['returns'], 'line')} returned" if top["returns"] else ""),
        ),
    ]


def _feeds(facts: Facts) -> Tile:
    feeds = [n for n in facts.graph.jobs if n.startswith("bronze.")]
    live = [n for n in feeds if facts.counts.get(n)]
    rows = sum(facts.counts[n] for n in live)
    return "Sources", f"{len(live)} of {len(feeds)}", f"{whole(rows)} records as delivered"


def _truth(facts: Facts) -> Tile | None:
    if facts.accuracy is None:
        return None
    scores = facts.accuracy.scores
    note = f"recall {percent(scores.recall)}, against planted truth"
    return "Identity precision", percent(scores.precision), note


def _model(facts: Facts) -> Tile | None:
    if facts.card is None:
        return None
    note = f"AUC {decimals(facts.card.metrics.auc)}, hold-out of {day(facts.card.holdout_as_of)}"
    return "Lift, best tenth", f"{facts.card.metrics.lift10:.1f} ×", note


def _last(facts: Facts) -> Tile | None:
    if not facts.runs:
        return None
    last = facts.runs[-1]
    note = f"{plural(len(last.by_job), 'job')}, {whole(last.rows)} rows written"
    return "Last run", span(last.seconds), note


def by_layer(facts: Facts) -> str:
    """Rows by layer and table."""
    known = [*facts.graph.jobs, *(name for name in facts.counts if name not in facts.graph.jobs)]
    cards = [_layer(facts, layer, [n for n in known if n.startswith(f"{layer}.")]) for layer in LAYERS]
    total = sum(facts.counts.values())
    lead = f"{whole(total)} rows in {plural(len(facts.counts), 'table')}, as the tables stand now."
    return section("rows", "Rows by layer", lead, *cards)


def _layer(facts: Facts, layer: str, names: Sequence[str]) -> str:
    counted = {name: facts.counts.get(name, 0) for name in names}
    bars = [
        Bar(name.partition(".")[2], rows, whole(rows), f"{name}, Delta version {facts.versions.get(name, '–')}", layer)
        for name, rows in sorted(counted.items(), key=lambda item: -item[1])
        if rows
    ]
    empty = [name.partition(".")[2] for name, rows in counted.items() if not rows]
    note = f"No rows yet: {', '.join(sorted(empty))}." if empty else ""
    title = f"{LAYERS[layer]}: {whole(sum(counted.values()))}"
    return card(title, bar_list(bars) if bars else missing("No rows yet."), note=note)


def quality(facts: Facts) -> str:
    """What was refused, whether the rows add up, and what the gates found."""
    refused = sum(row["entries"] for row in facts.quarantine)
    lines = [line for row in facts.balance if (line := _line(facts, row))]
    lead = f"{plural(refused, 'record or file', 'records and files')} stand in quarantine, as delivered, with a reason."
    if lines and not any(_left(line) for line in lines):
        lead += (
            " Nothing is dropped: every row that came in is in a table, in quarantine, "
            "or an older or repeated version of a row that is."
        )
    cards = (_refused(facts), _gates(facts), _balance(lines))
    return section("quality", "Data quality", lead, *cards)


def _refused(facts: Facts) -> str:
    rows = sorted(facts.quarantine, key=lambda row: -row["entries"])
    bars = [
        Bar(
            f"{row['source']} · {_words(row['reason'])}",
            row["entries"],
            whole(row["entries"]),
            f"refused by {row['stage']}",
            "bad",
        )
        for row in rows[:14]
    ]
    rest = sum(row["entries"] for row in rows[14:])
    note = f"{plural(len(rows) - 14, 'rarer reason')} with {whole(rest)} entries left out." if rest else ""
    body = bar_list(bars) if bars else missing("Nothing was refused.")
    return card("Quarantined, by source and reason", body, note=note)


def _words(reason: str) -> str:
    return reason.replace("_", " ").replace(",", ", ")


def _gates(facts: Facts) -> str:
    if not facts.gates:
        return card("Gates", missing("No gate has checked a table yet."))
    rows = [
        (row["table"], whole(row["rules"]), whole(row["runs"]), whole(row["violations"]), whole(row["stopped"]))
        for row in facts.gates
    ]
    checks = sum(row["checks"] for row in facts.gates)
    stopped = sum(row["stopped"] for row in facts.gates)
    said = "all passed" if not stopped else f"{whole(stopped)} stopped a publication"
    note = f"{plural(checks, 'check')} of whole batches before publication; {said}."
    return card("Gates before gold", grid(("table", "rules", "runs", "violations", "stopped"), rows), note=note)


def _balance(lines: Sequence[Row]) -> str:
    if not lines:
        return card("Every row accounted for", missing("No run has been logged yet."), size="full")
    feeds = [line for line in lines if line["job"].startswith("bronze.")]
    total: Row = {"job": f"bronze, {plural(len(feeds), 'feed')}"}
    total |= {key: sum(line[key] for line in feeds) for key in ("came", "again", "bad", "now")}
    silver = sorted((line for line in lines if line not in feeds), key=lambda line: -line["came"])
    head = ("written by", "rows in", "older or repeated", "quarantined", "rows in the table", "left over")
    short_table = grid(head, [_written(line) for line in (total, *silver)])
    feeds_table = grid(head, [_written(line) for line in sorted(feeds, key=lambda line: -line["came"])])
    all_feeds = el("details", el("summary", esc("Each feed")), feeds_table)
    note = "Rows in = rows in the table + older or repeated + quarantined + left over."
    if any(_left(line) for line in lines):
        note += " Left over is not 0 where a run ended before it could write its log, or where a table was rebuilt."
    return card("Every row accounted for", short_table, all_feeds, note=note, size="full")


def _line(facts: Facts, row: Row) -> Row | None:
    """One job's account; None for jobs that do not take rows one by one."""
    job = facts.graph.jobs.get(row["job"])
    if job is None:
        return None
    if job.group is Group.BRONZE:
        bad = sum(q["records"] for q in facts.quarantine if q["stage"] == job.name)
    elif isinstance(job.load, Merge) and job.load.newest:
        bad = row["rows_quarantined"]
    else:
        return None
    now = facts.counts.get(job.name, 0)
    return {"job": job.name, "came": row["rows_in"], "again": row["rows_duplicate"], "bad": bad, "now": now}


def _left(line: Row) -> int:
    return int(line["came"] - line["again"] - line["bad"] - line["now"])


def _written(line: Row) -> tuple[str, ...]:
    said = f"{_left(line):+,}" if _left(line) else "0 ✓"
    return line["job"], whole(line["came"]), whole(line["again"]), whole(line["bad"]), whole(line["now"]), said


def graph(facts: Facts) -> str:
    """The lineage graph."""
    nodes = [
        lineage.Node(name, job.group.value, _note(facts, name, job.doc), facts.graph.upstream[name])
        for name, job in facts.graph.jobs.items()
    ]
    edges = sum(len(node.reads) for node in nodes)
    lead = (
        f"{plural(len(nodes), 'table')}, one job each, {plural(edges, 'line')} of what reads what. Point at a table to see "
        "its job and its lines, at a line to see the Delta versions of the latest run; dashed lines have not been used yet."
    )
    drawn = el("div", lineage.picture(nodes, facts.lineage, GROUPS), cls="scroll")
    return section("lineage", "Lineage", lead, el("div", drawn, cls="card full"))


def _note(facts: Facts, name: str, doc: str) -> str:
    rows = facts.counts.get(name)
    return doc if rows is None else f"{doc}\n{plural(rows, 'row')}, Delta version {facts.versions[name]}"


def cost(facts: Facts) -> str:
    """What each run cost, and where its seconds went."""
    if not facts.runs:
        return section("cost", "What each run cost", "No run has been logged yet.")
    first, last = facts.runs[0], facts.runs[-1]
    lead = f"The first run took {span(first.seconds)} and wrote {plural(first.rows, 'row')}"
    if last is not first:
        lead += f"; the latest took {span(last.seconds)} and wrote {whole(last.rows)}"
    lead += ". A run without new data writes nothing and is not logged."
    return section("cost", "What each run cost", lead, _runs(facts.runs), _jobs(first, last))


def _runs(runs: Sequence[Run]) -> str:
    numbered = list(enumerate(runs))
    shown = numbered if len(runs) <= RUNS_SHOWN else [numbered[0], *numbered[1 - RUNS_SHOWN :]]
    rows = [(_called(number), _wall(run), _core(run)) for number, run in shown]
    table = grid(
        ("run", "data to", "jobs", "rows written"),
        [(_called(n), str(r.as_of or "–"), whole(len(r.by_job)), whole(r.rows)) for n, r in shown],
    )
    keys = legend(("accent", "wall seconds"), ("second", "core-seconds in Spark tasks"))
    left_out = len(runs) - len(shown)
    note = f"{plural(left_out, 'run')} between the first and these left out." if left_out else ""
    return card("Run by run", keys, pair_list(rows), table, note=note)


def _wall(run: Run) -> Bar:
    return Bar("", run.seconds, span(run.seconds), f"{run.seconds:.1f} s of wall time", "accent")


def _core(run: Run) -> Bar:
    return Bar("", run.core_seconds, span(run.core_seconds), f"{run.core_seconds:.1f} core-seconds", "second")


def _called(number: int) -> str:
    return f"run {number + 1}"


def _jobs(first: Run, last: Run) -> str:
    one = first if first is not last else None
    most: Callable[[str], float] = lambda name: max(last.by_job.get(name, 0.0), first.by_job.get(name, 0.0))  # noqa: E731
    names = sorted({*first.by_job, *last.by_job}, key=most, reverse=True)
    title = "Seconds by job"
    if one is None:
        bars = [Bar(name, last.by_job[name], span(last.by_job[name])) for name in names[:JOBS_SHOWN]]
        return card(title, bar_list(bars), note=_others(names, last))
    rows = [(name, _seconds(one, name, "second"), _seconds(last, name, "accent")) for name in names[:JOBS_SHOWN]]
    keys = legend(("second", "first run"), ("accent", "latest run"))
    return card(title, keys, pair_list(rows), note=_others(names, last))


def _seconds(run: Run, name: str, tone: str) -> Bar:
    seconds = run.by_job.get(name, 0.0)
    return Bar(name, seconds, span(seconds) if name in run.by_job else "–", f"{name}: {seconds:.2f} s", tone)


def _others(names: Sequence[str], last: Run) -> str:
    rest = [last.by_job.get(name, 0.0) for name in names[JOBS_SHOWN:]]
    part = share(sum(rest), sum(last.by_job.values()))
    jobs = f"{plural(len(rest), 'shorter job')} left out ({percent(part, 0)} of the latest run). " if rest else ""
    return jobs + "Jobs run side by side where the graph allows, so their seconds add up to more than the run's."


def told(found: Sequence[Story]) -> list[str]:
    """A card for each story."""
    return [card(story.title, _picture(story), note=story.note) for story in found]


def _picture(story: Story) -> str:
    """A picture as an image of its own: its styles would else be the page's."""
    data = b64encode(story.picture.encode("utf-8")).decode("ascii")
    return el("div", el("img", src=f"data:image/svg+xml;base64,{data}", alt=story.title), cls="picture")
