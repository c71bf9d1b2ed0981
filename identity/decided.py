"""Which of people's decisions hold on a day: pairs that are one person, and pairs that never are."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PIN, FORBID = "pin", "forbid"


def holding(overrides: DataFrame, day: date) -> DataFrame:
    """The rows of ``ops.identity_override`` that hold on a day: not taken back, not run out."""
    is_in_time = F.col("until_on").isNull() | (F.col("until_on") >= F.lit(day))
    return overrides.where(F.col("lifted_at").isNull() & is_in_time).select("kind", "a_token", "b_token")
