"""Runs one job: read what is new, transform, hold to the contract, check, land, log."""

from collections.abc import Iterator, Mapping
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.accounting import Counted, account, by_source, count_by_source, counted_in
from jobs.auditing import audit, audit_mapped, extra_rules
from jobs.context import Context
from jobs.feeds import source_streams
from jobs.landing import land_files, quarantine
from jobs.mapped import feeding, mapped_streams
from lakehouse import session
from lakehouse.checks import BROKEN, broken_rules
from lakehouse.deliveries import DELETED
from lakehouse.errors import JobFailed, KithError
from lakehouse.job import SEPARATOR, AsOf, Changed, Group, Job, Mapped, New, Read, Resource
from lakehouse.land import Landed, land, transaction
from lakehouse.load import Merge, Scd2
from lakehouse.runlog import JobRun
from lakehouse.settings import Settings
from lakehouse.staging import staged
from lakehouse.stream import drain
from lakehouse.table import Table
from lakehouse.tables import ops


def run_job(context: Context, job: Job) -> list[JobRun]:
    """Bring one job up to date. Returns the record of each batch; empty when there was nothing new.

    Raises :class:`JobFailed` naming job, table and rule; what landed before stays, and the next run resumes there.
    """
    runs: list[JobRun] = []
    try:
        _ensure(context, job)
        for part, stream in _streams(context, job):
            _drain(context, job, part, stream, runs)
        if not runs and _is_due(context, job):
            runs.append(_batch(context, job, None, _next_batch(context)))
    except KithError as error:
        raise _failed(context, job, runs, error) from error
    except Exception as error:
        raise _failed(context, job, runs, error) from error
    return runs


def _ensure(context: Context, job: Job) -> None:
    lands_strangers = job.group is Group.BRONZE or Mapped() in job.reads.values()
    for table in (*job.inputs(), job.writes, *([ops.QUARANTINE] if lands_strangers else [])):
        context.lake.ensure(table)


def _drain(context: Context, job: Job, part: str, stream: DataFrame, runs: list[JobRun]) -> None:
    def handle(batch: DataFrame, batch_id: int) -> None:
        runs.append(_batch(context, job, batch, batch_id, part))

    first = len(runs)
    tasks = context.settings.batch_tasks if context.settings.is_small else 0
    stream = stream.coalesce(tasks) if tasks and job.group is not Group.BRONZE else stream
    ended = drain(stream, handle, context.checkpoint(job, part), f"{job.name} {part}".strip())
    fresh = runs[first:]
    for run in fresh:
        run.core_seconds = session.run_seconds(context.spark, ended.run_id) / len(fresh)


def _streams(context: Context, job: Job) -> Iterator[tuple[str, DataFrame]]:
    """The streams that drive a job: its files, its mapped sources, what is new or changed, or else any change at all."""
    if job.group is Group.BRONZE:
        yield from (("", stream) for stream in source_streams(context, job, context.sources[job.writes.entity]))
        return
    drivers = [read for read in job.reads.values() if isinstance(read, Mapped | New | Changed)]
    if not drivers:
        others = [table for table in job.inputs() if table.name != job.name]  # its own commits wake nobody
        drivers = [Changed(tuple((table, "") for table in others))] if others else []
    for read in drivers:
        match read:
            case Mapped():
                yield from mapped_streams(context, job)
            case New(table):
                yield "", context.lake.changes(table, context.settings.max_files_per_batch)
            case Changed(of):
                yield "", _keys(context, of)


def _keys(context: Context, of: tuple[tuple[Table, str | tuple[str, ...]], ...]) -> DataFrame:
    """The changed keys of several tables as one stream ``(kind, key)``; an empty column name is a bare trigger."""
    frames = []
    for table, columns in of:
        names = (columns,) if isinstance(columns, str) else columns
        values = [F.col(name).cast("string") if name else F.lit(None).cast("string") for name in names]
        key = values[0] if len(values) == 1 else F.concat_ws(SEPARATOR, *values)
        frames.append(context.lake.changes(table).select(F.lit(names[0]).alias("kind"), key.alias("key")))
    result = frames[0]
    for frame in frames[1:]:
        result = result.unionAll(frame)
    return result


def _is_due(context: Context, job: Job) -> bool:
    """A job that depends on the day is due when it has nothing for it, although no input changed."""
    if AsOf.DAY not in job.reads.values() or "as_of" not in job.writes.column_names or context.day is None:
        return False
    found = context.lake.read(job.writes).where(F.col("as_of") == F.lit(context.day)).limit(1).count()
    return found == 0


def _next_batch(context: Context) -> int:
    return int(context.as_of().toordinal())


def _batch(context: Context, job: Job, batch: DataFrame | None, batch_id: int, part: str = "") -> JobRun:
    """One batch of one job, from its rows to its record in the log."""
    run = JobRun(context.run_id, job.name, job.version, batch_id, part=part)
    context.lake.conform(job.writes)
    if job.group is Group.BRONZE and batch is not None:
        source = context.sources[job.writes.entity]
        run.versions_in = {source.origin: batch_id}
        land_files(context, job, source, batch, run)
    else:
        run.versions_in = {table.name: context.lake.version(table) for table in job.inputs()}
        _transform_and_land(context, job, batch, run, part)
    run.close()
    context.log.add(run)
    return run


def take_again(context: Context, job: Job, rows: DataFrame, part: str) -> JobRun:
    """Take mapped rows that come by no stream (a replay of quarantine); ``part`` gives their transaction its own name."""
    context.lake.ensure(job.writes)
    return _batch(context, job, rows, 0, part)


def _transform_and_land(context: Context, job: Job, batch: DataFrame | None, run: JobRun, part: str) -> None:
    spark = batch.sparkSession if batch is not None else context.spark.newSession()
    inputs = {name: _input(context, job, read, batch, spark, run) for name, read in job.reads.items()}
    frame = job.transform(**inputs)
    if not isinstance(frame, DataFrame):
        raise KithError("the transform returned no DataFrame", job=job.name)
    app_id = context.app_id(job, part)
    if isinstance(job.load, Scd2):
        frame = frame.withColumns({"valid_to": F.lit(None).cast("timestamp"), "is_current": F.lit(True)})
    batch_name, on_disk = f"{app_id.replace(':', '/')}/{run.batch_id}", not context.settings.is_small
    with staged(context.lake, frame, batch_name, on_disk=on_disk) as rows, transaction(spark, app_id, run.batch_id):
        _publish(context, job, rows, run, part)


def _publish(context: Context, job: Job, frame: DataFrame, run: JobRun, part: str = "") -> None:
    """Mapped rows: bad ones go to quarantine, the rest lands. All others: every row passes the gate, or nothing lands."""
    if Mapped() in job.reads.values():
        _publish_mapped(context, job, frame, run, part)
    elif audit(context, job, frame, run, part):
        _land(context, job, frame, run)


def _publish_mapped(context: Context, job: Job, frame: DataFrame, run: JobRun, part: str) -> None:
    judged = frame.withColumn(BROKEN, broken_rules(job.writes, extra_rules(context, job.writes)))
    sources = [source.name for source in feeding(context.sources, job.writes)]
    measured = audit_mapped(context, job, frame, run, part, by_source(job.writes, sources))
    counted = counted_in(sources, measured)
    if counted is None:
        counted = count_by_source(judged, job.writes)
    good = _set_aside(context, job, judged, counted, run)
    account(context, job, run, counted, _land(context, job, good, run) if good is not None else None)


def _land(context: Context, job: Job, good: DataFrame, run: JobRun) -> Landed:
    landed = land(context.lake, job.writes, job.load, good, run.rows_in)
    run.version_out, run.rows_out, run.rows_deleted = landed.version_out, landed.rows_out, landed.deleted
    if isinstance(job.load, Merge) and job.load.newest and landed.version_out >= 0:
        run.rows_duplicate = (run.rows_in or 0) - run.rows_quarantined - landed.inserted
    return landed


def _set_aside(
    context: Context, job: Job, judged: DataFrame, counted: Mapping[str, Counted], run: JobRun
) -> DataFrame | None:
    """Split a mapped batch: rows that break the contract go to quarantine with the rules' names; None if none is good."""
    run.rows_in, run.rows_quarantined = sum(c.rows for c in counted.values()), sum(c.refused for c in counted.values())
    refused = run.rows_quarantined > 0
    if refused:
        run.rows_quarantined = quarantine(context, _refused(job, judged.where(F.size(BROKEN) > 0)), run)
    if all(c.rows == c.refused for c in counted.values()):
        return None
    return (judged.where(F.size(BROKEN) == 0) if refused else judged).drop(BROKEN)


def _refused(job: Job, rows: DataFrame) -> DataFrame:
    return rows.select(
        F.lit(job.name).alias("stage"),
        F.col("source"),
        F.col("_file").alias("file"),
        F.col("_row").alias("row"),
        F.array_join(BROKEN, ",").alias("reason"),
        F.lit(f"breaks the contract of {job.name}").alias("detail"),
        F.to_json(F.struct(*job.writes.column_names)).alias("record"),
    )


def _input(
    context: Context, job: Job, read: Read, batch: DataFrame | None, spark: SparkSession, run: JobRun
) -> DataFrame | date | Settings | Mapping[str, int]:
    match read:
        case Table():
            rows = context.lake.read(read, spark)
            # Of a table without any row nothing is planned, nor of what is joined with it.
            return rows.where("false") if context.lake.is_untouched(read) else rows
        case New(table, deletions):
            changes = batch if batch is not None else context.lake.read(table, spark)
            return latest_images(table, changes, deletions=deletions)
        case AsOf.DAY:
            run.as_of = context.as_of()
            return run.as_of
        case Resource.SETTINGS:
            return context.settings
        case Resource.VERSIONS:
            return run.versions_in
        case _:
            if batch is None:
                raise KithError("this job runs on changes only", job=job.name)
            return batch


def latest_images(table: Table, changes: DataFrame, *, deletions: bool = False) -> DataFrame:
    """The last image of each key in a batch of the change data feed, in the contract's columns.

    Deleted rows are left out, or told by ``_deleted``.
    """
    if "_change_type" not in changes.columns:
        return changes.withColumn(DELETED, F.lit(False)) if deletions else changes
    marked = changes.withColumn(DELETED, F.col("_change_type") == "delete")
    kinds = ["insert", "update_postimage", *(["delete"] if deletions else [])]
    rows = marked.where(F.col("_change_type").isin(*kinds))
    wanted = [*table.column_names, *([DELETED] if deletions else [])]
    if not table.key:
        return rows.select(*wanted)
    rest = [c for c in wanted if c not in table.key]
    last = F.max_by(F.struct(*rest), F.col("_commit_version")).alias("last")
    return rows.groupBy(*table.key).agg(last).select(*table.key, "last.*").select(*wanted)


def _failed(context: Context, job: Job, runs: list[JobRun], error: Exception) -> JobFailed:
    where: Mapping[str, object] = error.where if isinstance(error, KithError) else {}
    message = error.message if isinstance(error, KithError) else session.root_message(error)
    run = JobRun(context.run_id, job.name, job.version, len(runs), status="failed", message=message[:2000])
    run.close()
    context.log.add(run)
    return JobFailed(message, **({"job": job.name, "table": job.writes.name} | dict(where)))
