"""Freshness: how long after its events a feed's rows stand in gold, from quantiles of a batch's event times."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Events:
    """When the events of one source's rows in one batch happened, in seconds since 1970.

    ``early`` is the quantile that 5 % of the rows lie before: its lag is the lag that 95 % of the rows stay below, since
    all rows of a batch are published at one time. ``is_first``: a feed's first batch, which is history.
    """

    table: str
    source: str
    rows: int
    early: float
    median: float
    newest: float
    slo_hours: float
    is_first: bool


class Ran(Protocol):
    """What is read of a job's record in the log."""

    @property
    def job(self) -> str:
        """The job's name."""
        ...

    @property
    def started_at(self) -> datetime:
        """Begin of the batch (UTC)."""
        ...

    @property
    def seconds(self) -> float:
        """What it took."""
        ...

    @property
    def versions_in(self) -> Mapping[str, int]:
        """Delta versions by table read."""
        ...

    @property
    def version_out(self) -> int | None:
        """Delta version written."""
        ...


def freshness(
    run_id: str, events: Iterable[Events], runs: Sequence[Ran], *, is_replay: bool
) -> list[dict[str, object]]:
    """Rows of ``ops.freshness`` of a run: one for each source, silver table and gold table that took its rows.

    With ``is_replay`` the time is that of the data: publication is the newest event of the run and what the run took.
    """
    found = sorted(events, key=lambda e: (e.table, e.source))
    newest = max((e.newest for e in found), default=0.0)
    return [
        _row(run_id, list(batches), table, at, runs, newest if is_replay else None)
        for (via, _), group in groupby(found, key=lambda e: (e.table, e.source))
        for batches in [list(group)]
        for table, at in _published(via, runs)
    ]


def _published(via: str, runs: Sequence[Ran]) -> Iterator[tuple[str, datetime]]:
    """The gold tables that read the silver table in this run, and when each was written; else the silver table itself."""
    ended: dict[str, datetime] = {}
    for run in runs:
        if run.version_out is not None and (run.job == via or (run.job.startswith("gold.") and via in run.versions_in)):
            ended[run.job] = max(ended.get(run.job, run.started_at), run.started_at + timedelta(seconds=run.seconds))
    gold = {job: at for job, at in ended.items() if job != via}
    yield from sorted((gold or ended).items())


def _row(
    run_id: str, batches: list[Events], table: str, published: datetime, runs: Sequence[Ran], newest: float | None
) -> dict[str, object]:
    first = batches[0]
    landing = min((r.started_at for r in runs if r.job == f"bronze.{first.source}"), default=None)
    began = min((r.started_at for r in runs), default=published)
    at = published if newest is None else _moment(newest) + (published - (landing or began))
    early, median = min(b.early for b in batches), max(batches, key=lambda b: b.rows).median
    p95 = at.timestamp() - early
    return {
        "run_id": run_id,
        "table": table,
        "source": first.source,
        "via": first.table,
        "as_of": _moment(max(b.newest for b in batches)),
        "rows": sum(b.rows for b in batches),
        "p50_lag_seconds": at.timestamp() - median,
        "p95_lag_seconds": p95,
        "source_to_gold_hours": (published - landing).total_seconds() / 3600 if landing else None,
        "slo_hours": first.slo_hours,
        "is_breached": None if any(b.is_first for b in batches) else p95 > first.slo_hours * 3600,
        "measured_at": at,
    }


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
