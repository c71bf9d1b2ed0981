"""What a ranking earns at a budget, and whether it beats another one beyond luck."""

import numpy as np
import pytest

from ml.earnings import Contest, compare, earned


def _contest(n: int, strength: float, *, people: int | None = None) -> Contest:
    """Worth that follows a hidden taste; ours sees it as strongly as given, theirs hardly."""
    draws = np.random.default_rng(n)
    taste = draws.normal(size=n)
    worth = np.exp(taste + draws.normal(size=n))
    ours, theirs = strength * taste + draws.normal(size=n), 0.3 * taste + draws.normal(size=n)
    return Contest(worth, np.arange(n) % (people or n), ours, theirs)


def test_the_best_share_by_score_is_what_is_earned() -> None:
    worth, scores = np.array([10.0, 1.0, 5.0, 0.0]), np.array([0.9, 0.8, 0.1, 0.0])
    assert earned(worth, scores, 0.25) == 10
    assert earned(worth, scores, 0.5) == 11
    assert earned(worth, scores, 0.375) == pytest.approx(10.5)


def test_a_tie_at_the_edge_counts_in_proportion() -> None:
    assert earned(np.array([4.0, 0.0, 2.0, 2.0]), np.zeros(4), 0.5) == pytest.approx(4.0)


def test_equal_rankings_pass_for_better_about_as_often_as_the_confidence_says() -> None:
    found = [compare([_contest(n, 0.3)], budget=0.1, confidence=0.9, seed=n, rounds=100) for n in range(400, 440)]
    passed = sum(one.gain.low > 0 for one in found if one is not None)
    assert passed <= 10


def test_a_better_ranking_earns_more_beyond_luck() -> None:
    better = compare([_contest(800, 2.0), _contest(801, 2.0)], budget=0.1, confidence=0.9, seed=1)
    assert better is not None
    assert 0.1 < better.gain.low < better.gain.value < better.gain.high
    assert better.ours > better.theirs
    assert better.ours < better.everything


def test_the_bootstrap_draws_people_so_that_copies_of_rows_prove_nothing() -> None:
    one = _contest(400, 0.8)
    copies = Contest(np.tile(one.worth, 20), np.tile(one.people, 20), np.tile(one.ours, 20), np.tile(one.theirs, 20))
    once = compare([one], budget=0.1, confidence=0.9, seed=3)
    often = compare([copies], budget=0.1, confidence=0.9, seed=3)
    assert once is not None
    assert often is not None
    assert often.gain.value == pytest.approx(once.gain.value)
    assert often.gain.low == pytest.approx(once.gain.low)


def test_without_a_contest_there_is_nothing_to_say() -> None:
    assert compare([], budget=0.1, confidence=0.9, seed=1) is None
