"""One fit of a model's family on the rows that were known, and of the simple model that it has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from lakehouse.errors import SettingsError
from ml.evaluate import Floats
from ml.models.boosted import BoostedClassifier
from ml.models.families import Model
from ml.samples import Rows
from ml.spec import ModelSpec

Params = dict[str, bool | int | float | str]
MAX_TRIES = 24
"""Combinations of a search space that are tried at most."""


@dataclass(frozen=True)
class Fitted:
    """A model, the Brier score of each calibration tried for it, and the parameters that the search chose."""

    model: Model
    brier: Mapping[str, float]
    params: Params


def fit(spec: ModelSpec, past: Rows) -> Fitted:
    """Fit the file's family on ``past``; with a search space, by the parameters with the least log loss on folds of people."""
    params = _searched(spec, past)
    if spec.algorithm.kind == "hazard":
        return Fitted(_hazard(spec, past, params), {}, params)
    from ml.models.calibrated import fit_calibrated

    found = fit_calibrated(
        past.values,
        past.labels,
        past.people,
        past.features,
        params=params,
        rounds=spec.algorithm.rounds,
        calibration=spec.calibration,
        seed=spec.seed,
    )
    model = _valued(spec, past, params, found.model) if spec.score == "value" else found.model
    return Fitted(model, found.brier, params)


def _hazard(spec: ModelSpec, past: Rows, params: Params) -> Model:
    from ml.models.hazard import Spells, fit_hazard

    return fit_hazard(
        past.values,
        Spells(past.days, past.observed),
        past.features,
        horizon_days=spec.horizon_days,
        step_days=spec.algorithm.step_days,
        params=params,
        rounds=spec.algorithm.rounds,
        seed=spec.seed,
    )


def _valued(spec: ModelSpec, past: Rows, params: Params, classifier: BoostedClassifier) -> Model:
    from ml.models.valued import fit_valued

    came = past.labels == 1
    return fit_valued(
        classifier, past.values[came], past.worth[came], params=params, rounds=spec.algorithm.rounds, seed=spec.seed
    )


def _searched(spec: ModelSpec, past: Rows) -> Params:
    space = spec.algorithm.search
    if not space:
        return dict(spec.algorithm.params)
    from ml.models.calibrated import cross_log_loss

    tries = [dict(zip(space, values, strict=True)) for values in product(*space.values())][:MAX_TRIES]
    candidates = [{**spec.algorithm.params, **chosen} for chosen in tries]
    losses = [
        cross_log_loss(
            past.values,
            past.labels,
            past.people,
            past.features,
            params=params,
            rounds=spec.algorithm.rounds,
            seed=spec.seed,
        )
        for params in candidates
    ]
    return candidates[int(np.argmin(losses))]


def baseline(spec: ModelSpec, past: Rows, held: Rows) -> Floats:
    """Return what a logistic model of the file's one ``baseline`` feature, fitted on ``past``, says of ``held``, (n,).

    Missing counts as one more than the greatest value that was seen: it never happened. Raises ``SettingsError`` if the
    baseline is none of the features.
    """
    if spec.baseline not in past.features:
        raise SettingsError(f"the baseline {spec.baseline!r} of {spec.name} is none of its features", key="baseline")
    from ml.models.calibrated import single_feature_scores

    before, after = past.of((spec.baseline,))[:, 0], held.of((spec.baseline,))[:, 0]
    never = np.nanmax(np.concatenate(([0.0], before))) + 1
    return single_feature_scores(
        np.maximum(np.nan_to_num(before, nan=never), 0), past.labels, np.maximum(np.nan_to_num(after, nan=never), 0)
    )
