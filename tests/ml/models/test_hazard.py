"""Time to an event: person-periods by hand, and planted rates found again, also where few were watched to the end."""

from pathlib import Path

import numpy as np
import pytest

from ml.models.families import load
from ml.models.hazard import BoostedHazard, Spells, fit_hazard, periods

PARAMS: dict[str, bool | int | float | str] = {"learning_rate": 0.1, "num_leaves": 4, "min_data_in_leaf": 50}
GAPS = (15.0, 60.0)


def _people(n: int, watched: float) -> tuple[np.ndarray, Spells]:
    """Two kinds with constant rates, the first as often as the second is rare; watched for so many days at most."""
    draws = np.random.default_rng(4)
    kind = draws.integers(0, 2, n)
    days = np.floor(draws.exponential(np.array(GAPS)[kind]))
    observed = draws.uniform(20, watched, n)
    seen = np.where(days < np.minimum(observed, 90), days, np.nan)
    return kind[:, None].astype(np.float64), Spells(seen, observed)


@pytest.fixture(scope="module")
def model() -> BoostedHazard:
    rows, spells = _people(6000, watched=100)
    return fit_hazard(rows, spells, ["kind"], horizon_days=90, step_days=15, params=PARAMS, rounds=60, seed=1)


def test_the_periods_of_who_bought_was_lost_and_was_watched_to_the_end() -> None:
    spells = Spells(np.array([17.0, np.nan, np.nan, 3.0]), np.array([90.0, 31.0, 90.0, 5.0]))
    who, step, came = periods(spells, steps=3, step_days=15)
    found = list(zip(who.tolist(), step.tolist(), came.tolist(), strict=True))
    assert found == [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0)]


def test_planted_rates_are_found_though_most_were_lost_before_the_horizon(model: BoostedHazard) -> None:
    kinds = np.array([[0.0], [1.0]])
    chances = model.predict(kinds)
    assert chances == pytest.approx([1 - np.exp(-90 / gap) for gap in GAPS], abs=0.03)
    told = model.outputs(kinds)
    assert told["median_days"] == pytest.approx([gap * np.log(2) for gap in GAPS], rel=0.15)
    restricted = [gap * (1 - np.exp(-90 / gap)) for gap in GAPS]
    assert told["expected_days"] == pytest.approx(restricted, rel=0.1)
    assert (np.diff(model.survival(kinds), axis=1) <= 0).all()


def test_the_median_is_missing_where_more_than_half_get_past_the_horizon() -> None:
    rows, days = np.zeros((600, 1)), np.where(np.arange(600) % 5 == 0, 10.0, np.nan)
    rare = fit_hazard(
        rows, Spells(days, np.full(600, 60.0)), ["x"], horizon_days=60, step_days=30, params=PARAMS, rounds=40, seed=1
    )
    assert np.isnan(rare.outputs(rows[:1])["median_days"][0])
    assert rare.predict(rows[:1])[0] == pytest.approx(0.2, abs=0.02)


def test_who_is_expected_sooner_ranks_higher_and_shares_add_up(model: BoostedHazard) -> None:
    kinds = np.array([[0.0], [1.0]])
    assert model.rank(kinds)[0] > model.rank(kinds)[1]
    shares = model.contributions(kinds)
    hazard = 1 - model.survival(kinds)[:, 0]
    assert shares.shape == (2, 2)
    assert shares.sum(axis=1) == pytest.approx(np.log(hazard / (1 - hazard)))
    assert set(model.gain()) == {"kind"}


def test_a_saved_model_is_the_same(model: BoostedHazard, tmp_path: Path) -> None:
    model.save(tmp_path)
    assert load(tmp_path) == model
