"""``kith land``: one source landed now, and what became of each file and record."""

from collections import Counter
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table as Grid

from jobs.arrivals import plain
from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.delivery import deliver
from jobs.display import CONSOLE, say
from jobs.quarantined import Filter, Quarantine
from jobs.reporting.store import Row, Shelf
from jobs.schedule import Outcome, run_graph
from lakehouse.errors import SourceError
from lakehouse.settings import load_settings
from lakehouse.sources.spec import Source
from lakehouse.tables import feeds, silver


@click.command()
@click.argument("name")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--map", "is_mapped", is_flag=True, help="Bring the silver tables that it maps to up to date too.")
@click.pass_obj
def land(env: str | None, name: str, paths: tuple[Path, ...], is_mapped: bool) -> None:
    """Land one source now: the files at PATHS (copied to its landing folder) and what else was delivered there.

    Prints the records landed, quarantined by reason and repeated, file by file.
    """
    context = Context(load_settings(env))
    source = source_named(context, name)
    for given in deliver(context.settings, source, paths):
        if not given.is_new:
            say(f"{escape(str(given.given))}: this very file had been delivered before")
    outcome = land_source(context, source, is_mapped=is_mapped)
    show_landing(context, source, outcome)
    for failure in outcome.failures:
        say(f"[red]failed[/] {escape(str(failure))}")
    if outcome.failures:
        raise SystemExit(1)


def source_named(context: Context, name: str) -> Source:
    """The source of that name. Raises :class:`SourceError` naming those that there are."""
    if name not in context.sources:
        raise SourceError(f"there is no such source; these are {', '.join(context.sources)}", key=name)
    return context.sources[name]


def fed_tables(source: Source) -> list[str]:
    """The silver tables that a source feeds."""
    seen = [silver.IDENTIFIER_OBSERVATION.name] if source.identifiers else []
    return [*source.maps, *seen]


def land_source(context: Context, source: Source, *, is_mapped: bool) -> Outcome:
    """Run the landing job of one source, and the jobs of the silver tables that it maps to."""
    graph = build_graph(context.sources, context.models)
    names = [source.table.name, *(fed_tables(source) if is_mapped else [])]
    return run_graph(context, graph, graph.select(names), lambda _job, _state: None)


def show_landing(context: Context, source: Source, outcome: Outcome) -> None:
    """Print what became of the files and records of a landing, from the lake's own log."""
    files = landed_files(context)
    refused = refused_now(context, source, outcome)
    if not files:
        say(f"{source.name}: nothing new in {context.settings.landing_path}/{source.folder}")
    else:
        CONSOLE.print(_files(files, refused))
    for name, runs in outcome.runs.items():
        if runs and name != source.table.name:
            counts = Counter(row["reason"] for row in refused if row["stage"] == name)
            why = ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
            say(
                f"{name}: {sum(r.rows_in or 0 for r in runs):,} rows in, {sum(r.rows_out for r in runs):,} written, "
                f"{sum(r.rows_duplicate for r in runs):,} older or repeated, "
                f"{sum(r.rows_quarantined for r in runs):,} quarantined" + (f" ({escape(why)})" if why else "")
            )
    if refused:
        say(f"look: kith quarantine show --source {source.name}")


def landed_files(context: Context) -> list[Row]:
    """The run's entries in the ledger of files."""
    shelf = Shelf(context.settings.lake_path, [feeds.LANDED_FILE])
    columns = ("file", '"rows"', "outcome", "same_as")
    return sorted(
        shelf.select(feeds.LANDED_FILE.name, columns, where=f"run_id = '{context.run_id}'"), key=lambda row: row["file"]
    )


def refused_now(context: Context, source: Source, outcome: Outcome) -> list[Row]:
    """What this run refused of the source."""
    began = [run.started_at for runs in outcome.runs.values() for run in runs]
    if not began:
        return []
    entries = Quarantine(context.settings.lake_path).entries(Filter(source=source.name), most=100_000)
    return [row for row in entries if row["quarantined_at"] >= min(began)]


def _files(files: list[Row], refused: list[Row]) -> Grid:
    grid = Grid("file", "landed", "quarantined", "repeated", "", box=None, pad_edge=False)
    for column in grid.columns[1:4]:
        column.justify = "right"
    for file in files:
        name = plain(file["file"])
        counts = Counter(
            row["reason"] for row in refused if plain(row["file"]) == name and row["stage"].startswith("bronze.")
        )
        is_resent = file["outcome"] == "resent"
        why = ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
        grid.add_row(
            escape(Path(name).name),
            "0" if is_resent else f"{file['rows']:,}",
            f"{sum(counts.values()):,}",
            f"{file['rows']:,}" if is_resent else "0",
            escape(f"the same as {Path(file['same_as']).name}" if is_resent else why),
        )
    return grid
