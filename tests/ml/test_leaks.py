"""The leak guard: too good, decided, or written afterwards; honest features pass."""

import numpy as np

from ml.leaks import find

N = 4000
DRAWS = np.random.default_rng(8)
LABELS = (DRAWS.random(N) < 0.2).astype(np.float64)
HONEST = LABELS * 0.8 + DRAWS.normal(size=N)
RARE = ((DRAWS.random(N) < 0.05) | ((LABELS == 1) & (DRAWS.random(N) < 0.2))).astype(np.float64)
TODAY = np.zeros((2000, 1))


def test_honest_features_pass() -> None:
    today = (DRAWS.random(2000) < RARE.mean()).astype(np.float64)
    rows, latest = np.column_stack([HONEST, RARE]), np.column_stack([DRAWS.normal(size=2000), today])
    assert find(rows, LABELS, ["taste", "calls"], max_auc=0.98, latest=latest) == []


def test_a_feature_that_is_too_good_is_found() -> None:
    (leak,) = find(np.column_stack([HONEST, LABELS]), LABELS, ["taste", "paid"], max_auc=0.98)
    assert (leak.feature, leak.auc, leak.reason) == ("paid", 1.0, "")


def test_a_field_that_is_written_with_the_outcome_is_found_though_its_auc_is_modest() -> None:
    written = np.where((LABELS == 1) & (DRAWS.random(N) < 0.3), 7.0, np.nan)
    (leak,) = find(written[:, None], LABELS, ["refund_day"], max_auc=0.98)
    assert leak.auc < 0.7
    assert "all" in leak.reason


def test_a_field_that_goes_with_the_outcome_and_is_empty_where_it_is_to_come_is_found() -> None:
    (leak,) = find(RARE[:, None], LABELS, ["calls"], max_auc=0.98, latest=TODAY)
    assert "but for 0.0% of those whose outcome is to come" in leak.reason


def test_a_field_that_fades_without_the_outcome_is_no_leak() -> None:
    season = (DRAWS.random(N) < 0.1).astype(np.float64)
    assert find(season[:, None], LABELS, ["snow"], max_auc=0.98, latest=TODAY) == []


def test_idle_people_who_all_do_nothing_are_no_leak() -> None:
    gone = np.where((LABELS == 0) & (DRAWS.random(N) < 0.3), 400.0, 10.0)
    assert find(gone[:, None], LABELS, ["recency_days"], max_auc=0.98) == []
