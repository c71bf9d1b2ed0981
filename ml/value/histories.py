"""Customers' histories by the literature's definitions, in whole days, out of the features that all models share."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

EVERYBODY = "all"
"""The cohort that all customers belong to beside their own."""
HISTORY = ("cohort", "frequency", "recency", "T", "money", "spent")


def histories(features: DataFrame) -> DataFrame:
    """Return the buyers of ``features`` with ``(cohort string, frequency, recency, T int, money, spent double)`` beside them.

    ``features(one_id, as_of date, *FEATURES, *STATES, …)`` are those of ``ml.features.people``: what they have not seen, no
    history sees. ``frequency``: days with a purchase after the first such day; ``recency`` and ``T``: days from the first one
    to the last one, and to the last day before ``as_of``, as Fader, Hardie and Lee (2005) have x, t_x and T; ``money``: mean
    amount of the repeat days, null without one; ``spent``: all so far. ``cohort`` is the quarter of the first purchase,
    ``2025Q1``.
    """
    tenure = F.col("tenure_days").cast("int")
    first = F.date_sub("as_of", tenure)
    repeats = F.col("purchase_days") - 1
    told = {
        "cohort": F.concat(F.year(first), F.lit("Q"), F.quarter(first)),
        "frequency": repeats.cast("int"),
        "recency": tenure - F.col("recency_days").cast("int"),
        "T": tenure - 1,
        "money": F.when(repeats > 0, (F.col("spend_total") - F.col("spend_first_day")) / repeats),
        "spent": F.col("spend_total"),
    }
    return features.where("purchase_days > 0").withColumns(told)
