"""How a source's new files become bronze rows: each file once, each bad record or file into quarantine with its reason."""

from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.arrivals import sort_out
from jobs.context import Context
from jobs.delivered import close_batch, recount
from jobs.healing import heal
from lakehouse.errors import SourceError
from lakehouse.job import Job
from lakehouse.land import Landed, land, transaction
from lakehouse.load import Append
from lakehouse.runlog import JobRun
from lakehouse.sources.filelog import batch_files
from lakehouse.sources.files import BAD, WHY, Readable, Refused, inspect, read_records
from lakehouse.sources.spec import Source
from lakehouse.tables import ops
from lakehouse.textfiles import reader

NOTHING = "stage string, source string, file string, row bigint, reason string, detail string, record string"


def file_stream(context: Context, source: Source) -> DataFrame | None:
    """A stream whose batches name the source's new files; None where nothing was ever delivered."""
    folder = f"{context.settings.landing_path}/{source.folder}"
    if "://" not in folder and not Path(folder).is_dir():
        return None
    stream = context.spark.readStream.format("text").option("recursiveFileLookup", "true")
    stream = stream.option("maxFileAge", "36500d").option("maxFilesPerTrigger", context.settings.max_files_per_batch)
    try:
        return stream.load(folder)
    except Exception as error:
        if "PATH_NOT_FOUND" in str(error):
            return None
        raise SourceError(f"the folder cannot be read: {error}", file=folder) from error


def land_files(context: Context, job: Job, source: Source, batch: DataFrame, run: JobRun) -> None:
    """Land one batch of files; fills ``run`` with what happened."""
    spark = batch.sparkSession
    files = batch_files(reader(context.spark), context.checkpoint(job), run.batch_id)
    heal(context, job, source, run.batch_id)
    found = sort_out(context, job, source, files, run)
    readable, refused = inspect(source, [a.path for a in found.fresh])
    with transaction(spark, context.app_id(job), run.batch_id):
        bad = _land_records(context, source, spark, readable, run) if readable else None
        _quarantine(context, job, source, spark, bad, refused, run)
    close_batch(context, job, source, found, [r.path for r in refused], run)


def _land_records(
    context: Context, source: Source, spark: SparkSession, files: Sequence[Readable], run: JobRun
) -> DataFrame | None:
    """Append the good records; give back the bad ones, or None when there are none."""
    records = read_records(spark, source, files)
    counts = Observation()
    counted = records.observe(counts, F.count("*").alias("rows"), F.count_if(F.col(BAD).isNotNull()).alias("bad"))
    good = counted.where(F.col(BAD).isNull()).select(
        "payload",
        F.lit(source.name).alias("_source"),
        "_file",
        "_row",
        "_sequence",
        F.lit(run.started_at).cast("timestamp").alias("_ingested_at"),
        F.lit(run.batch_id).cast("bigint").alias("_batch_id"),
    )
    landed = land(context.lake, source.table, Append(), good.coalesce(max(2, spark.sparkContext.defaultParallelism)))
    run.version_out = landed.version_out
    if landed.version_out >= 0:
        run.rows_in, run.rows_out, run.rows_quarantined = (
            counts.get["rows"],
            landed.rows_out,
            counts.get["bad"],
        )
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
                F.lit("malformed_record").alias("reason"),
                F.col(WHY).alias("detail"),
                F.col(BAD).alias("record"),
            )
        )
    set_aside = quarantine(context, frame, run)
    run.rows_quarantined = set_aside.rows_out if set_aside.version_out >= 0 else run.rows_quarantined + len(refused)


def quarantine(context: Context, rows: DataFrame, run: JobRun) -> Landed:
    """Append refused rows (the contract's columns less time and batch) to ``ops.quarantine``."""
    stamped = rows.select(
        "*",
        F.lit(run.started_at).cast("timestamp").alias("quarantined_at"),
        F.lit(run.batch_id).cast("bigint").alias("batch_id"),
    )
    return land(context.lake, ops.QUARANTINE, Append(), stamped.coalesce(1))
