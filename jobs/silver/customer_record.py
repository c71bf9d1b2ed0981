"""The job of silver.customer_record."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.CUSTOMER_RECORD,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def customer_record(rows: DataFrame) -> DataFrame:
    """Keep the newest version of each person's record at each source, tokenised, with the verdict on phone and e-mail."""
    return rows
