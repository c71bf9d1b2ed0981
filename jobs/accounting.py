"""Accounts of a batch of mapped rows: counts by source, the balance against bronze's own log, and when events happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.context import Context
from jobs.mapped import PREFIX
from lakehouse.assertions import literal
from lakehouse.checks import BAD, BROKEN, Measured
from lakehouse.conservation import Balance, mapped_balance
from lakehouse.deltalog import places, rows_between
from lakehouse.freshness import Events
from lakehouse.job import Job
from lakehouse.land import Landed
from lakehouse.load import Merge
from lakehouse.runlog import JobRun
from lakehouse.sources.spec import Source
from lakehouse.table import Table
from lakehouse.tables.bronze import bronze_table
from lakehouse.textfiles import reader

EVENT_TIMES = ("occurred_at", "ordered_at", "updated_at")
EARLY, MEDIAN, ACCURACY = 0.05, 0.5, 500
FEW = 4
"""Sources that are counted by conditions in the audit's own aggregation; of more, a grouping costs less."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of one source in a batch, how many break the contract, and event times in seconds (None where unknown)."""

    rows: int
    refused: int
    times: tuple[float, float, float] | None


def by_source(table: Table, sources: Sequence[str]) -> dict[str, str]:
    """Aggregates in Spark SQL that :func:`counted_in` reads, over mapped rows with ``_bad``; none of too many sources."""
    texts: dict[str, str] = {}
    for number, source in enumerate(sources if len(sources) <= FEW else ()):
        own = f"source = {literal(source)}"
        texts |= {f"{name} {number}": text for name, text in _figures(table, own)}
    return texts


def _figures(table: Table, own: str) -> Iterator[tuple[str, str]]:
    yield "rows", f"count_if({own})"
    yield "refused", f"count_if({own} AND {BAD})"
    if at := _event_time(table):
        good = f"FILTER (WHERE {own} AND NOT {BAD})"
        yield "times", f"percentile_approx(unix_seconds({at}), array({EARLY}, {MEDIAN}), {ACCURACY}) {good}"
        yield "newest", f"max(unix_seconds({at})) {good}"


def counted_in(sources: Sequence[str], measured: Measured) -> dict[str, Counted] | None:
    """Rows by source as :func:`by_source` asked for them; None where they do not add up to the batch, or were not asked for."""
    found: dict[str, Counted] = {}
    for number, source in enumerate(sources):
        own = {name: measured.beside.get(f"{name} {number}") for name in ("rows", "refused", "times", "newest")}
        if own["rows"]:
            found[source] = _counted(own)
    return found if sum(c.rows for c in found.values()) == measured.rows else None


def count_by_source(judged: DataFrame, table: Table) -> dict[str, Counted]:
    """Count a judged batch, of whatever sources, in one pass over its rows."""
    is_bad = F.size(BROKEN) > 0
    found = judged.groupBy("source").agg(
        F.count("*").alias("rows"), F.count_if(is_bad).alias("refused"), *_times(table, ~is_bad)
    )
    return {row["source"]: _counted(row.asDict()) for row in found.collect()}


def _event_time(table: Table) -> str | None:
    return next((name for name in EVENT_TIMES if name in table.column_names), None)


def _times(table: Table, is_good: Column) -> list[Column]:
    name = _event_time(table)
    if name is None:
        return []
    at = F.when(is_good, F.unix_seconds(name))
    return [F.percentile_approx(at, [EARLY, MEDIAN], ACCURACY).alias("times"), F.max(at).alias("newest")]


def _counted(row: Mapping[str, Any]) -> Counted:
    times, newest = row.get("times"), row.get("newest")
    known = (float(times[0]), float(times[1]), float(newest)) if times and newest is not None else None
    return Counted(int(row["rows"]), int(row["refused"]), known)


def account(context: Context, job: Job, run: JobRun, counted: Mapping[str, Counted], landed: Landed | None) -> None:
    """Take the balances and event times of a batch into the log.

    ``landed`` is None where every row was refused. Raises :class:`ConservationError` where rows are missing.
    """
    if not isinstance(job.load, Merge) or not job.load.newest:
        return
    context.log.happened(_events(context, job, run, counted))
    balances = _mapped(context, job, run, counted)
    if landed is None or landed.version_out >= 0:
        balances.append(_merged(job, run, counted, landed.rows_out if landed else 0))
    context.log.account(*balances)


def _merged(job: Job, run: JobRun, counted: Mapping[str, Counted], written: int) -> Balance:
    """What was mapped is in the table, in quarantine (as counted when written), or lost to a version as new or newer."""
    rows = sum(c.rows for c in counted.values())
    good = rows - sum(c.refused for c in counted.values())
    return Balance(
        job.name,
        "merge",
        None,
        run.batch_id,
        rows,
        written,
        run.rows_quarantined,
        rows_duplicate=max(0, good - written),
    )


def _mapped(context: Context, job: Job, run: JobRun, counted: Mapping[str, Counted]) -> list[Balance]:
    """Of each source, what bronze's commits hold against what came out of the mapping."""
    return [
        _balance(context.sources[name], job, run, read, counted.get(name, Counted(0, 0, None)))
        for name, read in rows_read(context, job, run).items()
        if name in context.sources and (read or name in counted)
    ]


def _balance(source: Source, job: Job, run: JobRun, read: int | None, found: Counted) -> Balance:
    maps = source.mappings(job.name)
    return mapped_balance(
        job.name,
        source.name,
        run.batch_id,
        read=read,
        rows=found.rows,
        refused=found.refused,
        maps=len(maps),
        is_plain=not any(m.where or m.explode for m in maps),
    )


def rows_read(context: Context, job: Job, run: JobRun) -> dict[str, int | None]:
    """Records that bronze's logs hold for the batch, by source; None where the log does not tell."""
    listed = context.lake.properties(job.writes).get(f"{PREFIX}{context.version(job)}.{run.part}", "")
    members = [member for member in listed.split(",") if member]
    checkpoint, lines = context.checkpoint(job, run.part), reader(context.spark)
    upto = places(lines, checkpoint, run.batch_id)
    after = places(lines, checkpoint, run.batch_id - 1)
    found: dict[str, int | None] = {}
    for number, member in enumerate(members):
        end = upto[number] if number < len(upto) else None
        path = context.lake.path(bronze_table(member.partition("@")[0], member))
        name, _, version = member.partition("@")
        if name in context.sources and str(context.sources[name].version) == version:
            begin = after[number] if number < len(after) else None
            found[name] = rows_between(lines, path, begin, end) if end else None
    return found


def _events(context: Context, job: Job, run: JobRun, counted: Mapping[str, Counted]) -> list[Events]:
    return [
        Events(
            job.name,
            name,
            found.rows - found.refused,
            *found.times,
            slo_hours=float(context.sources[name].freshness_hours),
            is_first=run.batch_id == 0,
        )
        for name, found in counted.items()
        if found.times and name in context.sources
    ]
