"""What a killed run could not write down of the files that it landed: entered into the ledger and balanced by the next run."""

from jobs.arrivals import ledger, sort_out
from jobs.context import Context
from jobs.delivered import close_batch, recount
from lakehouse.job import Job
from lakehouse.runlog import JobRun
from lakehouse.sources.filelog import batch_files
from lakehouse.sources.files import inspect, read_records
from lakehouse.sources.spec import Source
from lakehouse.tables import feeds
from lakehouse.textfiles import reader


def heal(context: Context, job: Job, source: Source, batch_id: int) -> None:
    """Account for the batch before ``batch_id`` where the ledger knows nothing of it.

    The ledger is written at a run's end, so a run that is killed leaves its last batch out; its rows have landed. Files
    that are gone since are left alone: there is nothing to count them by.
    """
    before = batch_id - 1
    is_of_files = getattr(source, "feed", None) is None  # other feeds keep no files to count again
    if before < 0 or not is_of_files or _is_known(context, job, source, before):
        return
    files = batch_files(reader(context.spark), context.checkpoint(job), before)
    run = JobRun(context.run_id, job.name, job.version, before, version_out=-1)
    try:
        found = sort_out(context, job, source, files, run)
    except OSError:
        return
    readable, refused = inspect(source, [a.path for a in found.fresh])
    run.rows_in = 0
    if readable:
        recount(context, source, read_records(context.spark, source, readable), run)
    run.rows_quarantined += len(refused)
    close_batch(context, job, source, found, [r.path for r in refused], run)


def _is_known(context: Context, job: Job, source: Source, batch_id: int) -> bool:
    version = context.version(job)
    if any((f["source"], f["version"], f["batch_id"]) == (source.name, version, batch_id) for f in context.log.files):
        return True
    where = f"source = '{source.name}' AND version = '{version}' AND batch_id = {batch_id}"
    found = ledger(context.settings.lake_path, context.run_id).select(
        feeds.LANDED_FILE.name, ("COUNT(*) AS n",), where=where
    )
    return bool(found and found[0]["n"])
