"""The models of value that compete: each purchase model, for everybody and by cohort, and a boosted regression."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from ml.features.views import BEHAVIOUR
from ml.models.clv import EVERY_FAMILY
from ml.value.fits import SPENDING, CohortFit, sound
from ml.value.histories import EVERYBODY
from ml.value.model import Params, People, ValueModel
from ml.value.spec import Regression, ValueSpec

BY_COHORT, REGRESSION = " by cohort", "regression"


def candidates(
    spec: ValueSpec, at: date, fits: Sequence[CohortFit], people: Mapping[date, People]
) -> dict[str, ValueModel]:
    """Every model that can be used at the cut-off ``at``, by name; degenerate fits make none.

    Purchase models were fitted to the histories at ``at``; the regression learns what came after the cut-offs before it.
    """
    here = [fit for fit in fits if fit.as_of == at]
    spending = {fit.cohort: dict(fit.params) for fit in sound(here, SPENDING) if fit.params["q"] > 1}
    spending = spending if EVERYBODY in spending else {}
    mean = _mean_amount(people[at])
    found = {}
    for family in EVERY_FAMILY:
        params: dict[str, Params] = {fit.cohort: dict(fit.params) for fit in sound(here, family)}
        if EVERYBODY not in params:
            continue
        pooled = {EVERYBODY: params[EVERYBODY]}
        whole = {EVERYBODY: spending[EVERYBODY]} if spending else {}
        found[family] = ValueModel(spec.horizon_days, family, "purchases", pooled, whole, mean)
        if len(params) > 1:
            found[family + BY_COHORT] = ValueModel(spec.horizon_days, family, "purchases", params, spending, mean)
    return found


def regression(
    spec: ValueSpec, at: date, people: Mapping[date, People], beside: ValueModel | None
) -> ValueModel | None:
    """The boosted regression of spend at a cut-off; ``beside`` tells purchases and who is alive. None: nobody to learn from."""
    past = [rows for day, rows in people.items() if day < at]
    if not past:
        return None
    trees = fit_trees(
        np.concatenate([rows.features for rows in past]),
        np.concatenate([rows.later_amount for rows in past]),
        spec.regression,
        spec.seed,
    )
    return ValueModel(
        horizon_days=spec.horizon_days,
        family=beside.family if beside else "",
        by="regression",
        purchases=beside.purchases if beside else {},
        spending=beside.spending if beside else {},
        mean_amount=_mean_amount(people[at]),
        features=BEHAVIOUR,
        trees=trees,
    )


def fit_trees(rows: np.ndarray, spend: np.ndarray, how: Regression, seed: int) -> str:
    """LightGBM's text of trees for spend (n,) of 0 or more, by Tweedie loss, as most spend nothing; always the same."""
    import lightgbm as lgb

    fixed = {"objective": "tweedie", "tweedie_variance_power": 1.3, "seed": seed, "num_threads": 2, "verbosity": -1}
    fixed |= {"deterministic": True, "force_row_wise": True}
    data = lgb.Dataset(rows, label=np.maximum(spend, 0), feature_name=list(BEHAVIOUR))
    text: str = lgb.train({**how.params, **fixed}, data, num_boost_round=how.rounds).model_to_string()
    return text


def _mean_amount(people: People) -> float:
    """Mean amount of a day with a purchase, over everybody."""
    return float(people.spent.sum() / max((people.frequency + 1).sum(), 1.0))
