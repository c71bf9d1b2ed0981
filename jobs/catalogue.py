"""The one graph of jobs: found by importing the packages of this composition root, held to its rules, and selected from."""

import fnmatch
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from jobs.bronze import landing_jobs
from jobs.context import CLOCKS
from jobs.mapped import feeding
from jobs.scoring import score_jobs
from jobs.watching import watch_job
from lakehouse.errors import ContractError, KithError
from lakehouse.job import AsOf, Group, Job, Mapped
from lakehouse.settings import ROOT
from lakehouse.sources.spec import Source
from lakehouse.table import Table
from ml.spec import ModelSpec, load_specs

PACKAGES = ("jobs.silver", "jobs.gold", "jobs.ops")
ORDER = list(Group)


class SelectionError(KithError):
    """A selector names nothing."""


class Graph:
    """Jobs by name, in topological order; edges run along the tables that jobs read and write."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs: dict[str, Job] = {}
        for job in jobs:
            if job.name in self.jobs:
                raise ContractError("a table has one writer, this one has two", table=job.name)
            self.jobs[job.name] = job
        self.upstream: dict[str, tuple[str, ...]] = {
            name: tuple(t.name for t in _needs(job) if t.name in self.jobs and t.name != name)
            for name, job in self.jobs.items()
        }
        try:
            self.order = tuple(TopologicalSorter(self.upstream).static_order())
        except CycleError as error:
            raise ContractError(f"the graph has a cycle: {' > '.join(error.args[1])}") from error

    def ancestors(self, name: str) -> set[str]:
        """Every job that the named one depends on."""
        return _reach(name, self.upstream)

    def descendants(self, name: str) -> set[str]:
        """Every job that depends on the named one."""
        down: dict[str, list[str]] = {n: [] for n in self.jobs}
        for job, ups in self.upstream.items():
            for up in ups:
                down[up].append(job)
        return _reach(name, down)

    def select(self, selectors: Iterable[str]) -> list[Job]:
        """Jobs by dbt-like selectors, in topological order; none given selects all.

        ``silver.order_line``, ``silver.*``, ``group:gold``; ``+`` before takes all ancestors, after all descendants.
        Raises :class:`SelectionError` for a selector that names nothing.
        """
        chosen = {name for selector in selectors for name in self._matches(selector)}
        wanted = chosen or set(self.jobs)
        return [self.jobs[name] for name in self.order if name in wanted]

    def _matches(self, selector: str) -> Iterator[str]:
        core = selector.strip("+")
        if core.startswith("group:"):
            names = [n for n, job in self.jobs.items() if job.group == core.removeprefix("group:")]
        else:
            names = fnmatch.filter(self.jobs, core)
        if not names:
            raise SelectionError(f"the selector {selector!r} names no job; `kith tables` lists them")
        for name in names:
            yield name
            if selector.startswith("+"):
                yield from self.ancestors(name)
            if selector.endswith("+"):
                yield from self.descendants(name)


def _needs(job: Job) -> tuple[Table, ...]:
    """What a job reads; one that computes as of a day also waits for the tables that tell the latest day."""
    clocks = tuple(table for table, _ in CLOCKS) if AsOf.DAY in job.reads.values() else ()
    return tuple(dict.fromkeys((*job.inputs(), *clocks)))


def _reach(name: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(edges[name])
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo.extend(edges[node])
    return found


def declared_jobs() -> list[Job]:
    """Every job that a module of the packages declares: one a file."""
    found = []
    for package in PACKAGES:
        folder = importlib.import_module(package)
        for info in pkgutil.iter_modules(folder.__path__, f"{package}."):
            module = importlib.import_module(info.name)
            found += [value for value in vars(module).values() if isinstance(value, Job)]
    return found


def build_graph(sources: dict[str, Source], models: Mapping[str, ModelSpec] | None = None) -> Graph:
    """The graph of landing jobs, declared jobs and scoring jobs; ``Mapped`` reads are bound to the sources that feed them.

    ``models`` are those of ``conf/models``; the project's own where none are given. A mapped table that no source feeds, and
    everything that only it feeds, stays in the graph and has nothing to do.
    """
    bound = [_bind(job, sources) for job in declared_jobs()]
    specs = load_specs(ROOT / "conf" / "models") if models is None else models
    return Graph([*landing_jobs(sources.values()), *bound, *model_jobs(list(specs.values()))])


def model_jobs(specs: Sequence[ModelSpec]) -> list[Job]:
    """The jobs that follow from the models' files: a scoring job each, passes for several, and one that watches them all."""
    return [*score_jobs(specs), watch_job(specs)] if specs else []


def _bind(job: Job, sources: dict[str, Source]) -> Job:
    if Mapped() not in job.reads.values():
        return job
    return replace(job, mapped=tuple(source.table for source in feeding(sources, job.writes)))


CADENCES = ("hourly", "daily", "weekly", "monthly")


def manifest(graph: Graph) -> dict[str, object]:
    """What Airflow, the catalogue and lineage are derived from; plain data, stable order."""
    jobs = [graph.jobs[name] for name in graph.order]
    groups = sorted({(ORDER.index(j.group), j.group.value, j.cadence) for j in jobs})
    return {
        "version": 1,
        "jobs": [
            _entry(job, awaited(graph, job)) for job in sorted(jobs, key=lambda j: (ORDER.index(j.group), j.name))
        ],
        "groups": [{"name": name, "cadence": cadence} for _, name, cadence in groups],
    }


def awaited(graph: Graph, job: Job) -> tuple[str, ...]:
    """The upstream jobs that a job waits for where each runs at its own pace: a daily one takes a weekly table as it is."""
    pace = CADENCES.index(job.cadence)
    return tuple(name for name in graph.upstream[job.name] if CADENCES.index(graph.jobs[name].cadence) <= pace)


def _entry(job: Job, upstream: tuple[str, ...]) -> dict[str, object]:
    return {
        "name": job.name,
        "task_id": job.task_id,
        "asset": job.writes.asset,
        "layer": job.writes.layer.value,
        "group": job.group.value,
        "cadence": job.cadence,
        "upstream": sorted(upstream),
        "doc": job.doc,
        "size": job.size,
        "owner": job.writes.owner,
        "version": job.version,
    }
