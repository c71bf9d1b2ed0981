"""The classifier survives saving, its reasons add up, its calibrations are monotone probabilities."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.models.boosted import BoostedClassifier, Calibration, fit_booster

Floats = NDArray[np.float64]
FEATURES = ("a", "b", "c")


@pytest.fixture(scope="module")
def data() -> tuple[Floats, Floats]:
    draws = np.random.default_rng(1)
    rows = draws.normal(size=(2000, 3))
    rows[::7, 1] = np.nan
    labels = (draws.random(2000) < 1 / (1 + np.exp(-2 * rows[:, 0]))).astype(np.float64)
    return rows, labels


@pytest.fixture(scope="module")
def model(data: tuple[Floats, Floats]) -> BoostedClassifier:
    return fit_booster(*data, FEATURES, params={"num_leaves": 7}, rounds=30, seed=3, threads=1)


def test_the_same_rows_give_the_same_trees(data: tuple[Floats, Floats], model: BoostedClassifier) -> None:
    again = fit_booster(*data, FEATURES, params={"num_leaves": 7}, rounds=30, seed=3, threads=1)
    assert again.text == model.text


def test_parameters_of_a_file_cannot_change_the_objective(data: tuple[Floats, Floats]) -> None:
    params: dict[str, bool | int | float | str] = {"num_leaves": 7, "objective": "regression"}
    other = fit_booster(*data, FEATURES, params=params, rounds=5, seed=3, threads=1)
    assert "objective=binary" in other.text


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration(),
        Calibration("sigmoid", (0.8, -0.1)),
        Calibration("isotonic", (-1.0, 0.0, 1.0), (0.1, 0.4, 0.9)),
    ],
)
def test_a_saved_model_predicts_the_same(
    data: tuple[Floats, Floats], model: BoostedClassifier, calibration: Calibration, tmp_path: Path
) -> None:
    rows, _ = data
    calibrated = BoostedClassifier(model.text, FEATURES, calibration)
    calibrated.save(tmp_path)
    loaded = BoostedClassifier.load(tmp_path)
    assert loaded == calibrated
    assert np.array_equal(loaded.predict(rows), calibrated.predict(rows))


def test_reasons_sum_to_the_margin_and_name_what_matters(data: tuple[Floats, Floats], model: BoostedClassifier) -> None:
    rows, _ = data
    shares = model.contributions(rows)
    assert shares.shape == (2000, 4)
    assert np.allclose(shares.sum(axis=1), model.margin(rows))
    assert max(model.gain(), key=lambda name: model.gain()[name]) == "a"


@pytest.mark.parametrize(
    "calibration",
    [Calibration(), Calibration("sigmoid", (1.5, 0.2)), Calibration("isotonic", (-2.0, 3.0), (0.1, 0.8))],
)
def test_a_calibration_is_a_rising_map_to_probabilities(calibration: Calibration) -> None:
    values = calibration.apply(np.array([-1e9, -2.0, 0.0, 1.0, 1e9]))
    assert np.all(np.diff(values) >= 0)
    assert values.min() >= 0
    assert values.max() <= 1
