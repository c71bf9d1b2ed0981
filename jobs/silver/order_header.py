"""The job of silver.order_header."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.ORDER_HEADER,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def order_header(rows: DataFrame) -> DataFrame:
    """Keep the newest state of each order; receipts that come line by line give one order."""
    return rows.withColumn("currency", F.coalesce("currency", F.lit("CNY")))
