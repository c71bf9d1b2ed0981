"""One mechanism for every job: an ``availableNow`` stream whose checkpoint and transaction ids carry the job's version."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

NEW_COLUMNS = "DELTA_STREAMING_METADATA_EVOLUTION"
"""Delta ends a stream with this when the table that it reads has changed, and asks to begin it again."""

Handler = Callable[[DataFrame, int], None]


@dataclass(frozen=True, slots=True)
class Streamed:
    """How a stream ended: its Spark run id (the job group of its Spark jobs) and how many batches it had."""

    run_id: str
    batches: int


def drain(stream: DataFrame, handle: Handler, checkpoint: str, name: str) -> Streamed:
    """Hand everything that is new in ``stream`` to ``handle``, batch by batch, and return when there is no more.

    An exception of ``handle`` is raised as it was, not as the stream's wrapper around it. A batch that failed, or was
    killed, is handed out again by the next call, with the same number and the same rows. Where a Delta table that is read
    with a schema log changes its columns, the call ends there, and the next one goes on.
    """
    failure: list[BaseException] = []
    batches = 0

    def guarded(batch: DataFrame, batch_id: int) -> None:
        nonlocal batches
        try:
            handle(batch, batch_id)
            batches += 1
        except BaseException as error:
            failure.append(error)
            raise

    writer = stream.writeStream.queryName(name).foreachBatch(guarded)
    query = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
    try:
        query.awaitTermination()
    except StreamingQueryException as error:
        if failure:
            raise failure[0] from None
        if NEW_COLUMNS not in str(error):
            raise
    finally:
        query.stop()
    return Streamed(str(query.runId), batches)
