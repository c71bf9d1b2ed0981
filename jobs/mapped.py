"""Streams of mapped sources: every source that maps to a table, in as few streams as its history of sources allows."""

from collections.abc import Callable, Iterator
from functools import partial, reduce
from hashlib import sha256
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from identity.identifiers import load_rules, refusal
from jobs.context import Context
from lakehouse.job import Job
from lakehouse.sources.mapping import mapped, observed
from lakehouse.sources.spec import Source
from lakehouse.table import Table
from lakehouse.tables import silver
from lakehouse.tables.bronze import bronze_table

PREFIX = "kith.sources."


def maps_to(source: Source, table: Table) -> bool:
    """Whether a source feeds the table."""
    if table.name == silver.IDENTIFIER_OBSERVATION.name:
        return bool(source.identifiers)
    return table.name in source.maps


def feeding(sources: dict[str, Source], table: Table) -> list[Source]:
    """The sources that feed the table, by name."""
    return [source for source in sources.values() if maps_to(source, table)]


def mapped_streams(context: Context, job: Job) -> Iterator[tuple[str, DataFrame]]:
    """One stream for each generation of sources, as ``(part, stream)``.

    Spark binds a checkpoint to the set of its sources. So the set that a stream began with is kept as a property of
    the written table; sources that come later, or whose version was raised, form a generation of their own, and one
    that is gone contributes nothing. Adding a source replays that source only.
    """
    current = {source.member: source for source in feeding(context.sources, job.writes)}
    prefix = f"{PREFIX}{context.version(job)}."
    found = context.lake.properties(job.writes)
    generations = {k.removeprefix(prefix): v.split(",") for k, v in sorted(found.items()) if k.startswith(prefix)}
    fresh = sorted(set(current) - {m for members in generations.values() for m in members})
    if fresh:
        part = sha256(",".join(fresh).encode()).hexdigest()[:10]
        context.lake.set_property(job.writes, prefix + part, ",".join(fresh))
        generations[part] = fresh
    for part, members in generations.items():
        if any(member in current for member in members):
            yield part, _union(context, job, members, current)


def _union(context: Context, job: Job, members: list[str], current: dict[str, Source]) -> DataFrame:
    project: Callable[..., DataFrame] = mapped
    if job.writes is silver.IDENTIFIER_OBSERVATION:
        rules = load_rules(Path(context.settings.conf) / "identity.yml")
        project = partial(observed, refuse=partial(refusal, rules))
    frames: dict[str, DataFrame] = {}
    for member in members:
        stream = _appended(context, bronze_table(member.partition("@")[0], member))
        frames[member] = project(current[member], job.writes, stream, context.key) if member in current else stream
    shape = next(frame.schema for member, frame in frames.items() if member in current)
    rows = [frame if member in current else _nothing(frame, shape) for member, frame in frames.items()]
    return reduce(DataFrame.unionByName, rows)


def _appended(context: Context, table: Table) -> DataFrame:
    context.lake.ensure(table)
    return context.lake.appended(table, context.settings.max_files_per_batch)


def _nothing(stream: DataFrame, shape: StructType) -> DataFrame:
    """No row of a source that is gone, in the shape of the others: the checkpoint still counts it."""
    return stream.where(F.lit(False)).select(*[F.lit(None).cast(f.dataType).alias(f.name) for f in shape])
