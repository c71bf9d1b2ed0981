"""The calibration chosen is the one that is best on people it has not seen."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.evaluate import metrics
from ml.models.calibrated import Fit, fit_calibrated, single_feature_scores

Floats = NDArray[np.float64]


def _world(rows: int, *, seed: int) -> tuple[Floats, Floats]:
    draws = np.random.default_rng(seed)
    values = draws.normal(size=(rows, 4))
    return values, (draws.random(rows) < 1 / (1 + np.exp(-values[:, 0] - values[:, 1]))).astype(np.float64)


def _fit(values: Floats, labels: Floats, *, calibration: str = "auto", **params: float) -> Fit:
    return fit_calibrated(
        values,
        labels,
        np.arange(len(labels)),
        ["a", "b", "c", "d"],
        params={"num_leaves": 7, **params},
        rounds=40,
        calibration=calibration,
        seed=1,
    )


def test_auto_takes_the_least_brier_score() -> None:
    fit = _fit(*_world(1500, seed=1))
    assert set(fit.brier) == {"none", "sigmoid", "isotonic"}
    assert fit.brier[fit.model.calibration.kind] == min(fit.brier.values())


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_a_skewed_model_is_set_right(kind: str) -> None:
    """Positives weighed ten times make every margin too high; the calibration takes that back."""
    values, labels = _world(3000, seed=2)
    fresh, outcomes = _world(3000, seed=3)
    raw = _fit(values, labels, calibration="none", scale_pos_weight=10.0).model.predict(fresh)
    mended = _fit(values, labels, calibration=kind, scale_pos_weight=10.0).model.predict(fresh)
    assert metrics(outcomes, raw).calibration_error > 0.15
    assert metrics(outcomes, mended).calibration_error < 0.05


def test_auto_does_not_leave_a_skewed_model_as_it_is() -> None:
    fit = _fit(*_world(1500, seed=4), scale_pos_weight=10.0)
    assert fit.model.calibration.kind != "none"


def test_the_baseline_ranks_as_its_feature_does() -> None:
    draws = np.random.default_rng(5)
    days = draws.integers(1, 365, 4000).astype(np.float64)
    labels = (draws.random(4000) < 1 / (1 + days / 30)).astype(np.float64)
    scores = single_feature_scores(days[:2000], labels[:2000], days[2000:])
    found, by_hand = metrics(labels[2000:], scores), metrics(labels[2000:], 1 / days[2000:])
    assert found.auc == pytest.approx(by_hand.auc)
    assert found.calibration_error < 0.05
