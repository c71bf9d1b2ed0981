"""The demo: a brand's year in one delivery and three days after it, each run through the whole graph, then one report."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from identity.identifiers import load_rules
from jobs.catalogue import Graph, build_graph
from jobs.context import OWN_SOURCES, Context
from jobs.display import Bar, say, summary
from jobs.schedule import Outcome, run_graph
from lakehouse.job import Job
from lakehouse.tables import ops
from lakehouse.worker_daemon import VARIABLE

PRELOADED = "lightgbm,lakehouse.extractors.warm:models"
"""What Python workers of several runs in one session need again and again."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One delivery's run: its label, seconds, and how it ended."""

    label: str
    seconds: float
    outcome: Outcome


def simulated(context: Context) -> str:
    """Where the brand's files are made: apart from landing, with the truth beside them."""
    return f"{context.settings.home}/simulated"


def make_brand(context: Context, *, people: int, seed: int, out: str = "", tell: Tell = say) -> str:
    """Make the brand's files unless these very ones are there; returns the folder."""
    from simulate import Brand, generate

    where = out or simulated(context)
    mark = Path(where) / "made.txt"
    brand = Brand(people=people, seed=seed)
    if not mark.exists() or mark.read_text(encoding="utf-8") != repr(brand):
        generate(context.spark, brand, where, tell)
        mark.write_text(repr(brand), encoding="utf-8")
    return where


def deliver_up_to(context: Context, where: str, deliveries: int) -> int:
    """Deliver history and so many increments to landing; returns how many of the files are new there."""
    from simulate import deliver

    landing = Path(context.settings.landing_path)
    before = _files(landing)
    for number in range(deliveries + 1):
        deliver(where, str(landing), number)
    return _files(landing) - before


def _files(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


def due(graph: Graph, *, is_last: bool) -> list[Job]:
    """The jobs of a day: the daily ones, and on the last day also those that run once a week."""
    return [job for job in graph.select(()) if is_last or job.cadence == "daily"]


def undo_one(context: Context) -> None:
    """Take back the merge that rests on the weakest evidence, of the latest ones, as somebody might; once in a lake."""
    from jobs.explaining.register import Register
    from jobs.overriding import Ledger
    from jobs.reporting.stories import merges

    rules = load_rules(Path(context.settings.conf) / "identity.yml")
    register = Register(context.settings.lake_path)
    ensure = partial(context.lake.ensure, ops.IDENTITY_OVERRIDE)
    ledger = Ledger(context.settings, register, rules, "demo", datetime.now(UTC), ensure)
    if register.version(ops.IDENTITY_OVERRIDE.name) is not None and register.overrides():
        return
    pairs = [pair for _, pair in merges(context, register, rules)]
    if pairs:
        weakest = min(pairs, key=lambda pair: min(step.edge.weight for step in pair.steps))
        ledger.part(weakest.a, weakest.b, "demo: the merge on the weakest evidence, taken back")
        say("a merge was taken back: kith identity overrides")


PARTNER = "cinema__member"


def add_partner(context: Context, where: str) -> bool:
    """Take in a source that nobody has prepared: a partner's list, whose source file is drafted from the list itself.

    It lands and is mapped with the day's run. False where it is there already.
    """
    from jobs.delivery import deliver
    from jobs.source_drafting import write_source
    from simulate import partner_members

    folder = Path(context.settings.home) / OWN_SOURCES
    if (folder / f"{PARTNER}.yml").exists():
        return False
    began = time.monotonic()
    sample = Path(where) / "partner" / "members.csv"
    count = partner_members(where, str(sample))
    made, path = write_source(context.settings, sample, name=PARTNER, out=folder, force=False)
    vars(context).pop("sources", None)
    deliver(context.settings, context.sources[PARTNER], [sample])
    taken = ", ".join(found.table for found in made.maps)
    say(
        f"a partner's list of {count:,} members ({made.sample.format.encoding}, {len(made.facts)} columns): "
        f"{path.name} drafted in {time.monotonic() - began:.1f} s, maps to {taken}; identifiers {', '.join(made.identifiers)}"
    )
    return True


def run_demo(context: Context, *, people: int, seed: int) -> Outcome:
    """Make, deliver, run, four times over, then report. Repeated without new data nothing is written."""
    from simulate import Brand

    began = time.monotonic()
    os.environ.setdefault(VARIABLE, PRELOADED)  # before the session starts
    context.replay = True
    where = make_brand(context, people=people, seed=seed)
    say(f"a brand of {people:,} people, made in {time.monotonic() - began:.0f} s")
    graph = build_graph(context.sources, context.models)
    increments = Brand(people=people, seed=seed).increments
    steps: list[Step] = []
    for number in range(increments + 1):
        if deliver_up_to(context, where, number) == 0 and number < increments:
            continue
        start = time.monotonic()
        context.renew()
        if number == increments and add_partner(context, where):
            graph = build_graph(context.sources, context.models)
        jobs = due(graph, is_last=number == increments)
        with Bar(len(jobs)) as bar:
            outcome = run_graph(context, graph, jobs, bar.progress)
        label = "a year of history" if number == 0 else f"day {number}"
        steps.append(Step(label, time.monotonic() - start, outcome))
        say(f"[bold]{label}[/]: {steps[-1].seconds:.0f} s")
        if outcome.failures:
            break
        if number == increments - 1:
            undo_one(context)
    summary(steps[-1].outcome)
    if not steps[-1].outcome.failures:
        from jobs.report import headline, write_report

        page = write_report(context)
        for line in headline(context):
            say(line)
        say(f"report: {page}")
    pipeline = sum(step.seconds for step in steps)
    say(f"{time.monotonic() - began:.0f} s in all, of which the pipeline {pipeline:.0f} s")
    return steps[-1].outcome
