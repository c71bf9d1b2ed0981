"""``kith quality``: how the checks went, in the terminal, as a page, and as Great Expectations' Data Docs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from jobs.display import say
from jobs.reporting.markup import plural
from lakehouse.errors import KithError
from lakehouse.settings import load_settings

if TYPE_CHECKING:
    from jobs.quality_trends import Trend

PATH = click.Path(path_type=Path)
COLOURS = {"passed": "green", "warned": "yellow", "stopped": "red"}
SIGNS = {"passed": "✓", "warned": "!", "stopped": "✗"}


@click.group()
def quality() -> None:
    """Data quality: results and trends of the checks before publication, rows that broke a rule, Data Docs."""


@quality.command()
@click.argument("table", required=False, default="")
@click.option("--all", "every", is_flag=True, help="Rules that always passed, too (of one TABLE they are shown).")
@click.pass_obj
def show(env: str | None, table: str, every: bool) -> None:
    """Print the latest results with their trends, of TABLE or of all tables."""
    from jobs.quality_trends import trends

    for line in lines(trends(load_settings(env).lake_path, table), every=every or bool(table)):
        say(line)


def lines(found: Sequence["Trend"], *, every: bool) -> Iterator[str]:
    """A heading for each table and a line for each rule; of tables in order only the heading unless ``every``."""
    for table, group in groupby(found, key=lambda trend: trend.table):
        of = list(group)
        bad = [trend for trend in of if trend.state != "passed"]
        volume = max(of, key=lambda trend: trend.last.at).last
        state = f"[red]{len(bad)} not passed[/]" if bad else "[green]all passed[/]"
        counted = plural(len(of), "rule"), plural(volume.rows, "row")
        yield f"[bold]{table}[/]  {counted[0]}, {state}; {counted[1]} at {volume.at:%Y-%m-%d %H:%M} UTC"
        shown = of if every else [t for t in of if t.state != "passed" or not all(b.verdict.passed for b in t.batches)]
        yield from (_line(trend) for trend in shown)


def _line(trend: "Trend") -> str:
    from jobs.quality_trends import sparkline

    sign = f"[{COLOURS[trend.state]}]{SIGNS[trend.state]}[/]"
    name = escape(trend.rule + (f" ({trend.part})" if trend.part else ""))
    return f"  {sign} {name:<44} {sparkline(trend.values):<12} {escape(str(trend.last.verdict).partition(': ')[2])}"


@quality.command()
@click.option("--out", required=True, type=PATH, help="The HTML file.")
@click.pass_obj
def report(env: str | None, out: Path) -> None:
    """Write a page with the trend of every rule."""
    from jobs.quality_page import page
    from jobs.quality_trends import failures, trends

    root = load_settings(env).lake_path
    out.write_text(page(trends(root), failures(root)), encoding="utf-8")
    say(f"page: {out}")


@quality.command()
@click.option("--out", required=True, type=PATH, help="Folder of the site.")
@click.pass_obj
def docs(env: str | None, out: Path) -> None:
    """Write Great Expectations' Data Docs: every contract as a suite, and the latest results. Works offline."""
    from jobs.auditing import TABLES
    from jobs.quality_trends import latest, trends
    from lakehouse.expectations import write_docs
    from lakehouse.quality import load_quality

    settings = load_settings(env)
    extra = {name: said.rules for name, said in load_quality(Path(settings.conf) / "quality").items()}
    try:
        results = latest(trends(settings.lake_path))
    except KithError:
        results = []
    first = write_docs(out, TABLES.values(), extra, results)
    say(f"{len(TABLES)} suites and {len(results)} results: {first}")


@quality.command()
@click.argument("table")
@click.pass_obj
def check(env: str | None, table: str) -> None:
    """Measure TABLE as it stands by its contract and conf/quality, in one scan; exits with 1 where a rule stops."""
    from jobs.auditing import check_table
    from jobs.context import Context

    verdicts = check_table(Context(load_settings(env)), table)
    for verdict in verdicts:
        state = "passed" if verdict.passed else "stopped" if verdict.stops else "warned"
        say(f"[{COLOURS[state]}]{SIGNS[state]}[/] {escape(str(verdict))}")
    if any(verdict.stops for verdict in verdicts):
        raise SystemExit(1)
