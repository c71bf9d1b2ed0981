"""Labels look forward from the cut-off, only as far as the horizon and only at what was known by training."""

from collections.abc import Sequence
from datetime import date

import pytest
from pyspark.sql import SparkSession

from ml.features.as_of import dates
from ml.labels import repurchase
from tests.ml.planted import PURCHASES, Line, line, rows

CUTOFF = date(2025, 3, 1)
TRAINING = date(2025, 5, 1)
MEMBER = "2025-02-01T10:00:00"


def _labels(
    spark: SparkSession, lines: Sequence[Line], days: Sequence[date] = (CUTOFF,), *, trained: date = TRAINING
) -> dict[tuple[str, date], int]:
    purchases = spark.createDataFrame(rows(lines), PURCHASES)
    frame = repurchase(dates(spark, days), purchases, 30, known_before=trained)
    return {(row["one_id"], row["as_of"]): row["label"] for row in frame.toArrow().to_pylist()}


def _members(spark: SparkSession, seconds: dict[str, tuple[str, str | None]]) -> dict[str, int]:
    """Labels of people who all bought in time before the cut-off and then once more, as given."""
    lines = [line(person, "first", MEMBER) for person in seconds]
    lines += [line(person, "second", at, known) for person, (at, known) in seconds.items()]
    return {person: label for (person, _), label in _labels(spark, lines).items()}


def test_the_window_holds_its_first_day_and_not_the_day_after_its_last(spark: SparkSession) -> None:
    found = _members(
        spark,
        {
            "first_day": ("2025-03-01T00:00:00", None),
            "last_day": ("2025-03-30T23:00:00", None),
            "day_after": ("2025-03-31T00:00:00", None),
            "before": ("2025-02-28T23:59:59", None),
        },
    )
    assert found == {"first_day": 1, "last_day": 1, "day_after": 0, "before": 0}


def test_what_became_known_on_the_day_of_training_or_later_is_not_used(spark: SparkSession) -> None:
    found = _members(
        spark,
        {
            "known": ("2025-03-10T10:00:00", "2025-04-30T23:59:59"),
            "late": ("2025-03-10T10:00:00", "2025-05-01T00:00:00"),
        },
    )
    assert found == {"known": 1, "late": 0}


def test_the_population_bought_in_the_year_before_and_was_seen_to(spark: SparkSession) -> None:
    lines = [
        line("edge", "a", "2024-03-01T00:00:00"),
        line("too_old", "b", "2024-02-29T23:59:59"),
        line("late", "c", MEMBER, "2025-03-01T00:00:00"),
        line("new", "d", "2025-03-02T10:00:00"),
    ]
    assert _labels(spark, lines) == {("edge", CUTOFF): 0}


def test_several_cut_offs_have_each_their_own_window(spark: SparkSession) -> None:
    lines = [line("p", "a", MEMBER), line("p", "b", "2025-03-20T10:00:00")]
    days = [date(2025, 2, 10), date(2025, 2, 25), date(2025, 3, 25)]
    assert _labels(spark, lines, days) == {("p", days[0]): 0, ("p", days[1]): 1, ("p", days[2]): 0}


@pytest.mark.parametrize(("trained", "rows_found"), [(date(2025, 3, 31), 1), (date(2025, 3, 30), 0)])
def test_a_cut_off_whose_window_is_not_over_has_no_labels(spark: SparkSession, trained: date, rows_found: int) -> None:
    assert len(_labels(spark, [line("p", "a", MEMBER)], trained=trained)) == rows_found
