"""The commands ``kith train``, ``kith score`` and ``kith model report``: the road of the lake's own models, on demand."""

from datetime import datetime

import click
from rich.markup import escape

from jobs.catalogue import Graph, build_graph
from jobs.context import Context
from jobs.display import Bar, say, summary
from jobs.schedule import run_graph
from lakehouse.errors import KithError
from lakehouse.settings import load_settings
from lakehouse.tables.model import FEAT_CUSTOMER, PASSES
from ml.spec import ModelSpec

AS_OF = click.option("--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Day to compute for.")


def _context(env: str | None, day: datetime | None) -> Context:
    return Context(load_settings(env), day=day.date() if day else None)


def chosen(context: Context, names: tuple[str, ...], *, every: bool = False) -> list[ModelSpec]:
    """The models that are named; all with ``every``. Raises :class:`KithError` for a name without a file, and for none."""
    known = context.models
    for name in names:
        if name not in known:
            raise KithError(f"no model is called {name}; there are {', '.join(known)}", file=context.settings.conf)
    if not names and not every:
        raise KithError(f"say which model, or --all; there are {', '.join(known)}")
    return list(known.values()) if every else [known[name] for name in names]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every model of conf/models.")
@AS_OF
@click.pass_obj
def train(env: str | None, names: tuple[str, ...], every: bool, day: datetime | None) -> None:
    """Train the models NAMES now, however recent the last training is; the gate decides what becomes champion."""
    from jobs.retraining import train_now

    context = _context(env, day)
    specs = chosen(context, names, every=every)
    say(f"{len(specs)} models, features of all their cut-offs in one pass …")
    for run in train_now(context, build_graph(context.sources, context.models), specs):
        standing = f"version {run.version}, {run.alias}" if run.version else "not registered"
        say(f"[bold]{run.name}[/] {standing}: {escape(run.reason)}")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every model of conf/models.")
@AS_OF
@click.pass_obj
def score(env: str | None, names: tuple[str, ...], every: bool, day: datetime | None) -> None:
    """Score with the champions of the models NAMES: features once, and only who has changed; nothing new, nothing done."""
    context = _context(env, day)
    specs = chosen(context, names, every=every)
    graph: Graph = build_graph(context.sources, context.models)
    scores = [f"gold.score_{spec.name}" for spec in specs]
    passes = {name for score in scores for name in graph.upstream[score] if name.startswith(PASSES)}
    jobs = graph.select([FEAT_CUSTOMER.name, *passes, *scores])
    with Bar(len(jobs)) as bar:
        outcome = run_graph(context, graph, jobs, bar.progress)
    summary(outcome)
    for failure in outcome.failures:
        say(f"[red]failed[/] {escape(str(failure))}")
    if outcome.failures:
        raise SystemExit(1)


@click.command()
@click.argument("name")
@click.pass_obj
def report(env: str | None, name: str) -> None:
    """Tell how model NAME stands: the gate's word by rule, back-tests, drift, what came of its scores; its card as HTML."""
    from jobs.model_report import tell

    context = _context(env, None)
    (spec,) = chosen(context, (name,))
    tell(context.settings, spec)
