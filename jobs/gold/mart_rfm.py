"""The job of gold.mart_rfm."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Replace
from lakehouse.settings import Settings
from lakehouse.tables import gold
from ml.value.rfm import RfmSpec, tiered
from ml.value.spec import load_part


@job(
    writes=gold.MART_RFM,
    reads={"mart": gold.MART_CUSTOMER_360, "as_of": AsOf.DAY, "settings": Resource.SETTINGS},
    load=Replace(),
    group=Group.GOLD,
)
def mart_rfm(mart: DataFrame, *, as_of: date, settings: Settings) -> DataFrame:
    """Score recency, frequency and spend of all buyers from 1 to 5 as of the day, and name their tiers."""
    buyers = mart.where(F.col("revenue_amount") > 0).select(
        "one_id",
        F.lit(as_of).alias("as_of"),
        F.greatest(F.date_diff(F.lit(as_of), "last_order_on"), F.lit(0)).alias("recency_days"),
        F.col("orders").alias("frequency"),
        F.col("revenue_amount").alias("monetary_amount"),
    )
    return tiered(buyers, rfm_of(settings)).select(*gold.MART_RFM.column_names)


def rfm_of(settings: Settings) -> RfmSpec:
    """How buyers are scored and named: ``conf/value/rfm.yml``."""
    return load_part(Path(settings.conf) / "value" / "rfm.yml", RfmSpec)
