"""The report: one self-contained HTML page of the lake as it is, and the lines of it that a terminal shows."""

import hashlib
import json
from pathlib import Path

from jobs import reporting
from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.reporting.accuracy import truth_folder
from jobs.reporting.facts import gather
from jobs.reporting.page import read_mark, render
from jobs.reporting.store import Shelf
from lakehouse.tables import ops


def write_report(context: Context) -> Path:
    """Write ``<home>/report.html`` unless the page there is of this very state of the lake; returns its path.

    What has no table yet is said so on the page. Without changes no Spark session is started.
    """
    page = Path(context.settings.home) / "report.html"
    graph = build_graph(context.sources, context.models)
    tables = {job.name: job.writes for job in graph.jobs.values()} | {table.name: table for table in ops.ALL}
    shelf = Shelf(context.settings.lake_path, tables.values())
    stamp = _stamp(context, shelf)
    known = read_mark(page)
    if known and known[0] == stamp:
        return page
    page.parent.mkdir(parents=True, exist_ok=True)
    draft = page.with_suffix(".draft")
    draft.write_text(render(gather(context, graph, shelf), stamp), encoding="utf-8")
    return draft.replace(page)


def headline(context: Context) -> list[str]:
    """The report in a few plain lines: accuracy of identities, the model's metrics, rows by layer, what was quarantined."""
    known = read_mark(write_report(context))
    return known[1] if known else []


def _stamp(context: Context, shelf: Shelf) -> str:
    """Of which tables' versions, day, truth and code the page is."""
    code = hashlib.sha256()
    for file in sorted(Path(reporting.__path__[0]).glob("*.*")):
        code.update(file.read_bytes())
    truth = truth_folder(context)
    state = {
        "versions": shelf.versions(),
        "day": str(context.day),
        "truth": truth.stat().st_mtime_ns if truth.is_dir() else None,
        "code": code.hexdigest(),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
