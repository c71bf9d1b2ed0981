"""The job of silver.subscription_event."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.SUBSCRIPTION_EVENT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def subscription_event(rows: DataFrame) -> DataFrame:
    """Keep what happened to subscriptions; a correction stands beside what it corrects, so that each day sees what it knew."""
    return rows
