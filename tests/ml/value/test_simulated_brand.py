"""The simulated brand's planted purchase rates are found again, within the intervals that the fit tells of itself."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from ml.value.fits import fit_cohorts
from ml.value.histories import EVERYBODY
from simulate.brand import Brand
from simulate.dice import Dice
from simulate.orders import orders
from simulate.people import people

RATE = {"r": 1.5, "alpha": 1.5 / (11 / 365)}
"""Orders a day are gamma distributed: shape 1.5, mean 11 a year (docs/simulation.md)."""
LIFE_DAYS = 700
WITHIN = 2.5
"""Standard errors: one parameter in eighty is farther off by chance."""


@pytest.mark.slow
def test_purchase_rates_of_the_simulated_brand_are_within_their_intervals(spark: SparkSession) -> None:
    """People who joined early in the year and get no campaigns; time runs from joining, purchases after a return are left out."""
    brand = Brand(people=40_000, seed=11)
    dice = Dice(brand.seed)
    chosen = (
        people(spark, brand, dice).where("kind = 'person' AND member_at IS NULL AND joined BETWEEN 0 AND 120").cache()
    )
    bought = orders(chosen, brand, dice).select("id", "day").distinct()
    told = (
        chosen.join(bought, on="id", how="left")
        .withColumn("day", F.when(F.col("returned").isNull() | (F.col("day") < F.col("returned")), F.col("day")))
        .groupBy("id", "joined")
        .agg(F.count("day").cast("int").alias("frequency"), F.max("day").alias("last"))
        .select(
            F.col("id").cast("string").alias("one_id"),
            F.lit(brand.start).alias("as_of"),
            F.lit("2025Q1").alias("cohort"),
            "frequency",
            F.coalesce(F.col("last") - F.col("joined") + 1, F.lit(0)).cast("int").alias("recency"),
            (F.lit(brand.days) - F.col("joined")).cast("int").alias("T"),
            F.lit(None).cast("double").alias("money"),
        )
    )
    (found,) = (
        fit for fit in fit_cohorts(told, least_customers=1000) if (fit.family, fit.cohort) == ("pareto_nbd", EVERYBODY)
    )
    assert found.customers > 1500
    for name, truth in RATE.items():
        gap = abs(found.params[name] - truth) / found.stderr[name]
        assert gap < WITHIN, f"{name} {found.params[name]:.3f} +- {found.stderr[name]:.3f}, planted {truth:.3f}"
    assert LIFE_DAYS / 2 < found.params["beta"] / found.params["s"] < 2 * LIFE_DAYS
