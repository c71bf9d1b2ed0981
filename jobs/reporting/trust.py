"""The section on trust: every row accounted for at each stage, how fresh each feed is in gold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.reporting.figures import Bar, bar_list, legend
from jobs.reporting.markup import el, esc, grid, plural, span, whole
from jobs.reporting.store import Row, Shelf
from lakehouse.tables import feeds

STAGES = {
    "land": "files → bronze",
    "map": "bronze → rows of silver",
    "merge": "rows → silver tables",
}
FIGURES = ("rows_out", "rows_quarantined", "rows_duplicate", "rows_filtered", "rows_exploded")


@dataclass(frozen=True, slots=True)
class Trust:
    """``stages``: sums by stage; ``feeds``: what was landed, by source; ``lags``: each source's latest figures of
    ``ops.freshness``; ``files``: counts by outcome; ``replayed``: entries of quarantine that were replayed since.
    """

    stages: Sequence[Row] = ()
    feeds: Sequence[Row] = ()
    lags: Sequence[Row] = ()
    files: Sequence[Row] = ()
    replayed: int = 0


def read_trust(shelf: Shelf) -> Trust:
    """Read the platform's own tables; empty where they are not there."""
    sums = [f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in ("rows_in", *FIGURES)]
    checked = (
        "COUNT(*) AS batches",
        "CAST(SUM(ABS(COALESCE(balance, 0))) AS BIGINT) AS missing",
        "CAST(SUM(CASE WHEN is_balanced THEN 1 ELSE 0 END) AS BIGINT) AS proven",
    )
    landed = shelf.select(
        feeds.LANDED_FILE.name,
        ("source", "MIN(landed_at) AS first_at"),
        where="outcome = 'landed'",
        group=("source",),
    )
    rows = shelf.select(
        feeds.CONSERVATION.name,
        ("source", "CAST(SUM(rows_out) AS BIGINT) AS rows_out"),
        where="stage = 'land'",
        group=("source",),
    )
    known = {row["source"]: row for row in landed}
    return Trust(
        stages=shelf.select(feeds.CONSERVATION.name, ("stage", *checked, *sums), group=("stage",)),
        feeds=[row | known.get(row["source"], {"first_at": None}) for row in rows],
        lags=_latest(shelf),
        files=shelf.select(feeds.LANDED_FILE.name, ("outcome", "COUNT(*) AS files"), group=("outcome",)),
        replayed=len(shelf.select(feeds.QUARANTINE_REPLAY.name, ("file",))),
    )


def _latest(shelf: Shelf) -> list[Row]:
    """Of each source the latest measure into gold (the slowest table of it), silver where no gold table takes it."""
    columns = (
        "run_id",
        '"table"',
        "source",
        "p50_lag_seconds",
        "p95_lag_seconds",
        "slo_hours",
        "is_breached",
        "measured_at",
    )
    rows = shelf.select(feeds.FRESHNESS.name, columns)
    ended: dict[str, datetime] = {}
    for row in rows:
        ended[row["run_id"]] = max(ended.get(row["run_id"], row["measured_at"]), row["measured_at"])
    found: dict[str, Row] = {}
    for row in sorted(
        rows, key=lambda row: (ended[row["run_id"]], row["table"].startswith("gold."), row["p95_lag_seconds"])
    ):
        found[row["source"]] = row
    return sorted(found.values(), key=lambda row: -row["p95_lag_seconds"])


def trust(found: Trust) -> str:
    """The section; a sentence where nothing was written down yet."""
    from jobs.reporting.parts import card, section

    if not found.stages:
        return section("trust", "Nothing lost, nothing late", "No batch has been accounted for yet.")
    missing = sum(row["missing"] for row in found.stages)
    batches, proven = (sum(row[name] for row in found.stages) for name in ("batches", "proven"))
    lead = (
        f"{plural(batches, 'balance')} of rows in against rows out, {whole(proven)} with each side counted at a place of its "
        f"own; {'none is off by a single row' if not missing else plural(missing, 'row') + ' unaccounted for'}. {_newest(found)}"
    )
    cards = [
        card(
            "Rows in = rows out + quarantined + duplicates",
            _stages(found.stages),
            note=f"{_files(found)} {NOTE}",
            size="full",
        ),
        card("From event to gold, 95 % of the rows", *_freshness(found.lags), note=LAG_NOTE, size="full"),
    ]
    return section("trust", "Nothing lost, nothing late", lead, *cards)


NOTE = (
    "First line: records that the reader saw against rows that bronze's commits tell. Second: rows in bronze's log against rows "
    "that came out of the mapping; where a `where` or an `explode` decides, the difference is what it left out or added. "
    "Third: mapped rows against the counts of MERGE and the rows set aside."
)
LAG_NOTE = (
    "Of the latest day, in the time of the data where history is replayed. Red is beyond what the source file promises "
    "(freshness_hours); a feed's first delivery is history and breaks no promise."
)


def _newest(found: Trust) -> str:
    """The feed that was added last, where it came after the others."""
    known = sorted((row for row in found.feeds if row["first_at"]), key=lambda row: row["first_at"])
    if len(known) < 2 or (known[-1]["first_at"] - known[0]["first_at"]).total_seconds() < 60:
        return ""
    newest = known[-1]
    return f"The newest source, {newest['source']}, brought {plural(newest['rows_out'], 'row')}."


def _stages(rows: Sequence[Row]) -> str:
    head = ("stage", "batches", "in", "exploded", "out", "quarantined", "duplicate", "filtered", "unaccounted")
    body = [
        (
            STAGES[row["stage"]],
            whole(row["batches"]),
            *[whole(row[name]) for name in ("rows_in", "rows_exploded", *FIGURES[:4])],
            whole(row["missing"]) if row["missing"] else "0 ✓",
        )
        for row in sorted(rows, key=lambda row: list(STAGES).index(row["stage"]))
    ]
    return grid(head, body)


def _freshness(lags: Sequence[Row]) -> list[str]:
    if not lags:
        return [el("p", esc("Nothing was measured yet."), cls="empty")]
    bars = [
        Bar(
            row["source"],
            row["p95_lag_seconds"],
            f"{lag(row['p95_lag_seconds'])} / {row['slo_hours']:g} h",
            f"median {lag(row['p50_lag_seconds'])}, into {row['table']}",
            "bad" if row["is_breached"] else "",
        )
        for row in lags
    ]
    return [legend(("accent", "as promised, or history"), ("bad", "late")), bar_list(_evened(bars))]


def _evened(bars: list[Bar]) -> list[Bar]:
    """Bars that history does not dwarf: none longer than four days."""
    most = 4 * 86_400.0
    return [Bar(bar.label, min(bar.value, most), bar.text, bar.note, bar.tone) for bar in bars]


def lag(seconds: float) -> str:
    """A lag: seconds, hours, days."""
    if seconds < 3600:
        return span(max(seconds, 0.0))
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86_400:.0f} days"


def _files(found: Trust) -> str:
    names = {"landed": "landed", "resent": "sent again and recognised", "refused": "refused"}
    counts = {row["outcome"]: row["files"] for row in found.files}
    said = "Files: " + ", ".join(f"{whole(counts[key])} {name}" for key, name in names.items() if key in counts) + "."
    return said + (
        f" {plural(found.replayed, 'entry', 'entries')} of quarantine replayed since." if found.replayed else ""
    )
