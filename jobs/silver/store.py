"""The job of silver.store."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.STORE,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def store(rows: DataFrame) -> DataFrame:
    """Keep the newest version of each store of the master."""
    return rows
