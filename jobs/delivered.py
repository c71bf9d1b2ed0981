"""The end of a batch of files: its entries in the ledger of files, and its balance of records."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.arrivals import Sorted, entries
from jobs.context import Context
from lakehouse.conservation import Balance
from lakehouse.job import Job
from lakehouse.runlog import JobRun
from lakehouse.sources.files import BAD
from lakehouse.sources.spec import Source

REPEATED = "_again"


def close_batch(context: Context, job: Job, source: Source, found: Sorted, refused: Sequence[str], run: JobRun) -> None:
    """Enter a landed batch's files into the ledger, and hold what was read against what was committed.

    Records of files sent again count as in and as duplicate. Raises :class:`ConservationError` where records are missing.
    """
    files = entries(context, job, source, found, refused, run)
    context.log.arrived(files)
    repeated = sum(int(str(file["rows"])) for file in files if file["outcome"] == "resent")
    read = run.rows_in
    run.rows_in, run.rows_duplicate = (run.rows_in or 0) + repeated, run.rows_duplicate + repeated
    bad = run.rows_quarantined - len(refused)
    context.log.account(
        Balance(
            job.name,
            "land",
            source.name,
            run.batch_id,
            None if read is None and run.version_out is not None else (read or 0) + repeated,
            run.rows_out,
            bad,
            rows_duplicate=run.rows_duplicate,
        )
    )


def recount(context: Context, source: Source, records: DataFrame, run: JobRun) -> None:
    """Count a batch that an earlier, interrupted run has committed: its files' records, and its rows in bronze.

    Of a feed that marks what bronze has already, every record is marked by now: what was read stays unknown.
    """
    counted = records.agg(F.count("*"), F.count_if(F.col(BAD).isNotNull()), F.count("payload")).collect()[0]
    run.rows_in = None if REPEATED in records.columns else int(counted[0])
    run.rows_quarantined = int(counted[1])
    names = [row[0] for row in records.select("_file").distinct().limit(1000).collect()]
    batch = context.lake.read(source.table).where(F.col("_batch_id") == run.batch_id)
    run.rows_out = batch.where(F.col("_file").isin(names)).count()
