"""How a source's new files become bronze rows: each file once, each bad record or file into quarantine with its reason."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.arrivals import sort_out
from jobs.context import Context
from jobs.delivered import close_batch, recount
from jobs.drift import Sight, watch
from jobs.feeds import delivered
from jobs.healing import heal
from lakehouse.job import Job
from lakehouse.land import land, transaction
from lakehouse.load import Append
from lakehouse.runlog import JobRun
from lakehouse.sources.files import BAD, WHY, Refused, inspect
from lakehouse.sources.formats.family import Readable
from lakehouse.sources.records import AGAIN
from lakehouse.sources.rescue import RESCUED, rescued
from lakehouse.sources.spec import Source
from lakehouse.tables import ops

NOTHING = "stage string, source string, file string, row bigint, reason string, detail string, record string"


def land_files(context: Context, job: Job, source: Source, batch: DataFrame, run: JobRun) -> None:
    """Land one batch of a source, files or not; fills ``run`` with what happened."""
    spark = batch.sparkSession
    found = delivered(context, job, source, batch, run)
    heal(context, job, source, run.batch_id)
    files = sort_out(context, job, source, found.files, run)
    readable, refused = inspect(source, [a.path for a in files.fresh])
    with transaction(spark, context.app_id(job), run.batch_id):
        records = found.read(spark, source, readable)
        bad = None if records is None else _land_records(context, source, readable, records, run)
        _quarantine(context, job, source, spark, bad, found.all_refused(refused), run)
    close_batch(context, job, source, files, [r.path for r in (*refused, *found.refused)], run)
    found.landed()


def _land_records(
    context: Context, source: Source, files: Sequence[Readable], records: DataFrame, run: JobRun
) -> DataFrame | None:
    """Append the good records that are new; give back the bad ones, or None when there are none."""
    counts, sight = Observation(), Sight(files)
    is_bad, again = F.col(BAD).isNotNull(), F.col(AGAIN) if AGAIN in records.columns else F.lit(False)
    tallies = [
        F.count("*").alias("rows"),
        F.count_if(is_bad).alias("bad"),
        F.count_if(again & ~is_bad).alias("again"),
        *sight.measures(),
    ]
    counted = records.observe(counts, *tallies)
    good = counted.where(~is_bad & ~again).select(
        "payload",
        F.lit(source.name).alias("_source"),
        "_file",
        "_row",
        "_sequence",
        F.lit(run.started_at).cast("timestamp").alias("_ingested_at"),
        F.lit(run.batch_id).cast("bigint").alias("_batch_id"),
        rescued(source.fields).alias(RESCUED),
    )
    landed = land(
        context.lake,
        source.table,
        Append(),
        good.coalesce(max(2, records.sparkSession.sparkContext.defaultParallelism)),
    )
    run.version_out = landed.version_out
    if landed.version_out >= 0:
        run.rows_in, run.rows_out, run.rows_quarantined, run.rows_duplicate = (
            counts.get["rows"],
            landed.rows_out,
            counts.get["bad"],
            counts.get["again"],
        )
        watch(context.lake, context.drift, source, sight, counts.get, run)
    else:  # killed after the commit: what it had read and written is counted anew
        recount(context, source, records, run)
    known_good = run.rows_quarantined == 0
    return None if known_good else records.where(F.col(BAD).isNotNull())


def _quarantine(
    context: Context,
    job: Job,
    source: Source,
    spark: SparkSession,
    bad: DataFrame | None,
    refused: Sequence[Refused],
    run: JobRun,
) -> None:
    if bad is None and not refused:
        return
    rows = [(job.name, source.name, r.path, None, r.reason, r.detail, None) for r in refused]
    frame = spark.createDataFrame(rows, NOTHING)
    if bad is not None:
        frame = frame.unionByName(
            bad.select(
                F.lit(job.name).alias("stage"),
                F.lit(source.name).alias("source"),
                F.col("_file").alias("file"),
                F.col("_row").alias("row"),
                F.when(F.col("_row").isNull(), "unreadable_file").otherwise("malformed_record").alias("reason"),
                F.col(WHY).alias("detail"),
                F.col(BAD).alias("record"),
            )
        )
    run.rows_quarantined = quarantine(context, frame, run)


def quarantine(context: Context, rows: DataFrame, run: JobRun) -> int:
    """Append refused rows (the contract's columns less time and batch) to ``ops.quarantine``; gives how many they are.

    They are counted as they are written, not off the table's log: jobs beside this one write there too.
    """
    stamped = rows.select(
        "*",
        F.lit(run.started_at).cast("timestamp").alias("quarantined_at"),
        F.lit(run.batch_id).cast("bigint").alias("batch_id"),
    )
    written = stamped.coalesce(1).localCheckpoint()
    land(context.lake, ops.QUARANTINE, Append(), written)
    return written.count()
