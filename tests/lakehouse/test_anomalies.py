"""What is out of the ordinary, by median and spread; the same history gives the same verdicts."""

import math
from datetime import date, timedelta

import pytest

from lakehouse.anomalies import WHOLE, Past, Watch, anomalies, band, stability
from lakehouse.profile import Profile
from lakehouse.table import Severity

DAY = date(2025, 3, 3)  # a Monday
EVEN = tuple(float(n) for n in range(11))


def history(column: str, *profiles: Profile) -> dict[str, list[Past]]:
    """One profile a day, the last one on the day before."""
    days = range(len(profiles), 0, -1)
    return {column: [Past(DAY - timedelta(days=n), p) for n, p in zip(days, profiles, strict=True)]}


def volumes(*rows: int) -> dict[str, list[Past]]:
    """A history of batches of so many rows."""
    return history(WHOLE, *(Profile(WHOLE, n, 0) for n in rows))


def failed(profile: Profile, past: dict[str, list[Past]], watch: Watch | None = None) -> list[str]:
    """Names of the metrics that are out of the ordinary."""
    return [v.rule for v in anomalies([profile], past, watch or Watch(), DAY) if not v.passed]


USUAL = (1000, 1040, 980, 1010, 990, 1020, 1000, 970, 1005)


@pytest.mark.parametrize(("rows", "is_odd"), [(1000, False), (1150, False), (900, False), (100, True), (5000, True)])
def test_a_volume_is_held_against_its_history(rows: int, *, is_odd: bool) -> None:
    assert failed(Profile(WHOLE, rows, 0), volumes(*USUAL)) == (["anomaly:volume"] if is_odd else [])


def test_one_odd_batch_in_the_past_does_not_widen_the_ordinary() -> None:
    assert failed(Profile(WHOLE, 5000, 0), volumes(*USUAL, 900_000)) == ["anomaly:volume"]
    assert failed(Profile(WHOLE, 1010, 0), volumes(*USUAL, 900_000)) == []


def test_nothing_is_judged_on_a_short_history_or_an_empty_batch() -> None:
    assert list(anomalies([Profile(WHOLE, 9, 0)], volumes(*USUAL[:7]), Watch(), DAY)) == []
    assert list(anomalies([Profile(WHOLE, 9, 0)], volumes(*USUAL[:7]), Watch(min_history=7), DAY)) != []
    assert list(anomalies([Profile(WHOLE, 0, 0)], volumes(*USUAL), Watch(), DAY)) == []
    assert list(anomalies([Profile("new", 9, 0)], volumes(*USUAL), Watch(), DAY)) == []


def test_a_weekday_is_held_against_the_same_weekday() -> None:
    mondays = [1000 if (DAY - timedelta(days=n)).weekday() == 0 else 100 for n in range(70, 0, -1)]
    sunday = failed(Profile(WHOLE, 100, 0), volumes(*mondays), Watch(seasonal=True))
    assert sunday == ["anomaly:volume"]
    assert failed(Profile(WHOLE, 1000, 0), volumes(*mondays), Watch(seasonal=True)) == []
    assert failed(Profile(WHOLE, 1000, 0), volumes(*mondays)) == ["anomaly:volume"]


def test_nulls_distinct_values_and_means_are_told_apart() -> None:
    usual = [Profile("city", 1000, 20 + n, distinct=300 + n, mean=5 + n / 100) for n in range(10)]
    past = history("city", *usual)
    assert failed(Profile("city", 1000, 25, 304, 5.05), past) == []
    assert failed(Profile("city", 1000, 400, 304, 5.05), past) == ["anomaly:city.null_share"]
    assert failed(Profile("city", 1000, 25, 12, 5.05), past) == ["anomaly:city.distinct"]
    assert failed(Profile("city", 1000, 25, 304, 50.0), past) == ["anomaly:city.mean"]


def test_a_distribution_that_moves_is_told_by_its_stability_index() -> None:
    past = history("size", *[Profile("size", 10_000, 0, mean=5.0, deciles=EVEN)] * 9)
    shifted = tuple(n + 3.0 for n in EVEN)
    assert failed(Profile("size", 10_000, 0, mean=5.0, deciles=EVEN), past) == []
    assert failed(Profile("size", 10_000, 0, mean=5.0, deciles=shifted), past) == ["anomaly:size.psi"]
    assert failed(Profile("size", 20, 0, mean=5.0, deciles=shifted), past, Watch(psi=1.0)) == []


def test_the_index_is_that_of_the_formula() -> None:
    assert stability(EVEN, EVEN) == pytest.approx(0.0)
    below = tuple(n / 2 for n in EVEN)  # all within the lower half: 0.2 in each of five bins, none in the others
    expected = 5 * (0.2 - 0.1) * math.log(2) + 5 * (0.001 - 0.1) * math.log(0.001 / 0.1)
    assert stability(EVEN, below) == pytest.approx(expected)


def test_a_value_that_many_rows_share_makes_one_bin() -> None:
    mostly_one = (1.0,) * 9 + (2.0, 3.0)
    assert stability(mostly_one, mostly_one) == pytest.approx(0.0)
    assert stability(mostly_one, (1.0,) * 4 + (2.0,) * 6 + (3.0,)) > 0.25


def test_a_constant_history_has_the_least_spread() -> None:
    assert band([0.0] * 9, 6, lambda _: 0.005) == (-0.03, 0.03)
    low, high = band([100.0] * 9, 6, lambda _: 0.05, is_log=True)
    assert low < 100 < high


def test_severity_is_as_configured() -> None:
    for severity in Severity:
        (found,) = anomalies([Profile(WHOLE, 9, 0)], volumes(*USUAL), Watch(severity=severity), DAY)
        assert (found.severity, found.stops) == (severity, severity is Severity.STOP)
