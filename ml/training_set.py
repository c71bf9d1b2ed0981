"""The labelled past: features and labels at a model's cut-offs, as both were known on the day of training."""

from datetime import date, timedelta

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import dates
from ml.features.customer import FEATURES, customer_features
from ml.labels import repurchase
from ml.spec import ModelSpec

KEYS = ("one_id", "as_of", "label")


def training_set(spec: ModelSpec, *, as_of: date, purchases: DataFrame, interactions: DataFrame) -> DataFrame:
    """Return ``(one_id string, as_of date, label int, *FEATURES)``, a row per person and cut-off of ``spec``.

    ``as_of`` is the day of training: nothing that became known on it or later is used, so the same call gives
    the same rows whenever it is made. Inputs as in ``customer_features``.
    """
    cutoffs = sorted({as_of - timedelta(days=days) for days in spec.cutoffs_days_ago})
    as_ofs = dates(purchases.sparkSession, cutoffs)
    labels = repurchase(
        as_ofs,
        purchases,
        spec.horizon_days,
        known_before=as_of,
        bought_within_days=spec.population.bought_within_days,
    )
    features = customer_features(as_ofs, purchases=purchases, interactions=interactions)
    return labels.join(features, on=["one_id", "as_of"], how="inner").select(*KEYS, *FEATURES)


def sample(training: DataFrame, *, max_rows: int) -> pa.Table:
    """Bring at most ``max_rows`` rows to the driver: whole people by hash of ``one_id``, always the same.

    The rows come in the order of that hash, so that a training on them is the same each time.
    """
    order = (F.xxhash64("one_id"), F.col("one_id"), F.col("as_of"))
    return training.orderBy(*order).limit(max_rows).toArrow()
