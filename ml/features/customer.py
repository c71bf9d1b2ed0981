"""A buyer's purchases and interactions as features, as of the dates of a frame: for models that read no other view."""

from pyspark.sql import DataFrame

from ml.features.people import Inputs, people_features
from ml.features.views import VIEWS

FEATURES: tuple[str, ...] = (*VIEWS["purchases"], *VIEWS["interactions"])


def customer_features(as_ofs: DataFrame, *, purchases: DataFrame, interactions: DataFrame) -> DataFrame:
    """Return ``(one_id string, as_of date, *FEATURES double)``, a row per buyer and date of ``as_ofs(as_of date)``.

    Inputs and rules are those of ``ml.features.people``; who had not bought by the date has no row. The dates come to the
    driver: they are some dozens, however many people there are.
    """
    days = sorted({row["as_of"] for row in as_ofs.select("as_of").distinct().toLocalIterator()})
    found = people_features(days, Inputs(purchases, interactions))
    return found.where("recency_days IS NOT NULL").select("one_id", "as_of", *FEATURES)
