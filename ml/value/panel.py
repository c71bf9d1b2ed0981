"""Customers at each cut-off of a model of value: history, features as of it, and what came in the horizon after."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.outcomes import Ask, column
from ml.features.people import Inputs, number_of, people_features
from ml.features.views import BEHAVIOUR
from ml.models.clv.histories import Floats
from ml.value.histories import HISTORY, histories
from ml.value.model import People
from ml.value.spec import ValueSpec

LATER = {"later_days": "purchase_days_in_horizon", "later_amount": "amount_in_horizon"}


def cutoffs(spec: ValueSpec, as_of: date) -> list[date]:
    """The cut-offs of a training on the day ``as_of``, the earliest first."""
    return sorted(as_of - timedelta(days=days) for days in spec.cutoffs_days_ago)


def told_at(spec: ValueSpec, as_of: date, inputs: Inputs, also: Sequence[date] = ()) -> DataFrame:
    """Features at every cut-off, with what came after it as known on ``as_of``, and at the days ``also``, in one pass."""
    days = cutoffs(spec, as_of)
    asks = [Ask(number_of(day), spec.horizon_days, number_of(as_of)) for day in days]
    return people_features([*days, *also], inputs, asks)


def panel(spec: ValueSpec, as_of: date, told: DataFrame) -> DataFrame:
    """Return the buyers of ``told_at`` at the cut-offs: ``(one_id, as_of, *HISTORY, *BEHAVIOUR, later_days, later_amount)``.

    The last two are of the horizon after the cut-off, and null for who is nobody any more on the day of training.
    """
    later = [F.col(f"`{column(name, spec.horizon_days, 0)}`").alias(alias) for alias, name in LATER.items()]
    here = told.where(F.col("as_of").isin(cutoffs(spec, as_of)))
    return histories(here).select("one_id", "as_of", *HISTORY, *BEHAVIOUR, *later)


def people_by_cutoff(table: pa.Table) -> dict[date, People]:
    """The rows of a panel whose outcome is known, as arrays by cut-off."""
    known = table.filter(pc.is_valid(table.column("later_days")))
    days = sorted(set(known.column("as_of").to_pylist()))
    return {day: _people(known.filter(pc.equal(known.column("as_of"), day))) for day in days}


def _people(table: pa.Table) -> People:
    def numbers(name: str) -> Floats:
        return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)

    return People(
        cohort=np.array(table.column("cohort").to_pylist(), dtype=object),
        features=np.column_stack([numbers(name) for name in BEHAVIOUR]),
        **{
            name: numbers(name)
            for name in ("frequency", "recency", "T", "money", "spent", "later_days", "later_amount")
        },
    )
