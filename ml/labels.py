"""What is to be predicted: a model's label and value, in Spark SQL over what came after a date."""

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from ml.features.outcomes import OUTCOMES, column
from ml.spec import ModelSpec

_NAMES = re.compile(rf"\b({'|'.join(OUTCOMES)})\b")
_LABEL = re.compile(r"\blabel\b")


def bound(sql: str, horizon: int, number: int) -> str:
    """Return ``sql`` with the label columns bound to a horizon, as known on the ``number``-th day that labels are taken on."""
    return _NAMES.sub(lambda found: f"`{column(found[1], horizon, number)}`", sql)


def label(spec: ModelSpec, number: int) -> Column:
    """Return a model's label as a double: 1 and 0 for a predicate, null where the outcome cannot be told.

    ``number`` is the place of the day on which it is taken, in ``Asked.known``. Features may stand in the expression
    beside the label columns; both are of the same row.
    """
    return F.expr(f"cast(cast({bound(spec.label, spec.horizon_days, number)} AS int) AS double)")


def value(spec: ModelSpec, number: int) -> Column:
    """Return what a person is worth to who finds them, as a double: ``label`` stands for the label itself."""
    sql = _LABEL.sub(f"cast({spec.label} AS int)", spec.value)
    return F.expr(f"cast({bound(sql, spec.horizon_days, number)} AS double)")


def eligible(spec: ModelSpec) -> Column:
    """Return a model's population as a predicate on features: the same for training and for scoring.

    Who has denied or withdrawn the purpose that the model needs is left out; who was never asked is not.
    """
    inside = F.coalesce(F.expr(spec.population.predicate), F.lit(False))
    if spec.consent_purpose is None:
        return inside
    return inside & F.coalesce(F.col(f"consent_{spec.consent_purpose}") > 0, F.lit(True))
