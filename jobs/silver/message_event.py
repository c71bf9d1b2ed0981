"""The job of silver.message_event."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.MESSAGE_EVENT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def message_event(rows: DataFrame) -> DataFrame:
    """Keep each thing that happened to a campaign message once."""
    return rows
