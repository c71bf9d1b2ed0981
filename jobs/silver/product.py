"""The job of silver.product."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.PRODUCT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def product(rows: DataFrame) -> DataFrame:
    """Keep the newest version of each product of the master."""
    return rows
