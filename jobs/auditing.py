"""Write, audit, publish: a batch is measured in one scan, judged by rules and history, and what is wrong with it is kept."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.context import Context
from jobs.reporting.store import Row, Shelf
from lakehouse.anomalies import WHOLE, Past, anomalies
from lakehouse.checks import Lookup, Measured, measure, violating
from lakehouse.errors import KithError
from lakehouse.job import Job
from lakehouse.land import land, transaction
from lakehouse.load import Append
from lakehouse.profile import Profile, worth_profiling
from lakehouse.quality import Quality, check_against
from lakehouse.runlog import JobRun
from lakehouse.table import Column, Rule, Table
from lakehouse.tables import gold, ops, quality, silver
from lakehouse.verdicts import Verdict, gate, judge

TABLES = {table.name: table for table in (*silver.ALL, *gold.ALL, *ops.ALL)}
DAYS_OF_HISTORY = 120
EVERY = Quality()
EMPTY: Mapping[str, str] = {}
_LOCK = threading.Lock()


def extra_rules(context: Context, table: Table) -> tuple[Rule, ...]:
    """The rules that ``conf/quality`` adds to the table's contract."""
    return context.quality.get(table.name, EVERY).rules


def audit(context: Context, job: Job, frame: DataFrame, run: JobRun, part: str = "") -> bool:
    """Judge the candidate rows; raises :class:`CheckFailed` before anything is published. False: there are no rows."""
    measured = _measured(context, job.writes, frame)
    run.rows_in = measured.rows
    _judge(context, job.writes, frame, measured, (*job.writes.all_rules(), *extra_rules(context, job.writes)), part)
    return measured.rows + measured.deletions > 0


def audit_mapped(
    context: Context, job: Job, frame: DataFrame, run: JobRun, part: str = "", beside: Mapping[str, str] = EMPTY
) -> Measured:
    """Judge a mapped batch, whose rows that break a strict rule go to quarantine: the other rules may still stop it.

    Fills ``run.rows_in`` and ``run.rows_quarantined``. Returns what was measured, ``beside`` with it.
    """
    measured = _measured(context, job.writes, frame, beside)
    run.rows_in, run.rows_quarantined = measured.rows, measured.bad
    rules = [r for r in (*job.writes.all_rules(), *extra_rules(context, job.writes)) if not (r.sql and r.is_strict)]
    _judge(context, job.writes, frame, measured, rules, part)
    return measured


def lookup_in(context: Context, frame: DataFrame) -> Lookup:
    """The lake's tables by name, read in the frame's own session."""

    def find(name: str) -> DataFrame | None:
        table = TABLES.get(name)
        return context.lake.read(table, frame.sparkSession) if table and context.lake.exists(table) else None

    return find


def profiled_columns(context: Context, table: Table) -> tuple[Column, ...]:
    """The columns to profile: those that the file names, else those worth it."""
    named = context.quality.get(table.name, EVERY).profile
    return worth_profiling(table) if named is None else tuple(c for c in table.columns if c.name in named)


def _measured(context: Context, table: Table, frame: DataFrame, mapped: Mapping[str, str] | None = None) -> Measured:
    said = context.quality.get(table.name)
    if said:
        check_against(said, table, Path(context.settings.conf, "quality", f"{table.name}.yml"))
    columns = profiled_columns(context, table) if context.settings.gates else ()
    apart = not context.settings.is_small
    extra, find = extra_rules(context, table), lookup_in(context, frame)
    return measure(table, frame, extra, profile=columns, lookup=find, mapped=mapped, apart=apart)


def _judge(
    context: Context, table: Table, frame: DataFrame, measured: Measured, rules: Sequence[Rule], part: str
) -> None:
    if not context.settings.gates or not measured.rows:
        return
    day = context.day or datetime.now(UTC).date()
    profiles = (Profile(WHOLE, measured.rows, 0), *measured.profile)
    verdicts = judge(measured, rules)
    if not context.full:  # a rebuild is no batch among others
        watch = context.quality.get(table.name, EVERY).watch
        verdicts += anomalies(profiles, history(context).get((table.name, part), {}), watch, day)
        if not any(verdict.stops for verdict in verdicts):  # what is not published is no history
            context.log.profiled(table.name, profiles, day, part)
    context.log.checked(table.name, verdicts, part)
    failed = {verdict.rule for verdict in verdicts if not verdict.passed}
    if failed:
        keep_failures(context, table, frame, [rule for rule in rules if rule.name in failed])
    gate(table.name, verdicts)


def check_table(context: Context, name: str) -> list[Verdict]:
    """A stored table measured by its contract and ``conf/quality`` as it stands; nothing is written.

    Raises :class:`KithError` where there is no such table.
    """
    table = TABLES.get(name)
    if table is None or not context.lake.exists(table):
        raise KithError("there is no such table in the lake", table=name)
    measured = _measured(context, table, context.lake.read(table))
    return judge(measured, (*table.all_rules(), *extra_rules(context, table)))


def keep_failures(context: Context, table: Table, frame: DataFrame, rules: Sequence[Rule]) -> None:
    """Append every row that breaks one of the rules to ``ops.dq_failure``, in a transaction of its own."""
    find = lookup_in(context, frame)
    parts = [(rule, rows) for rule in rules if (rows := violating(table, frame, rule, find)) is not None]
    if not parts:
        return
    told = [_failures(context, table, rule, rows) for rule, rows in parts]
    union = told[0]
    for other in told[1:]:
        union = union.unionAll(other)
    context.lake.ensure(ops.DQ_FAILURE)
    with transaction(frame.sparkSession, f"kith:dq:{context.run_id}:{table.name}:{datetime.now(UTC).timestamp()}", 0):
        land(context.lake, ops.DQ_FAILURE, Append(), union)


def _failures(context: Context, table: Table, rule: Rule, rows: DataFrame) -> DataFrame:
    key = F.to_json(F.struct(*table.key)) if table.key else F.lit(None).cast("string")
    return rows.select(
        F.lit(context.run_id).alias("run_id"),
        F.lit(table.name).alias("table"),
        F.lit(rule.name).alias("rule"),
        F.lit(str(rule.severity)).alias("severity"),
        key.alias("key"),
        F.to_json(F.struct(*table.column_names)).alias("record"),
        F.lit(datetime.now(UTC)).cast("timestamp").alias("found_at"),
    )


Pasts = Mapping[tuple[str, str], Mapping[str, Sequence[Past]]]


def history(context: Context) -> Pasts:
    """Earlier profiles by table and part, then by column, oldest first; read once a run, without Spark."""
    with _LOCK:
        return _known(context.run_id, context.settings.lake_path)


@lru_cache(maxsize=1)
def _known(_run_id: str, root: str) -> Pasts:
    return read_history(root)


def read_history(root: str) -> Pasts:
    """The profiles of the last months, as :func:`history` gives them."""
    shelf = Shelf(root, (quality.DQ_PROFILE,))
    since = (datetime.now(UTC) - timedelta(days=DAYS_OF_HISTORY)).isoformat()
    columns = [f'"{c}"' for c in quality.DQ_PROFILE.column_names]
    rows = shelf.select("ops.dq_profile", columns, where=f"measured_at >= '{since}'")
    found: dict[tuple[str, str], dict[str, list[Past]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=lambda row: (row["measured_at"], row["run_id"])):
        found[row["table"], row["part"] or ""][row["column"]].append(past(row))
    return found


def past(row: Row) -> Past:
    """A row of ``ops.dq_profile`` as it was measured."""
    deciles = tuple(row["deciles"] or ())
    day = row["day"]
    assert isinstance(day, date)
    return Past(day, Profile(row["column"], row["rows"], row["nulls"] or 0, row["distinct"], row["mean"], deciles))
