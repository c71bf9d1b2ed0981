"""How a customer is in touch: visits, clicks, scans and calls in windows, as of any dates."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import seen, visible_on

WINDOWS = (7, 30, 90)

COLUMNS: tuple[str, ...] = (
    "days_since_interaction",
    *(f"interactions_{days}d" for days in WINDOWS),
    "interaction_days_90d",
)


def interaction_features(as_ofs: DataFrame, *, interactions: DataFrame) -> DataFrame:
    """Return ``(one_id, as_of, *COLUMNS)``, one row per person and date who had been in touch by then.

    ``as_ofs(as_of date)``; ``interactions(one_id, occurred_at, known_at, kind, channel)``, one row each. A
    window of ``n`` days is ``[as_of - n, as_of)``; ``interaction_days_90d`` counts different days, the rest
    count rows and days.
    """
    return seen(_daily(interactions), as_ofs).groupBy("one_id", "as_of").agg(*_aggregates())


def _daily(interactions: DataFrame) -> DataFrame:
    """One row per person, day and the day on which these interactions became visible."""
    return (
        interactions.where(F.col("one_id").isNotNull())
        .select(
            "one_id",
            F.to_date("occurred_at").alias("occurred_on"),
            visible_on(F.col("occurred_at"), F.col("known_at")).alias("visible_on"),
        )
        .where(F.col("visible_on").isNotNull())
        .repartition("one_id")
        .groupBy("one_id", "occurred_on", "visible_on")
        .agg(F.count(F.lit(1)).alias("n"))
    )


def _aggregates() -> list[Column]:
    days_ago = F.date_diff(F.col("as_of"), F.col("occurred_on"))
    values = {
        "days_since_interaction": F.min(days_ago).cast("long"),
        **{
            f"interactions_{days}d": F.coalesce(F.sum(F.when(days_ago <= days, F.col("n"))), F.lit(0))
            for days in WINDOWS
        },
        "interaction_days_90d": F.array_size(F.collect_set(F.when(days_ago <= 90, days_ago))).cast("long"),
    }
    return [values[name].alias(name) for name in COLUMNS]
