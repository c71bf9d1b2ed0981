"""Profiles and the stability index: nothing moves, nothing is told; what moves is told, missing values too."""

import numpy as np
import pytest

from ml.stability import profile, psi, shares, shift

VALUES = np.random.default_rng(1).normal(size=5000)


def test_the_same_values_do_not_move() -> None:
    assert shift(VALUES, VALUES) == pytest.approx(0, abs=1e-12)
    assert shift(VALUES, np.random.default_rng(2).normal(size=5000)) < 0.01


@pytest.mark.parametrize(("moved", "least"), [(VALUES + 0.5, 0.1), (VALUES * 3, 0.25), (np.full(100, np.nan), 1.0)])
def test_what_moves_is_told(moved: np.ndarray, least: float) -> None:
    assert shift(VALUES, moved) > least


def test_shares_add_up_and_missing_ones_stand_last() -> None:
    values = np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    found = profile(values, bins=2)
    assert found.edges == (2.0,)
    assert found.shares == pytest.approx((0.6, 0.2, 0.2))
    assert shares(np.array([]), found.edges) == (0, 0, 0)


def test_one_value_alone_is_one_bin_and_another_one_is_new() -> None:
    assert profile(np.zeros(50)).edges == (0.0,)
    assert shift(np.zeros(50), np.ones(50)) > 1


def test_the_index_by_hand() -> None:
    assert psi((0.5, 0.5), (0.4, 0.6)) == pytest.approx(-0.1 * np.log(0.8) + 0.1 * np.log(1.2))
