"""Keeps ``ops.rule_version``: which versions of standardisation rules made the rows of each source, and since when."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from pyspark.sql import functions as F

from jobs.context import Context
from lakehouse.runlog import JobRun, append_rows
from lakehouse.sources.rules_used import RuleUse, rules_used
from lakehouse.tables import ops

PROPERTY = "kith.rules"
Place = tuple[str, str, str, str]
State = tuple[int, int | None, str]
"""The source's version, the rule's version (None: no longer used) and the options that stand at a place."""


def record_rules(context: Context, runs: list[JobRun]) -> list[dict[str, object]]:
    """Append what changed for the tables that were mapped in this run; returns the rows.

    A fingerprint for each table that sources map to is kept as a property of ``ops.rule_version``, so that a run
    without change reads and writes nothing.
    """
    mapped = {run.job for run in runs if run.rows_in and run.status == "succeeded"}
    used = [use for source in context.sources.values() for use in rules_used(source) if use.table in mapped]
    if not used:
        return []
    context.lake.ensure(ops.RULE_VERSION)
    kept: dict[str, str] = json.loads(context.lake.properties(ops.RULE_VERSION).get(PROPERTY, "{}"))
    now = kept | {table: _fingerprint(use for use in used if use.table == table) for table in {u.table for u in used}}
    if now == kept:
        return []
    rows = changes(_known(context), used, context.run_id, min(run.started_at for run in runs))
    append_rows(context.lake, ops.RULE_VERSION, rows)
    context.lake.set_property(ops.RULE_VERSION, PROPERTY, json.dumps(now, sort_keys=True))
    return rows


def _fingerprint(uses: Iterable[RuleUse]) -> str:
    return hashlib.sha256(repr(sorted(uses)).encode()).hexdigest()[:16]


def _known(context: Context) -> dict[Place, State]:
    """The latest row of each place; a handful of rows for each source."""
    place, state = ("source", "table", "column", "rule"), ("source_version", "version", "options")
    latest = context.lake.read(ops.RULE_VERSION).groupBy(*place).agg(F.max_by(F.struct(*state), "since").alias("last"))
    rows = latest.select(*place, "last.*").toArrow().to_pylist()
    return {tuple(row[name] for name in place): tuple(row[name] for name in state) for row in rows}


def changes(known: Mapping[Place, State], used: list[RuleUse], run_id: str, since: datetime) -> list[dict[str, object]]:
    """Rows for uses that are new or other than they were, and for those that a mapped table no longer has."""
    now = {use.place: (use.source_version, use.version, use.options) for use in used}
    tables = {use.table for use in used}
    gone = {
        place: (state[0], None, state[2])
        for place, state in known.items()
        if place[1] in tables and place not in now and state[1] is not None
    }
    changed: dict[Place, State] = {
        **{place: state for place, state in now.items() if known.get(place) != state},
        **gone,
    }
    return [
        {
            "run_id": run_id,
            "since": since,
            **dict(zip(("source", "table", "column", "rule"), place, strict=True)),
            **dict(zip(("source_version", "version", "options"), state, strict=True)),
        }
        for place, state in sorted(changed.items())
    ]
