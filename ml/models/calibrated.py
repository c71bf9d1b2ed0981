"""Fitting with an honest calibration, chosen on people that neither trees nor calibration had seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from ml.models.boosted import BoostedClassifier, Calibration, Floats, fit_booster

FOLDS = 3
# Below this many rows a second OpenMP thread costs more than it gives: on a busy machine of two cores,
# 8,000 rows took .4 s with one and 2-9 s with two.
ROWS_FOR_TWO_THREADS = 100_000


@dataclass(frozen=True)
class Fit:
    """The calibrated model and the Brier score on unseen people of each calibration that was tried."""

    model: BoostedClassifier
    brier: Mapping[str, float]


def fit_calibrated(
    rows: Floats,
    labels: Floats,
    people: NDArray[np.int64],
    features: Sequence[str],
    *,
    params: dict[str, bool | int | float | str],
    rounds: int,
    calibration: str,
    seed: int,
) -> Fit:
    """Fit trees on all rows, and their calibration on margins from folds of people.

    ``rows`` (n, features), ``labels`` (n,) of 0 and 1, ``people`` (n,) a number per person: all rows of one
    person are in one fold, so a margin is never of a person that its trees have seen. ``calibration`` is
    ``none``, ``sigmoid``, ``isotonic`` or ``auto``, which takes the least Brier score on the folds, each
    calibrated by the other folds.
    """
    threads = 2 if len(labels) >= ROWS_FOR_TWO_THREADS else 1

    def fit(chosen: NDArray[np.bool_]) -> BoostedClassifier:
        return fit_booster(
            rows[chosen], labels[chosen], features, params=params, rounds=rounds, seed=seed, threads=threads
        )

    model, folds = fit(np.ones(len(labels), dtype=np.bool_)), people % FOLDS
    if calibration == "none":
        return Fit(model, {})
    margins = _unseen_margins(fit, rows, folds)
    brier = {kind: _cross_brier(calibrate, margins, labels, folds) for kind, calibrate in _KINDS.items()}
    kind = min(brier, key=lambda name: brier[name]) if calibration == "auto" else calibration
    return Fit(replace(model, calibration=_KINDS[kind](margins, labels)), brier)


def cross_log_loss(
    rows: Floats,
    labels: Floats,
    people: NDArray[np.int64],
    features: Sequence[str],
    *,
    params: dict[str, bool | int | float | str],
    rounds: int,
    seed: int,
) -> float:
    """Return the log loss of uncalibrated trees on folds of people that they have not seen; arrays as in ``fit_calibrated``."""

    def fit(chosen: NDArray[np.bool_]) -> BoostedClassifier:
        return fit_booster(rows[chosen], labels[chosen], features, params=params, rounds=rounds, seed=seed, threads=1)

    margins = _unseen_margins(fit, rows, people % FOLDS)
    return float(np.mean(np.logaddexp(0, margins) - labels * margins))


def single_feature_scores(values: Floats, labels: Floats, new_values: Floats) -> Floats:
    """Return the baseline: what a logistic model of ``log(1 + value)`` alone predicts for ``new_values``.

    Values are days or counts, not negative and not missing.
    """
    model = LogisticRegression(C=1e6).fit(np.log1p(values)[:, None], labels)
    return np.asarray(model.predict_proba(np.log1p(new_values)[:, None])[:, 1], dtype=np.float64)


def _unseen_margins(
    fit: Callable[[NDArray[np.bool_]], BoostedClassifier], rows: Floats, folds: NDArray[np.int64]
) -> Floats:
    """(n,): the margin of each row by the trees of the other folds."""
    margins = np.empty(len(rows))
    for fold in range(FOLDS):
        held = folds == fold
        margins[held] = fit(~held).margin(rows[held])
    return margins


def _cross_brier(calibrate: "_Calibrate", margins: Floats, labels: Floats, folds: NDArray[np.int64]) -> float:
    errors = np.empty(len(labels))
    for fold in range(FOLDS):
        held = folds == fold
        errors[held] = calibrate(margins[~held], labels[~held]).apply(margins[held]) - labels[held]
    return float(np.mean(errors**2))


def _none(_margins: Floats, _labels: Floats) -> Calibration:
    return Calibration("none")


def _sigmoid(margins: Floats, labels: Floats) -> Calibration:
    """Platt's scaling; a falling curve would turn the ranking round, so the slope is not below 0."""
    fitted = LogisticRegression(C=1e6).fit(margins[:, None], labels)
    return Calibration("sigmoid", x=(max(float(fitted.coef_[0, 0]), 0.0), float(fitted.intercept_[0])))


def _isotonic(margins: Floats, labels: Floats) -> Calibration:
    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(margins, labels)
    return Calibration("isotonic", x=tuple(fitted.X_thresholds_.tolist()), y=tuple(fitted.y_thresholds_.tolist()))


_Calibrate = Callable[[Floats, Floats], Calibration]
_KINDS: Mapping[str, _Calibrate] = {"none": _none, "sigmoid": _sigmoid, "isotonic": _isotonic}
