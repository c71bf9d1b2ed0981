"""The metrics equal scikit-learn's, the tables add up, and a leak is found whichever way it hides."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.evaluate import calibration_bins, deciles, gain_interval, leaks, metrics

Floats = NDArray[np.float64]


def _ranked(rows: int, *, seed: int, decimals: int = 8) -> tuple[Floats, Floats]:
    """Outcomes that come with the probability of their score; few decimals make many equal scores."""
    draws = np.random.default_rng(seed)
    scores = np.round(draws.beta(2, 5, rows), decimals)
    return (draws.random(rows) < scores).astype(np.float64), scores


@pytest.mark.parametrize("decimals", [8, 1])
def test_metrics_equal_those_of_scikit_learn(decimals: int) -> None:
    labels, scores = _ranked(3000, seed=1, decimals=decimals)
    found = metrics(labels, scores)
    assert found.auc == pytest.approx(roc_auc_score(labels, scores))
    assert found.ap == pytest.approx(average_precision_score(labels, scores))
    assert found.brier == pytest.approx(brier_score_loss(labels, scores))
    assert found.base_rate == pytest.approx(labels.mean())


def test_lift_is_the_best_tenths_rate_over_the_whole() -> None:
    labels, scores = _ranked(2000, seed=2)
    best = np.argsort(-scores)[:200]
    assert metrics(labels, scores).lift10 == pytest.approx(labels[best].mean() / labels.mean())


def test_equal_scores_have_no_lift() -> None:
    labels, _ = _ranked(1000, seed=3)
    flat = metrics(labels, np.full(1000, 0.3))
    assert flat.auc == pytest.approx(0.5)
    assert flat.lift10 == pytest.approx(1.0)


def test_true_probabilities_are_calibrated_and_doubled_ones_are_not() -> None:
    labels, scores = _ranked(20_000, seed=4)
    assert metrics(labels, scores).calibration_error < 0.02
    assert metrics(labels, np.minimum(1, 2 * scores)).calibration_error > 0.2


def test_deciles_cover_everyone_best_first() -> None:
    labels, scores = _ranked(2345, seed=5)
    table = deciles(labels, scores)
    assert [tenth.decile for tenth in table] == list(range(1, 11))
    assert sum(tenth.rows for tenth in table) == 2345
    assert [t.mean_score for t in table] == sorted((t.mean_score for t in table), reverse=True)
    assert table[-1].gain == pytest.approx(1.0)
    assert sum(t.rows * t.actual_rate for t in table) == pytest.approx(labels.sum())
    assert table[0].lift > 1.5 > table[-1].lift


def test_calibration_bins_hold_each_score_once() -> None:
    labels, scores = _ranked(2000, seed=6)
    bins = calibration_bins(labels, np.append(scores[:-1], 1.0))
    assert sum(part.rows for part in bins) == 2000
    assert all(part.low <= part.mean_score <= part.high for part in bins)


def test_the_interval_of_a_gain_holds_a_real_gain_above_zero_and_none_around_it() -> None:
    labels, scores = _ranked(2000, seed=7)
    noise = np.random.default_rng(8).random(2000)
    gain = gain_interval(labels, scores, noise, metric="auc", confidence=0.9, seed=1)
    assert 0 < gain.low < gain.value < gain.high
    assert gain.value == pytest.approx(roc_auc_score(labels, scores) - roc_auc_score(labels, noise))
    other = np.random.default_rng(9).random(2000)
    none = gain_interval(labels, noise, other, metric="auc", confidence=0.99, seed=1)
    assert none.low < 0 < none.high


def test_a_feature_that_tells_the_outcome_is_found_in_each_disguise() -> None:
    labels, scores = _ranked(1000, seed=10)
    draws = np.random.default_rng(11)
    upright = labels + 0.1 * draws.random(1000)
    filled_after = np.where(labels == 1, draws.random(1000), np.nan)
    rows = np.column_stack([scores, upright, -upright, filled_after, np.where(labels == 0, 3.0, np.nan)])
    found = leaks(rows, labels, ["honest", "up", "down", "filled", "emptied"], max_auc=0.98)
    assert {leak.feature for leak in found} == {"up", "down", "filled", "emptied"}
    assert all(leak.auc == pytest.approx(1.0) for leak in found)
