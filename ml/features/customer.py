"""The customer's feature view: one function for training and for scoring, so that the two cannot differ."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features import interactions as touch
from ml.features import purchases as buy

FEATURES: tuple[str, ...] = (*buy.COLUMNS, *touch.COLUMNS)


def customer_features(as_ofs: DataFrame, *, purchases: DataFrame, interactions: DataFrame) -> DataFrame:
    """Return ``(one_id string, as_of date, *FEATURES double|long)``, a row per buyer and date of ``as_ofs``.

    Only what had happened *and* was known before the date began is used (see ``ml.features.as_of``), so the
    same call years later, with late records in the input, gives the same rows. Any number of dates is one
    pass over each input.

    ``purchases(one_id string, order_id string, ordered_at timestamp, known_at timestamp, amount
    decimal(18,2), channel string, category string)``, a row per order line; ``interactions(one_id string,
    occurred_at timestamp, known_at timestamp, kind string, channel string)``. Rows without ``one_id`` or
    without one of their times are left out. A buyer never in touch has 0 in the windows and a null
    ``days_since_interaction``; see the two views for the rest.
    """
    bought = buy.purchase_features(as_ofs, purchases=purchases)
    touched = touch.interaction_features(as_ofs, interactions=interactions)
    joined = bought.join(touched, on=["one_id", "as_of"], how="left")
    return joined.select("one_id", "as_of", *(_filled(name) for name in FEATURES))


def _filled(name: str) -> Column:
    """Counts of touches are 0 where there was none; everything else stays as it is."""
    if name in touch.COLUMNS and name != "days_since_interaction":
        return F.coalesce(F.col(name), F.lit(0)).alias(name)
    return F.col(name)
