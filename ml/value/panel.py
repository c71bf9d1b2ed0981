"""Customers at each cut-off of a model of value: history, features as of it, and what came in the horizon after."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import dates
from ml.features.customer import FEATURES, customer_features
from ml.models.clv.histories import Floats
from ml.training_set import sample
from ml.value.histories import histories, outcomes
from ml.value.model import People
from ml.value.spec import ValueSpec


def cutoffs(spec: ValueSpec, as_of: date) -> list[date]:
    """The cut-offs of a training on the day ``as_of``, the earliest first."""
    return sorted(as_of - timedelta(days=days) for days in spec.cutoffs_days_ago)


def told_at(spec: ValueSpec, as_of: date, purchases: DataFrame) -> DataFrame:
    """Histories at every cut-off; see ``histories.histories``."""
    return histories(dates(purchases.sparkSession, cutoffs(spec, as_of)), purchases)


def panel(spec: ValueSpec, as_of: date, told: DataFrame, *, purchases: DataFrame, interactions: DataFrame) -> DataFrame:
    """Return ``told`` with the features as of each cut-off and ``later_days, later_amount`` of the horizon after it."""
    as_ofs = dates(purchases.sparkSession, cutoffs(spec, as_of))
    came = outcomes(as_ofs, purchases, spec.horizon_days, known_before=as_of)
    features = customer_features(as_ofs, purchases=purchases, interactions=interactions)
    keys = ["one_id", "as_of"]
    joined = told.join(features, on=keys, how="left").join(came, on=keys, how="left")
    return joined.fillna(0, subset=["later_days", "later_amount"])


def people_by_cutoff(rows: DataFrame, max_rows: int) -> dict[date, People]:
    """A sample of at most ``max_rows`` rows of a panel, whole people by hash, as arrays by cut-off."""
    table = sample(rows.withColumns({name: F.col(name).cast("double") for name in FEATURES}), max_rows=max_rows)
    days = sorted(set(table.column("as_of").to_pylist()))
    return {day: _people(table.filter(pc.equal(table.column("as_of"), day))) for day in days}


def _people(table: pa.Table) -> People:
    def numbers(name: str) -> Floats:
        return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)

    return People(
        cohort=np.array(table.column("cohort").to_pylist(), dtype=object),
        features=np.column_stack([numbers(name) for name in FEATURES]),
        **{
            name: numbers(name)
            for name in ("frequency", "recency", "T", "money", "spent", "later_days", "later_amount")
        },
    )
