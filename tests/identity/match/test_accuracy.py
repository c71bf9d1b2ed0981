"""Accuracy against figures worked out by hand, and against listing every pair."""

from itertools import combinations

import numpy as np
import pytest

from identity.match.accuracy import Score, bcubed, pairs_of_clusters


def test_accuracy_by_hand() -> None:
    found, truth = np.array([0, 0, 0, 3, 3]), np.array([0, 0, 1, 1, 1])
    assert pairs_of_clusters(found, truth) == Score(2 / 4, 2 / 4)
    score = bcubed(found, truth)
    assert score.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert score.recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_as_if_listed(seed: int) -> None:
    dice = np.random.default_rng(seed)
    found, truth = dice.integers(0, 8, 40), dice.integers(0, 9, 40)
    said = {(a, b) for a, b in combinations(range(40), 2) if found[a] == found[b]}
    true = {(a, b) for a, b in combinations(range(40), 2) if truth[a] == truth[b]}
    assert pairs_of_clusters(found, truth) == Score(len(said & true) / len(said), len(said & true) / len(true))


def test_nothing_claimed_is_not_wrong() -> None:
    assert pairs_of_clusters(np.arange(3), np.arange(3)).f1 == 1.0
