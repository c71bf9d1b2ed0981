"""A probability times an amount: planted values are found, and their level is that of the people learned from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.models.boosted import fit_booster
from ml.models.families import load
from ml.models.valued import ValuedClassifier, fit_valued

PARAMS: dict[str, bool | int | float | str] = {"learning_rate": 0.1, "num_leaves": 4, "min_data_in_leaf": 40}
DRAWS = np.random.default_rng(6)
N = 6000
ROWS = DRAWS.integers(0, 2, (N, 2)).astype(np.float64)
BOUGHT = DRAWS.random(N) < np.where(ROWS[:, 0] == 1, 0.4, 0.1)
AMOUNTS = DRAWS.gamma(4.0, np.where(ROWS[:, 1] == 1, 25.0, 5.0))


@pytest.fixture(scope="module")
def model() -> ValuedClassifier:
    classifier = fit_booster(ROWS, BOUGHT.astype(np.float64), ["often", "rich"], params=PARAMS, rounds=60, seed=1)
    return fit_valued(classifier, ROWS[BOUGHT], AMOUNTS[BOUGHT], params=PARAMS, rounds=60, seed=1)


def test_chance_and_amount_are_told_apart_and_multiplied(model: ValuedClassifier) -> None:
    kinds = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    told = model.outputs(kinds)
    assert told["probability"] == pytest.approx([0.1, 0.1, 0.4, 0.4], abs=0.04)
    assert told["expected_spend"] == pytest.approx([20, 100, 20, 100], rel=0.12)
    assert model.predict(kinds) == pytest.approx(told["probability"] * told["expected_spend"])
    assert model.rank(kinds).argsort().tolist() == [0, 2, 1, 3]


def test_the_level_is_that_of_the_people_learned_from(model: ValuedClassifier) -> None:
    expected = model.outputs(ROWS[BOUGHT])["expected_spend"].mean()
    assert expected == pytest.approx(AMOUNTS[BOUGHT].mean(), rel=0.01)


def test_one_order_in_bulk_does_not_set_the_level(model: ValuedClassifier) -> None:
    amounts = AMOUNTS[BOUGHT].copy()
    amounts[0] = 1e7
    bulk = fit_valued(model.classifier, ROWS[BOUGHT], amounts, params=PARAMS, rounds=60, seed=1)
    assert bulk.predict(ROWS).mean() == pytest.approx(model.predict(ROWS).mean(), rel=0.05)


def test_reasons_are_of_both_and_a_saved_model_is_the_same(model: ValuedClassifier, tmp_path: Path) -> None:
    shares = model.contributions(np.array([[1.0, 1.0]]))
    assert shares.shape == (1, 3)
    assert (shares[0, :2] > 0).all()
    model.save(tmp_path)
    assert load(tmp_path) == model
    assert load(tmp_path) != replace(model, factor=2.0)
