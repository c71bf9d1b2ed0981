"""The job of gold.fct_order_line."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.places import place_id
from lakehouse.job import Group, New, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver

CANCELLED = ("cancelled", "canceled", "closed", "已取消", "refunded")


@job(
    writes=gold.FCT_ORDER_LINE,
    reads={"lines": New(silver.ORDER_LINE)},
    load=Merge(),
    group=Group.GOLD,
)
def fct_order_line(lines: DataFrame) -> DataFrame:
    """Publish order lines with their amounts and the keys of the dimensions; the buyer stays a token."""
    money = "decimal(18,2)"
    gross = F.round(F.col("quantity") * F.col("unit_price_amount"), 2).cast(money)
    discount = F.coalesce("discount_amount", F.lit(0)).cast(money)
    return lines.select(
        "order_id",
        "line_no",
        "customer_token",
        "channel",
        place_id(F.col("store_id"), F.col("channel")).alias("place_id"),
        "sku",
        "ordered_at",
        F.to_date("ordered_at").alias("ordered_on"),
        F.coalesce("known_at", "ordered_at").alias("known_at"),
        "quantity",
        gross.alias("gross_amount"),
        discount.alias("discount_amount"),
        (gross - discount).cast(money).alias("net_amount"),
        "currency",
        (F.col("quantity") < 0).alias("is_return"),
        F.coalesce(F.lower("status").isin(*CANCELLED), F.lit(False)).alias("is_cancelled"),
    )
