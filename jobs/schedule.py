"""Runs a selection of the graph, several jobs at a time where it allows, with progress; a failure stops only what needs it."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from jobs.catalogue import Graph
from jobs.context import Context
from jobs.locks import held
from jobs.rule_versions import record_rules
from jobs.runner import run_job
from lakehouse.errors import JobFailed
from lakehouse.job import Job
from lakehouse.runlog import JobRun


@dataclass
class Outcome:
    """What a run did: batches by job, failures, what was skipped because of them, and wall seconds by job."""

    runs: dict[str, list[JobRun]] = field(default_factory=dict)
    failures: list[JobFailed] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


Progress = Callable[[str, str], None]


def run_graph(context: Context, graph: Graph, jobs: list[Job], progress: Progress) -> Outcome:
    """Run the jobs so that each comes after those of its ancestors that are selected too.

    ``progress(job, state)`` is told of ``started``, ``done`` and ``failed``. The log is landed at the end, whatever happens.
    """
    with held(context, jobs):
        if context.full:
            for job in jobs:
                context.rebuild(job)
        return _run(context, graph, jobs, progress)


def _run(context: Context, graph: Graph, jobs: list[Job], progress: Progress) -> Outcome:
    outcome = Outcome()
    waiting = {job.name: graph.ancestors(job.name) & {j.name for j in jobs} for job in _longest_first(graph, jobs)}
    running: dict[Future[list[JobRun]], Job] = {}
    try:
        with ThreadPoolExecutor(max_workers=context.settings.parallel_jobs) as pool:
            while waiting or running:
                _start(context, graph, pool, waiting, running, progress, outcome)
                if running:
                    _finish(running, waiting, outcome, progress)
    finally:
        runs = context.log.runs
        context.log.flush(context.lake)
        context.drift.flush()
        record_rules(context, runs)
    return outcome


def _longest_first(graph: Graph, jobs: list[Job]) -> list[Job]:
    """The jobs, those first after which the longest chain of others follows: of what may start, that is what others wait for.

    Of equal ones those of a larger size come first, so that no long job is left alone at the end of a run.
    """
    chosen = {job.name for job in jobs}
    behind = dict.fromkeys(chosen, 0)
    for name in reversed(graph.order):
        if name in chosen:
            for up in graph.upstream[name]:
                if up in chosen:
                    behind[up] = max(behind[up], behind[name] + 1)
    return sorted(jobs, key=lambda job: (-behind[job.name], job.size == "s"))


def _start(
    context: Context,
    graph: Graph,
    pool: ThreadPoolExecutor,
    waiting: dict[str, set[str]],
    running: dict[Future[list[JobRun]], Job],
    progress: Progress,
    outcome: Outcome,
) -> None:
    free = context.settings.parallel_jobs - len(running)
    for name in [name for name, needs in waiting.items() if not needs][: max(free, 0)]:
        del waiting[name]
        progress(name, "started")
        running[pool.submit(_timed, context, graph.jobs[name], outcome)] = graph.jobs[name]


def _timed(context: Context, job: Job, outcome: Outcome) -> list[JobRun]:
    began = time.monotonic()
    try:
        return run_job(context, job)
    finally:
        outcome.seconds[job.name] = time.monotonic() - began


def _finish(
    running: dict[Future[list[JobRun]], Job],
    waiting: dict[str, set[str]],
    outcome: Outcome,
    progress: Progress,
) -> None:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        job = running.pop(future)
        error = future.exception()
        if error is None:
            outcome.runs[job.name] = future.result()
            for needs in waiting.values():
                needs.discard(job.name)
            progress(job.name, "done")
        elif isinstance(error, JobFailed):
            outcome.failures.append(error)
            dropped = [name for name, needs in waiting.items() if job.name in needs]
            outcome.skipped += dropped
            for name in dropped:
                del waiting[name]
            progress(job.name, "failed")
        else:
            raise error
