"""The job of gold.mart_rfm."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.job import AsOf, Group, job
from lakehouse.load import Replace
from lakehouse.tables import gold

QUANTILES = (0.2, 0.4, 0.6, 0.8)
ACCURACY = 10_000


@job(
    writes=gold.MART_RFM,
    reads={"mart": gold.MART_CUSTOMER_360, "as_of": AsOf.DAY},
    load=Replace(),
    group=Group.GOLD,
)
def mart_rfm(mart: DataFrame, *, as_of: date) -> DataFrame:
    """Cut recency, frequency and spend of all buyers into quintiles as of the day, and name their tiers."""
    buyers = mart.where(F.col("revenue_amount") > 0).select(
        "one_id",
        F.lit(as_of).alias("as_of"),
        F.greatest(F.date_diff(F.lit(as_of), "last_order_on"), F.lit(0)).alias("recency_days"),
        F.col("orders").alias("frequency"),
        F.col("revenue_amount").alias("monetary_amount"),
    )
    cuts = buyers.agg(
        *[
            F.percentile_approx(F.col(name).cast("double"), list(QUANTILES), ACCURACY).alias(f"_{name}")
            for name in ("recency_days", "frequency", "monetary_amount")
        ]
    )
    return (
        buyers.crossJoin(F.broadcast(cuts))
        .withColumns(
            {
                "r": 6 - _quintile("recency_days"),
                "f": _quintile("frequency"),
                "m": _quintile("monetary_amount"),
            }
        )
        .withColumn("tier", tier())
        .select(*gold.MART_RFM.column_names)
    )


def _quintile(name: str) -> Column:
    """1 to 5: one more than the number of cuts below the value; equal values share a quintile."""
    value = F.col(name).cast("double")
    return (F.size(F.filter(f"_{name}", lambda cut: value > cut)) + 1).cast("int")


def tier() -> Column:
    """The tier's name by the usual reading of the recency and frequency quintiles."""
    r, f = F.col("r"), F.col("f")
    return (
        F.when((r >= 4) & (f >= 4), "champions")
        .when((r >= 3) & (f >= 3), "loyal")
        .when((r >= 4) & (f <= 1), "new")
        .when(r >= 3, "promising")
        .when(f >= 3, "at_risk")
        .otherwise("dormant")
    )
