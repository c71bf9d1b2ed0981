"""The job of silver.order_line."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.ORDER_LINE,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def order_line(rows: DataFrame) -> DataFrame:
    """Keep the newest state of each order line; it is known when the order was placed unless the source says later."""
    return rows.withColumns(
        {
            "currency": F.coalesce("currency", F.lit("CNY")),
            "known_at": F.coalesce("known_at", "ordered_at"),
            "discount_amount": F.coalesce("discount_amount", F.lit(0).cast("decimal(18,2)")),
        }
    )
