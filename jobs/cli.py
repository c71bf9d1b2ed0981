"""The command line: ``kith run`` and its fellows, one short function each; what they do stands in modules of its own."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import get_args

import click
from rich.markup import escape

from identity.components import EngineName
from jobs.catalogue import Graph, build_graph, manifest
from jobs.context import Context
from jobs.contract_command import contract
from jobs.display import Bar, say, summary, table_lines
from jobs.identity_commands import identity
from jobs.land_command import land
from jobs.match_command import match
from jobs.model_command import model
from jobs.quality_command import quality
from jobs.quarantine_command import quarantine
from jobs.road_command import report as model_report
from jobs.road_command import score, train
from jobs.rules_command import rules
from jobs.schedule import Outcome, run_graph
from jobs.source_command import source
from lakehouse.errors import KithError
from lakehouse.settings import ROOT, load_settings
from lakehouse.sources.spec import load_sources
from ml.spec import load_specs

MANIFEST = ROOT / "airflow_dags" / "manifest.json"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--env", default=None, help="Environment: conf/<env>.yml (default: KITH_ENV, else local).")
@click.pass_context
def cli(ctx: click.Context, env: str | None) -> None:
    """Kith: an open customer lakehouse."""
    ctx.obj = env


def _context(env: str | None, day: datetime | None = None, *, full: bool = False) -> Context:
    return Context(load_settings(env), day=day.date() if day else None, full=full)


def execute(context: Context, selectors: tuple[str, ...] = ()) -> tuple[Graph, Outcome]:
    """Run a selection with a progress bar; returns what was run and how it ended."""
    graph = build_graph(context.sources, context.models)
    jobs = graph.select(selectors)
    with Bar(len(jobs)) as bar:
        return graph, run_graph(context, graph, jobs, bar.progress)


@cli.command()
@click.argument("select", nargs=-1)
@click.option("--env", "own", default=None, help="Environment, as before the command.")
@click.option("--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Day to compute for.")
@click.option("--full", is_flag=True, help="Rebuild the selected tables from the first input row (ids are kept).")
@click.pass_obj
def run(env: str | None, select: tuple[str, ...], own: str | None, day: datetime | None, full: bool) -> None:
    """Bring tables up to date: everything, or SELECT… such as +gold.mart_customer_360, silver.order_line+, group:gold."""
    context = _context(own or env, day, full=full)
    _, outcome = execute(context, select)
    summary(outcome)
    _end(outcome)


def _end(outcome: Outcome) -> None:
    for failure in outcome.failures:
        say(f"[red]failed[/] {escape(str(failure))}")
    if outcome.failures:
        raise SystemExit(1)


@cli.command()
@click.argument("select", nargs=-1)
@click.pass_obj
def plan(env: str | None, select: tuple[str, ...]) -> None:
    """Dry run: analyse each job on empty frames, and print how tables differ from their contracts."""
    from jobs.plan import plan_jobs

    context = _context(env)
    problems = plan_jobs(context, build_graph(context.sources, context.models).select(select), say)
    if problems:
        raise SystemExit(1)


@cli.command()
@click.option("--write", is_flag=True, help="Write airflow_dags/manifest.json.")
@click.option("--check", is_flag=True, help="Fail when airflow_dags/manifest.json is stale.")
@click.pass_obj
def graph(env: str | None, write: bool, check: bool) -> None:
    """Print the graph of jobs, or write or check the manifest that Airflow reads."""
    settings = load_settings(env)
    built = build_graph(load_sources(settings.sources_path), load_specs(Path(settings.conf) / "models"))
    text = json.dumps(manifest(built), indent=1, ensure_ascii=False) + "\n"
    if write:
        MANIFEST.write_text(text, encoding="utf-8")
    elif check and (not MANIFEST.exists() or MANIFEST.read_text(encoding="utf-8") != text):
        raise KithError("the manifest is stale: run `kith graph --write`", file=MANIFEST)
    if not check:
        for name in built.order:
            click.echo(f"{name}  <-  {', '.join(built.upstream[name]) or 'files'}")


@cli.command()
@click.pass_obj
def tables(env: str | None) -> None:
    """List every table: layer, key, columns, and what it is."""
    context = _context(env)
    for line in table_lines(build_graph(context.sources, context.models)):
        say(line)


@cli.command()
@click.argument("table")
@click.option("-n", "rows", default=10, show_default=True, help="Rows to show.")
@click.option("--where", default="", help="Spark SQL predicate.")
@click.pass_obj
def show(env: str | None, table: str, rows: int, where: str) -> None:
    """Print rows of TABLE."""
    from jobs.show import show_table

    show_table(_context(env), table, rows, where)


@cli.command()
@click.pass_obj
def views(env: str | None) -> None:
    """Print SQL that makes views of facts by person in a catalogue."""
    from jobs.views import owned_tables, views

    for _, statement in views(owned_tables(), _context(env).settings.lake_path):
        click.echo(f"{statement}\n")


@cli.command()
@click.option("--people", default=1000, show_default=True, help="People of the brand.")
@click.option("--seed", default=7, show_default=True)
@click.option("--out", default="", help="Folder (default: <home>/simulated).")
@click.option(
    "--deliver",
    "deliveries",
    default=0,
    show_default=True,
    help="Deliver history and so many days to landing.",
)
@click.pass_obj
def simulate(env: str | None, people: int, seed: int, out: str, deliveries: int) -> None:
    """Make the brand's files with planted truth, and deliver them where the sources look."""
    from jobs.demo import deliver_up_to, make_brand

    context = _context(env)
    where = make_brand(context, people=people, seed=seed, out=out, tell=say)
    say(f"{deliver_up_to(context, where, deliveries)} files delivered to {context.settings.landing_path}")


@cli.command()
@click.option("--people", default=1000, show_default=True, help="People of the brand.")
@click.option("--seed", default=7, show_default=True)
@click.pass_obj
def demo(env: str | None, people: int, seed: int) -> None:
    """The whole chain: a brand's year and three days, landed, resolved, modelled, scored, and one report."""
    from jobs.demo import run_demo

    _end(run_demo(_context(env), people=people, seed=seed))


@cli.command()
@click.argument("edges", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder for the result, Parquet (id, component)."
)
@click.option("--engine", type=click.Choice(get_args(EngineName)), default="auto", show_default=True)
@click.pass_obj
def components(env: str | None, edges: Path, out: Path, engine: EngineName) -> None:
    """Connected components of EDGES: a two-column Parquet or CSV file, or a folder of them, ids of any type."""
    from jobs.components import Components

    Components(lambda: Context(load_settings(env, spark_size="m")).spark, edges, out, engine).find()


@cli.command()
@click.pass_obj
def report(env: str | None) -> None:
    """Write the HTML report of the lake as it is."""
    from jobs.report import write_report

    say(f"report: {write_report(_context(env))}")


cli.add_command(identity)
cli.add_command(match)
model.add_command(model_report)
cli.add_command(model)
cli.add_command(train)
cli.add_command(score)
cli.add_command(contract)
cli.add_command(quality)
cli.add_command(rules)
cli.add_command(source)
cli.add_command(land)
cli.add_command(quarantine)


def main() -> None:
    """Entry point: errors of Kith are one clear line, not a traceback."""
    try:
        cli(standalone_mode=False)
    except KithError as error:
        say(f"[red]error[/] {escape(str(error))}")
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
