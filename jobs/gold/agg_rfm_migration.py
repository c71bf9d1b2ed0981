"""The job of gold.agg_rfm_migration."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.gold.mart_customer_360 import is_sale
from jobs.gold.mart_rfm import rfm_of
from jobs.people import owned
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver, value
from ml.features.as_of import dates
from ml.value.rfm import buyers_on, tiered

NOBODY = "none"


@job(
    writes=value.AGG_RFM_MIGRATION,
    reads={
        "lines": gold.FCT_ORDER_LINE,
        "identity_map": silver.IDENTITY_MAP,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=ReplaceWhere("as_of"),
    group=Group.GOLD,
)
def agg_rfm_migration(lines: DataFrame, *, identity_map: DataFrame, as_of: date, settings: Settings) -> DataFrame:
    """Count who moved from which tier to which since the day before, both days by the orders and people as known now."""
    orders = owned(lines.where(is_sale()), identity_map).select(
        "one_id", "order_id", "ordered_on", F.col("net_amount").alias("amount")
    )
    both = dates(lines.sparkSession, [as_of - timedelta(days=1), as_of])
    people = tiered(buyers_on(orders, both), rfm_of(settings))
    is_now = F.col("as_of") == F.lit(as_of)
    moved = people.groupBy("one_id").agg(
        F.coalesce(F.max(F.when(~is_now, F.col("tier"))), F.lit(NOBODY)).alias("from_tier"),
        F.max(F.when(is_now, F.col("tier"))).alias("to_tier"),
        F.max(F.when(is_now, F.col("monetary_amount"))).alias("amount"),
    )
    counted = moved.where(F.col("to_tier").isNotNull()).groupBy("from_tier", "to_tier")
    return counted.agg(
        F.count(F.lit(1)).alias("n_people"), F.sum("amount").cast("decimal(18,2)").alias("monetary_amount")
    ).select(F.lit(as_of).alias("as_of"), "from_tier", "to_tier", "n_people", "monetary_amount")
