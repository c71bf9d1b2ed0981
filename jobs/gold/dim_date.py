"""The job of gold.dim_date."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver


@job(
    writes=gold.DIM_DATE,
    reads={"changed": Changed(((silver.ORDER_LINE, "ordered_at"),)), "known": gold.DIM_DATE},
    load=Merge(),
    group=Group.GOLD,
)
def dim_date(changed: DataFrame, *, known: DataFrame) -> DataFrame:
    """Add the calendar of each year in which something was sold for the first time."""
    years = (
        changed.select(F.year(F.col("key").try_cast("timestamp")).alias("year")).where("year IS NOT NULL").distinct()
    )
    new = years.join(known.select("year"), on="year", how="left_anti")
    days = new.select(
        F.explode(F.sequence(F.make_date("year", F.lit(1), F.lit(1)), F.make_date("year", F.lit(12), F.lit(31)))).alias(
            "day_on"
        )
    )
    weekday = F.weekday("day_on") + 1
    return days.select(
        "day_on",
        F.year("day_on").alias("year"),
        F.quarter("day_on").alias("quarter"),
        F.month("day_on").alias("month"),
        F.weekofyear("day_on").alias("iso_week"),
        weekday.alias("weekday"),
        (weekday >= 6).alias("is_weekend"),
    )
