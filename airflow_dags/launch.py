"""What Airflow is to run, worked out without Airflow: the manifest's pipelines, and each job's launch."""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import cast

MANIFEST_VERSION = 1
CRON = {"hourly": "0 * * * *", "daily": "0 2 * * *", "weekly": "0 6 * * 1", "monthly": "0 6 1 * *"}
"""When a pipeline starts that no other pipeline wakes; UTC."""
TIMEOUT = {"s": timedelta(hours=1), "m": timedelta(hours=3), "l": timedelta(hours=12)}
"""Sizes from small to large, and how long a job of each may take before Airflow stops and retries it."""
LAKE_POOL = "kith_lake"
"""The pool of all tasks where the store cannot arbitrate between drivers: each also writes ``ops.*``."""


class ManifestError(ValueError):
    """The manifest does not describe pipelines that Airflow could run; the message names the job or group."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as the manifest states it; ``upstream`` names the jobs whose tables it reads."""

    name: str
    task_id: str
    asset: str
    layer: str
    group: str
    cadence: str
    upstream: tuple[str, ...]
    doc: str
    size: str
    owner: str
    version: int

    @property
    def pool(self) -> str:
        """The pool of the written table, where each table has its own: one slot, one writing driver."""
        return f"kith_{self.task_id}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One DAG: the jobs of a group and cadence, in the order of the manifest.

    ``edges`` are pairs (upstream, downstream) of its own jobs' names. ``wakes`` are the jobs of other groups
    that it reads at the same cadence: it starts when all of them have landed anew; without any, by ``cron``.
    """

    group: str
    cadence: str
    jobs: tuple[Job, ...]
    edges: tuple[tuple[str, str], ...]
    wakes: tuple[Job, ...]

    @property
    def dag_id(self) -> str:
        """The DAG's name in Airflow."""
        return f"kith_{self.cadence}_{self.group}"

    @property
    def cron(self) -> str | None:
        """The schedule in UTC of a pipeline that no other one wakes, else None."""
        return None if self.wakes else CRON[self.cadence]


@dataclass(frozen=True, slots=True)
class Platform:
    """Where the checkout, its data and the core environment are (absolute), and how Spark is reached.

    ``jars`` is a comma-separated list of patterns, ``size`` the smallest session that a job gets, ``memory``
    the driver's. ``pool`` is the pool of every task, or empty: then each table has its own.
    """

    root: Path
    home: Path
    venv: Path
    conf: Path
    jar_root: Path
    jars: str
    size: str
    memory: str
    connection: str
    pool: str


def platform(environment: Mapping[str, str]) -> Platform:
    """Read the platform's settings (:func:`setting`) and the variables that only Airflow needs.

    ``KITH_ROOT`` is the checkout (default: the one that holds this file), ``KITH_VENV`` its core environment,
    ``KITH_SPARK_CONNECTION`` the connection (``spark_local``), ``KITH_AIRFLOW_POOLS`` either ``lake`` (one
    driver at a time, the default) or ``table`` (one for each table).
    """
    root = Path(environment.get("KITH_ROOT") or Path(__file__).resolve().parent.parent).absolute()

    def place(name: str, default: str) -> Path:
        return root / (environment.get(name) or default)

    conf, jar_root = place("KITH_CONF", "conf"), place("KITH_JARS", ".jars")
    return Platform(
        root=root,
        home=place("KITH_HOME", ".kith"),
        venv=place("KITH_VENV", ".venv"),
        conf=conf,
        jar_root=jar_root,
        jars=_jars(environment, jar_root),
        size=setting("spark_size", environment, conf) or "s",
        memory=setting("driver_memory", environment, conf) or "4g",
        connection=environment.get("KITH_SPARK_CONNECTION") or "spark_local",
        pool="" if environment.get("KITH_AIRFLOW_POOLS") == "table" else LAKE_POOL,
    )


def setting(key: str, environment: Mapping[str, str], conf: Path) -> str:
    """One of the platform's settings, as ``lakehouse.settings`` finds it; empty where it is not set.

    The variable ``KITH_<KEY>``, else the line ``key: value`` of ``conf/<env>.yml``, else of ``base.yml``.
    """
    if value := environment.get(f"KITH_{key.upper()}"):
        return value
    for name in (environment.get("KITH_ENV") or "local", "base"):
        path = conf / f"{name}.yml"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if line := re.search(rf"^{key}:[ ]*([^#\n]+)", text, flags=re.MULTILINE):
            return line[1].strip().strip("\"'")
    return ""


def _jars(environment: Mapping[str, str], root: Path) -> str:
    """Jars by pattern, for spark-submit to resolve: the driver's class path needs them from the start."""
    folders = [root / name for name in ("delta", "sources", "s3", "graphframes")]
    extra = environment.get("KITH_GRAPHFRAMES_JARS", "").split(os.pathsep)
    return ",".join([*(f"{folder}/*.jar" for folder in folders if folder.is_dir()), *filter(None, extra)])


def read_manifest(path: Path) -> tuple[Pipeline, ...]:
    """Read the file that ``kith graph --write`` wrote; the pipelines in the order of the data's flow.

    Raises :class:`ManifestError` where the file is missing, of another version, or contradicts itself.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ManifestError(f"{path}: {error}; write it by `kith graph --write`") from error
    return pipelines(content)


def pipelines(manifest: Mapping[str, object]) -> tuple[Pipeline, ...]:
    """Cut the graph of jobs into one pipeline per group and cadence; raises :class:`ManifestError`."""
    if manifest.get("version") != MANIFEST_VERSION:
        raise ManifestError(f"manifest version {manifest.get('version')!r}, expected {MANIFEST_VERSION}")
    jobs = [_job(entry) for entry in cast("list[dict[str, object]]", manifest["jobs"])]
    groups = [(g["name"], g["cadence"]) for g in cast("list[dict[str, str]]", manifest["groups"])]
    by_name = {job.name: job for job in jobs}
    _check(jobs, by_name, groups)
    cut = (_pipeline(group, cadence, jobs, by_name) for group, cadence in groups)
    return tuple(pipeline for pipeline in cut if pipeline.jobs)


def _job(entry: Mapping[str, object]) -> Job:
    names = {field.name for field in fields(Job)}
    if set(entry) != names:
        raise ManifestError(f"job {entry.get('name')!r}: missing or unknown {sorted(set(entry) ^ names)}")
    upstream = tuple(cast("list[str]", entry["upstream"]))
    return Job(**{**entry, "upstream": upstream})  # type: ignore[arg-type]


def _check(jobs: list[Job], by_name: Mapping[str, Job], groups: list[tuple[str, str]]) -> None:
    """Every name resolves, nothing is declared twice, and no pipeline waits for one that comes after it."""
    order = {group: place for place, (group, _) in enumerate(groups)}
    if len(by_name) != len(jobs) or len(set(groups)) != len(groups):
        raise ManifestError("a job or a group is declared twice")
    for job in jobs:
        if (job.group, job.cadence) not in groups:
            raise ManifestError(f"{job.name}: group {job.group!r} ({job.cadence}) is not among the groups")
        if job.cadence not in CRON or job.size not in TIMEOUT:
            raise ManifestError(f"{job.name}: unknown cadence {job.cadence!r} or size {job.size!r}")
        for name in job.upstream:
            if name not in by_name:
                raise ManifestError(f"{job.name}: reads {name!r}, which no job writes")
            if order[by_name[name].group] > order[job.group]:
                raise ManifestError(f"{job.name}: group {job.group!r} reads {name!r} of a later group")


def _pipeline(group: str, cadence: str, jobs: list[Job], by_name: Mapping[str, Job]) -> Pipeline:
    own = tuple(job for job in jobs if (job.group, job.cadence) == (group, cadence))
    reads = [(by_name[name], job) for job in own for name in job.upstream if by_name[name].cadence == cadence]
    edges = tuple((above.name, below.name) for above, below in reads if above.group == group)
    wakes = {above.name: above for above, _ in reads if above.group != group}
    return Pipeline(group, cadence, own, edges, tuple(wakes.values()))


def launch(job: Job, where: Platform) -> dict[str, object]:
    """Arguments of the operator that submits ``job``: application, jars, size, environment, pool, time limit.

    ``conf/spark/<size>.conf`` goes to spark-submit too: what concerns the JVM must be known before it starts.
    """
    size = max(job.size, where.size, key=tuple(TIMEOUT).index)
    return {
        "conn_id": where.connection,
        "spark_binary": str(where.venv / "bin" / "spark-submit"),
        "application": str(where.root / "jobs" / "main.py"),
        "application_args": ["run", job.name],
        "name": f"kith:{job.name}",
        "jars": where.jars,
        "properties_file": str(where.conf / "spark" / f"{size}.conf"),
        "env_vars": _environment(size, where),
        "pool": where.pool or job.pool,
        "owner": job.owner,
        "execution_timeout": TIMEOUT[size],
    }


def _environment(size: str, where: Platform) -> dict[str, str]:
    """The core environment's interpreter and Spark, over whatever Airflow's own environment brings."""
    python = str(where.venv / "bin" / "python")
    found = (where.venv / "lib").glob("python3*/site-packages/pyspark")
    return {
        "KITH_ROOT": str(where.root),
        "KITH_HOME": str(where.home),
        "KITH_CONF": str(where.conf),
        "KITH_JARS": str(where.jar_root),
        "KITH_SPARK_SIZE": size,
        "PYTHONPATH": str(where.root),
        "PYSPARK_PYTHON": python,
        "PYSPARK_DRIVER_PYTHON": python,
        "SPARK_HOME": str(next(found, where.venv / "pyspark-is-missing")),
        "SPARK_DRIVER_MEMORY": where.memory,
    }


def as_of(given: object, events: Iterable[Mapping[str, object]]) -> str | None:
    """The data date of a run: what a person gave it, else the latest that the runs which woke it were given.

    None means the latest day in the data. Raises :class:`ValueError` for what is no ISO date.
    """
    dates = [str(value) for value in (given, *(event.get("as_of") for event in events)) if value]
    if not dates:
        return None
    chosen = dates[0] if given else max(dates)
    return date.fromisoformat(chosen).isoformat()


def pools(cut: Iterable[Pipeline], where: Platform) -> dict[str, dict[str, object]]:
    """The pools that the tasks need, in the form of ``airflow pools import``; each has one slot."""
    if where.pool:
        return {where.pool: _pool("the lake")}
    return {job.pool: _pool(job.name) for pipeline in cut for job in pipeline.jobs}


def _pool(written: str) -> dict[str, object]:
    return {"slots": 1, "description": f"the one driver that writes {written}", "include_deferred": True}


def manifest_path(environment: Mapping[str, str]) -> Path:
    """The manifest: the one beside this file, or ``KITH_MANIFEST``."""
    return Path(environment.get("KITH_MANIFEST") or Path(__file__).with_name("manifest.json"))


if __name__ == "__main__":
    json.dump(pools(read_manifest(manifest_path(os.environ)), platform(os.environ)), sys.stdout, indent=1)
