"""``kith source``: a source file drafted from a sample, the readiness of a sample, and checks of source files for CI."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table as Grid

from identity.identifiers import load_rules
from jobs.display import CONSOLE, say
from lakehouse.errors import SourceError
from lakehouse.samples.draft import Draft, draft
from lakehouse.samples.kinds import BY_NAME as KINDS
from lakehouse.samples.reading import read_sample
from lakehouse.samples.sourcefile import source_text
from lakehouse.settings import Settings, load_settings
from lakehouse.sources.spec import NAME, Source, load_source

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


def write_source(settings: Settings, sample: Path, *, name: str, out: Path | None, force: bool) -> tuple[Draft, Path]:
    """Draft and write a source file, proven by the loader; returns the draft and the path.

    Raises :class:`SourceError` where the sample cannot be read, the name is none, or the file is there already.
    """
    called = name or name_of(sample)
    if not NAME.match(called):
        raise SourceError("a source is called <source>__<object>, lower case: give --name", file=sample, key=called)
    path = (out or settings.sources_path) / f"{called}.yml"
    if path.exists() and not force:
        raise SourceError("the file is there already; --force writes over it", file=path)
    rules = load_rules(Path(settings.conf) / "identity.yml")
    made = draft(called, read_sample(sample), frozenset(kind.name for kind in rules.identifiers))
    text = source_text(made)
    proven(called, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return made, path


def proven(name: str, text: str) -> Source:
    """The text as the loader reads it; what the loader refuses is never written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yml"
        path.write_text(text, encoding="utf-8")
        return load_source(path)


def name_of(sample: Path) -> str:
    """A name from the file's folder and stem: ``partner/members-2025.csv`` is ``partner__members``."""
    words = [
        re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in (sample.absolute().parent.name, sample.stem)
    ]
    system, entity = words[0] or "new", re.sub(r"(_?\d+)+$", "", words[1]) or "record"
    return entity if "__" in sample.stem else f"{system}__{entity}"


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
