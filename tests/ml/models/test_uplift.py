"""Uplift learners and measures: scikit-uplift as oracle, effects planted and found, no effect called none."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from ml.models.uplift import ClassTransformation, DRLearner, SLearner, TLearner, XLearner
from ml.models.uplift.learners import Floats
from ml.models.uplift.measure import Trial, auuc, judge, policy_value, qini, uplift_at

N = 20_000


def world(seed: int = 0, share: float = 0.5) -> tuple[Floats, Floats, Floats, Floats]:
    """``X, treatment, y, uplift``: the first feature moves the effect, the second the response."""
    dice = np.random.default_rng(seed)
    rows = dice.normal(size=(N, 4))
    effect = 0.15 * (rows[:, 0] > 0)
    base = 0.2 + 0.1 * np.tanh(rows[:, 1])
    treated = (dice.random(N) < share).astype(np.float64)
    came = (dice.random(N) < base + effect * treated).astype(np.float64)
    return rows, treated, came, np.asarray(effect, dtype=np.float64)


LEARNERS: dict[str, TLearner | XLearner | DRLearner | ClassTransformation] = {
    "T": TLearner(LogisticRegression()),
    "X": XLearner(LogisticRegression()),
    "DR": DRLearner(LogisticRegression()),
    "class": ClassTransformation(LogisticRegression()),
}


@pytest.mark.parametrize("name", list(LEARNERS))
@pytest.mark.parametrize("share", [0.5, 0.3])
def test_a_planted_effect_is_found(name: str, share: float) -> None:
    rows, treated, y, effect = world(share=share)
    found = LEARNERS[name].fit(rows, treated, y).predict(rows)
    assert np.corrcoef(found, effect)[0, 1] > 0.7
    assert found.mean() == pytest.approx(effect.mean(), abs=0.025)


def test_an_s_learner_finds_what_its_base_can_express() -> None:
    rows, treated, y, effect = world()
    found = SLearner(LinearRegression()).fit(rows, treated, y).predict(rows)
    assert found == pytest.approx(np.full(N, effect.mean()), abs=0.02), "a linear base has one effect for all"


def test_a_confounded_treatment_needs_a_propensity() -> None:
    dice = np.random.default_rng(4)
    rows = dice.normal(size=(N, 2))
    treated = (dice.random(N) < 1 / (1 + np.exp(-2 * rows[:, 0]))).astype(float)
    y = 3 * rows[:, 0] ** 2 + 1.0 * treated + dice.normal(size=N)
    found = DRLearner(LinearRegression(), propensity=LogisticRegression()).fit(rows, treated, y).predict(rows)
    assert found.mean() == pytest.approx(1.0, abs=0.15)


def test_the_measures_are_those_of_scikit_uplift() -> None:
    from sklift.metrics import qini_auc_score, uplift_at_k, uplift_auc_score

    _, treated, y, effect = world(1, 0.4)
    scores = effect + np.random.default_rng(2).normal(scale=0.1, size=N).round(2)
    trial = Trial(y, treated)
    assert qini(trial, scores) == pytest.approx(qini_auc_score(y, scores, treated), abs=1e-12)
    assert auuc(trial, scores) == pytest.approx(uplift_auc_score(y, scores, treated), abs=1e-12)
    assert uplift_at(trial, scores) == pytest.approx(uplift_at_k(y, scores, treated, "overall", 0.3), abs=1e-12)


def test_a_ranking_is_judged_against_another_of_the_same_people() -> None:
    rows, treated, y, effect = world(2)
    trial = Trial(y, treated)
    found = judge(trial, effect, rows[:, 1], seed=1, rounds=100)
    assert 0 < found.low < found.value < found.high
    assert found.gain_low > 0
    same = judge(trial, effect, effect, seed=1, rounds=50)
    assert (same.gain, same.gain_low, same.gain_high) == (0, 0, 0)
    lot = judge(trial, np.random.default_rng(9).random(N), effect, seed=1, rounds=100)
    assert lot.low < 0 < lot.high
    assert policy_value(trial, effect > 0) > policy_value(trial, effect <= 0)


@pytest.mark.parametrize(
    ("treatment", "y", "message"),
    [
        ([0, 1, 2], [0, 1, 1], "treatment must be 0 or 1"),
        ([1, 1, 1], [0, 1, 1], "one arm only"),
        ([0, 1, 1], [0, 1, np.nan], "y has missing"),
        ([0, 1], [0, 1, 1], r"treatment \(2,\)"),
    ],
)
def test_what_is_no_trial_is_refused(treatment: list[float], y: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TLearner(LinearRegression()).fit(np.zeros((3, 1)), treatment, y)


def test_class_transformation_needs_a_binary_outcome() -> None:
    with pytest.raises(ValueError, match="outcomes of 0 and 1"):
        ClassTransformation(LogisticRegression()).fit(np.zeros((2, 1)), [0, 1], [0, 2.5])
