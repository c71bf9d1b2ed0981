"""The readiness report of samples: measured, told in lines, written as a page, kept in ``ops.source_readiness``."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table as Grid

from identity.identifiers import load_rules
from jobs.context import Context
from jobs.joinability import known_to_lake, shared
from jobs.readiness_page import page, shown
from lakehouse.errors import SourceError
from lakehouse.samples.kinds import BY_NAME
from lakehouse.samples.readiness import Measure, Readiness, readiness
from lakehouse.samples.reading import read_sample
from lakehouse.settings import Settings, token_key
from lakehouse.tables import feeds

COLOURS = {"good": "", "look": "yellow", "bad": "red"}


def profiled(settings: Settings, samples: Sequence[Path]) -> list[Readiness]:
    """Reports of samples, joined with each other and with the lake where there is one."""
    found = [readiness(read_sample(path)) for path in samples]
    reports = [r.having(*shared(r, [other for other in found if other is not r])) for r in found]
    if not Path(settings.lake_path, "silver").is_dir() and "://" not in settings.lake_path:
        return reports
    types = frozenset(kind.name for kind in load_rules(Path(settings.conf) / "identity.yml").identifiers)
    return [r.having(*known_to_lake(r, settings.lake_path, token_key(settings), types)) for r in reports]


def lines(report: Readiness) -> Iterator[Grid | str]:
    """The report for a terminal."""
    found = report.sample.format
    yield f"[bold]{escape(report.sample.path.name)}[/]: {found.kind}, {found.encoding}"
    for measure in (m for m in report.measures if m.column is None):
        yield f"  {_coloured(measure)} {measure.name.replace('_', ' ')} ({escape(measure.detail)})"
    grid = Grid("column", "full", "unique", "placeholders", "valid", "joined", "what", box=None, pad_edge=False)
    for column in grid.columns[1:6]:
        column.justify = "right"
    for fact in report.facts:
        own = {m.name: m for m in report.measures if m.column == fact.name}
        names = ("completeness", "uniqueness", "placeholder_rate", "valid_rate", "joinability")
        kind = BY_NAME[fact.kind].words if fact.kind in BY_NAME else "text"
        cells = [_coloured(own[name]) if name in own else "-" for name in names]
        grid.add_row(escape(fact.name), *cells, escape(kind) + (" [red]personal[/]" if fact.is_personal else ""))
    yield grid
    for measure in report.measures:
        if measure.name in ("time_gap_rate", "garbled", "joinability"):
            where = f"{measure.name.replace('_', ' ')} {escape(measure.column or '')}"
            yield f"  {_coloured(measure)} {where}: {escape(measure.detail)}"
    verdicts = report.verdicts
    yield f"{verdicts['good']} good, {verdicts['look']} to look at, {verdicts['bad']} bad"


def _coloured(measure: Measure) -> str:
    colour = COLOURS[measure.verdict]
    return f"[{colour}]{shown(measure)}[/]" if colour else shown(measure)


def write_page(reports: Sequence[Readiness], out: Path) -> None:
    """Write the report as a page."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(reports), encoding="utf-8")


def keep(settings: Settings, name: str, reports: Sequence[Readiness]) -> int:
    """Append the measures to ``ops.source_readiness``; returns how many.

    Raises :class:`SourceError` where no source has that name, or there is no lake.
    """
    context = Context(settings)
    if name not in context.sources:
        raise SourceError("there is no such source; write its file first: kith source new", key=name)
    if "://" not in settings.lake_path and not Path(settings.lake_path).is_dir():
        raise SourceError("there is no lake to keep the report in", file=settings.lake_path)
    now = datetime.now(UTC)
    rows = [
        (name, now, str(r.sample.path), m.column, m.name, float(m.value), m.detail, m.verdict)
        for r in reports
        for m in r.measures
    ]
    context.lake.ensure(feeds.SOURCE_READINESS)
    frame = context.spark.createDataFrame(rows, feeds.SOURCE_READINESS.schema_ddl)
    frame.coalesce(1).write.format("delta").mode("append").save(context.lake.path(feeds.SOURCE_READINESS))
    return len(rows)
