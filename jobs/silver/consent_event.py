"""The job of silver.consent_event."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.CONSENT_EVENT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def consent_event(rows: DataFrame) -> DataFrame:
    """Keep each statement of consent once: an append-only ledger in effect."""
    return rows
