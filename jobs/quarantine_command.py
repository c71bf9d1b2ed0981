"""``kith quarantine``: what was refused and why, the records themselves, and their replay once the cause is mended."""

import json
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from jobs.arrivals import plain
from jobs.context import Context
from jobs.display import CONSOLE, say
from jobs.quarantined import Filter, Quarantine, editable, read_edited
from lakehouse.settings import load_settings

FILE = click.Path(path_type=Path)
SOURCE = click.option("--source", default="", help="Of this source.")
STAGE = click.option(
    "--stage", default="", help="Refused by this job, such as bronze.crm__member or silver.order_line."
)
REASON = click.option("--reason", default="", help="For this reason.")
BY_FILE = click.option("--file", default="", help="In files whose path ends so.")
WIDTH = 160
"""Columns of the list: names are printed whole, as they are typed into the other commands."""
EVERY = click.option("--all", "is_all", is_flag=True, help="Those too that were replayed.")


@click.group()
def quarantine() -> None:
    """Records and files that were refused: list, show, replay."""


@quarantine.command("list")
@SOURCE
@EVERY
@click.pass_obj
def list_(env: str | None, source: str, is_all: bool) -> None:
    """Groups by source, stage and reason, with counts and the first and last time."""
    found = Quarantine(load_settings(env).lake_path).groups(Filter(source=source, is_open=not is_all))
    if not found:
        say("nothing is in quarantine")
        return
    grid = Grid("source", "stage", "reason", "records", "files", "first", "last", box=None, pad_edge=False)
    for column in grid.columns[3:5]:
        column.justify = "right"
    for row in found:
        times = [f"{row[name]:%Y-%m-%d %H:%M}" for name in ("first_at", "last_at")]
        counts = [f"{row[name]:,}" for name in ("records", "files")]
        grid.add_row(row["source"], row["stage"], escape(row["reason"]), *counts, *times)
    Console(width=max(CONSOLE.width, WIDTH)).print(grid)


@quarantine.command()
@SOURCE
@STAGE
@REASON
@BY_FILE
@EVERY
@click.option("-n", "most", default=20, show_default=True, help="At most so many.")
@click.option(
    "--out", type=FILE, default=None, help="Write all of them to a JSON lines file, to be edited and replayed."
)
@click.pass_obj
def show(
    env: str | None, source: str, stage: str, reason: str, file: str, is_all: bool, most: int, out: Path | None
) -> None:
    """Records with file, row, rule and what was delivered."""
    settings = load_settings(env)
    which = Filter(source, stage, reason, file, is_open=not is_all)
    entries = Quarantine(settings.lake_path).entries(which, *([] if out else [most]))
    if out:
        lines = editable(entries, Context(settings).sources)
        out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        say(
            f"{len(lines):,} entries written to {escape(str(out))}: edit `record`, then kith quarantine replay --edited {out}"
        )
        return
    for entry in entries:
        place = escape(plain(entry["file"])) + ("" if entry["row"] is None else f":{entry['row']}")
        say(f"[bold]{place}[/] {entry['stage']}: [red]{escape(entry['reason'])}[/] ({escape(entry['detail'] or '')})")
        if entry["record"]:
            say(f"    {escape(entry['record'])}")
    say(f"{len(entries):,} shown")


@quarantine.command()
@SOURCE
@STAGE
@REASON
@BY_FILE
@click.option(
    "--edited", type=click.Path(path_type=Path, exists=True), default=None, help="Records as edited, JSON lines."
)
@click.pass_obj
def replay(env: str | None, source: str, stage: str, reason: str, file: str, edited: Path | None) -> None:
    """Take refused entries in again after the source file, a rule or the records were mended; each exactly once."""
    from jobs.replaying import replay as take

    context = Context(load_settings(env))
    done = take(context, Filter(source, stage, reason, file), read_edited(edited) if edited else None)
    if not done.taken:
        say("nothing to replay")
        return
    for key, count in sorted(Counter((e["source"], e["stage"], e["reason"]) for e in done.taken).items()):
        say(f"taken again: {' '.join(map(escape, key))}: {count:,}")
    for name, runs in sorted(done.outcome.runs.items()):
        if runs:
            say(f"{name}: {sum(r.rows_out for r in runs):,} rows written")
    for again, count in sorted(Counter((e["stage"], e["reason"]) for e in done.refused).items()):
        say(f"[yellow]refused again[/]: {' '.join(map(escape, again))}: {count:,}")
    for failure in done.outcome.failures:
        say(f"[red]failed[/] {escape(str(failure))}")
    if done.outcome.failures:
        raise SystemExit(1)
