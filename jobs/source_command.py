"""``kith source``: a source file drafted from a sample, the readiness of a sample, and checks of source files for CI."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table as Grid

from jobs.display import CONSOLE, say
from jobs.source_drafting import write_source
from lakehouse.samples.draft import Draft
from lakehouse.samples.kinds import BY_NAME as KINDS
from lakehouse.settings import Settings, load_settings
from lakehouse.sources.spec import load_source

FILE = click.Path(path_type=Path)


@click.group()
def source() -> None:
    """New sources from samples, their readiness, and checks of source files."""


@source.command()
@click.argument("sample", type=FILE)
@click.option("--name", default="", help="SOURCE__OBJECT (default: made of the file's folder and name).")
@click.option("--out", type=FILE, default=None, help="Folder (default: the environment's folder of sources).")
@click.option("--force", is_flag=True, help="Write over a source file that is there.")
@click.pass_obj
def new(env: str | None, sample: Path, name: str, out: Path | None, force: bool) -> None:
    """Write a source file from SAMPLE: csv, tsv, jsonl, json, parquet or excel. What was guessed stands beside each line."""
    settings = load_settings(env)
    made, path = write_source(settings, sample, name=name, out=out, force=force)
    for line in told(made):
        CONSOLE.print(line)
    say(f"written: {escape(str(path))}")
    say(f"next: kith land {made.name} {escape(str(sample))} --map")


def told(made: Draft) -> Iterator[Grid | str]:
    """What was found, for a terminal."""
    found = made.sample.format
    layout = "" if found.kind in ("parquet", "excel") else f", {found.encoding}"
    layout += f", fields parted by {found.separator!r}" if found.kind in ("csv", "tsv") else ""
    yield f"[bold]{made.name}[/]: {made.sample.rows.num_rows:,} records of {found.kind}{escape(layout)}"
    grid = Grid("column", "full", "distinct", "what", "role", "taken to", box=None, pad_edge=False)
    for name in ("full", "distinct"):
        next(c for c in grid.columns if c.header == name).justify = "right"
    for fact in made.facts:
        words = KINDS[fact.kind].words if fact.kind in KINDS else "text"
        what = f"{words} {fact.time.words}" if fact.time else words
        grid.add_row(
            escape(fact.name),
            f"{fact.full:.0%}",
            f"{fact.distinct:,}" + ("*" if fact.is_unique else ""),
            escape(f"{fact.share:.0%} {what}" if fact.share else what),
            fact.role + (" [red]personal[/]" if fact.is_personal else ""),
            escape(", ".join(_taken(made, fact.name))),
        )
    yield grid
    keys = " or ".join("+".join(key) for key in made.keys[:3]) or "none"
    yield f"candidate keys: {escape(keys)} (* is unique)"
    for found_map in made.maps:
        yield f"maps to [bold]{found_map.table}[/]: {len(found_map.lines)} columns"
    if made.identifiers:
        yield f"identifiers: {', '.join(made.identifiers)}"
    for line in made.look:
        yield f"[yellow]look[/] {escape(line)}"


def _taken(made: Draft, column: str) -> Iterator[str]:
    """Silver columns that a column fills."""
    from lakehouse.samples.expressions import field

    name = re.compile(re.escape(field(column)) + r"(?![\w\[.])")
    for found in made.maps:
        for line in found.lines:
            if name.search(str(line.value)):
                yield f"{found.table.removeprefix('silver.')}.{line.column}"


@source.command()
@click.argument("samples", nargs=-1, required=True, type=FILE)
@click.option(
    "--name", default="", help="A configured source: its rows go to ops.source_readiness where there is a lake."
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write a page with pictures (HTML)."
)
@click.pass_obj
def profile(env: str | None, samples: tuple[Path, ...], name: str, out: Path | None) -> None:
    """The readiness report of SAMPLES: how full, unique and valid their columns are, gaps in time, what can be joined."""
    from jobs import profiling

    settings = load_settings(env)
    reports = profiling.profiled(settings, samples)
    for report in reports:
        for line in profiling.lines(report):
            CONSOLE.print(line)
    if out:
        profiling.write_page(reports, out)
        say(f"page: {escape(str(out))}")
    if name:
        say(f"{profiling.keep(settings, name, reports):,} rows written to ops.source_readiness")


@source.command()
@click.argument("words", nargs=-1, metavar="[NAME]... [DATA]...")
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="Former file or folder (default: git's HEAD).",
)
@click.option("--allow-breaking", is_flag=True, help="Tell breaking changes, but do not fail.")
@click.pass_obj
def check(env: str | None, words: tuple[str, ...], against: Path | None, allow_breaking: bool) -> None:
    """Validate source files (all, or NAME…), hold one against DATA, and tell what changed since the last commit.

    Ends with 1 where a file has a fault, data breaks the contract, or a change is breaking.
    """
    from jobs import source_checking as checking

    settings = load_settings(env)
    names, paths = checking.parted(settings, words)
    faults = checking.all_faults(settings, names)
    for fault in faults:
        click.echo(str(fault))
    if faults:
        raise SystemExit(1)
    is_bad = _held_to_data(settings, names, paths)
    is_breaking = _changed(settings, names, against)
    checked = names or sorted(path.stem for path in settings.sources_path.glob("*.yml"))
    click.echo(f"{len(checked)} source files are valid")
    if is_bad or (is_breaking and not allow_breaking):
        raise SystemExit(1)


def _held_to_data(settings: Settings, names: list[str], paths: list[Path]) -> bool:
    from jobs import source_checking as checking

    is_bad = False
    for path in paths:
        for finding in checking.against_data(load_source(settings.sources_path / f"{names[0]}.yml"), path):
            click.echo(f"{'breaks' if finding.is_fatal else 'look'}: {finding}")
            is_bad = is_bad or finding.is_fatal
    return is_bad


def _changed(settings: Settings, names: list[str], against: Path | None) -> bool:
    from jobs import source_checking as checking

    is_breaking = False
    for name in names or sorted(path.stem for path in settings.sources_path.glob("*.yml")):
        for change in checking.against_former(settings, name, against) or ():
            click.echo(f"{'breaking' if change.is_breaking else 'fine'}: {name}.yml: {change.key}: {change.text}")
            is_breaking = is_breaking or change.is_breaking
    for name in [] if names else checking.dropped(settings, against):
        click.echo(f"breaking: {name}.yml: the source is gone")
        is_breaking = True
    return is_breaking
