"""Features equal an oracle that works one person at a time, and see nothing of the as-of day or later."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession

from ml.features.people import Inputs, people_features
from ml.features.views import FEATURES, SLICES, STATES, VIEWS
from tests.ml.oracle import Features, expected_features
from tests.ml.planted import INTERACTIONS, PURCHASES, TODAY, Line, Touch, brand, line, rows, touches, utc

MARCH = date(2025, 3, 1)
ORACLE = (*VIEWS["purchases"], *VIEWS["interactions"])


def _inputs(spark: SparkSession, lines: Sequence[Line], visits: Sequence[Touch]) -> Inputs:
    return Inputs(spark.createDataFrame(rows(lines), PURCHASES), spark.createDataFrame(rows(visits), INTERACTIONS))


def _features(
    spark: SparkSession, lines: Sequence[Line], visits: Sequence[Touch], days: Sequence[date]
) -> dict[tuple[str, date], Features]:
    return _buyers(people_features(days, _inputs(spark, lines, visits)))


def _buyers(frame: DataFrame) -> dict[tuple[str, date], Features]:
    """Features that the oracle knows, of those who had bought."""
    found = frame.where("recency_days IS NOT NULL").toArrow().to_pylist()
    return {(row["one_id"], row["as_of"]): {name: row[name] for name in ORACLE} for row in found}


def test_features_equal_the_oracle_on_several_dates_in_one_pass(spark: SparkSession) -> None:
    lines, visits = [*brand(60, seed=1).lines, *_odd()], touches(60, seed=2)
    days = [MARCH, date(2024, 6, 15), TODAY, date(2024, 1, 1)]
    found, expected = _features(spark, lines, visits, days), expected_features(lines, visits, days)
    assert found.keys() == expected.keys()
    assert len(found) > 100
    for key, values in expected.items():
        assert found[key] == pytest.approx(values), key


def _odd() -> list[Line]:
    """What real feeds have: no person, no time, no amount, returned money, an order over days, late lines."""
    at = utc("2025-02-01T12:00:00")
    cake = line("odd", "o1", "2025-02-01T12:00:00")
    return [
        cake,
        Line(None, "o2", at, at, Decimal(5), "shop", "cake"),
        Line("odd", "o3", None, at, Decimal(5), "shop", "cake"),
        Line("odd", "o4", at, None, Decimal(5), "shop", "cake"),
        Line("odd", "o1", at, at + timedelta(days=40), Decimal("7.77"), None, None),
        Line("odd", "o5", at + timedelta(days=9), at + timedelta(days=9), None, "app", "cups"),
        Line("odd", "o6", at + timedelta(days=9), at + timedelta(days=12), Decimal("-30.50"), "app", "cups"),
    ]


def test_the_as_of_day_itself_is_not_seen_and_the_second_before_it_is(spark: SparkSession) -> None:
    lines = [
        line("before", "a", "2025-02-28T23:59:58", "2025-02-28T23:59:59"),
        line("on", "b", "2025-03-01T00:00:00"),
        line("known_late", "c", "2025-02-28T23:59:59", "2025-03-01T00:00:00"),
    ]
    found = _features(spark, lines, [], [MARCH, MARCH + timedelta(days=1)])
    assert {person for person, day in found if day == MARCH} == {"before"}
    assert {person for person, day in found if day > MARCH} == {"before", "on", "known_late"}
    assert found["before", MARCH]["recency_days"] == 1
    assert found["on", MARCH + timedelta(days=1)]["recency_days"] == 1


def test_a_window_begins_so_many_days_before(spark: SparkSession) -> None:
    lines = [
        line("p", "edge", "2025-01-30T00:00:00", amount="1.00"),
        line("p", "outside", "2025-01-29T23:59:59", amount="2.00"),
    ]
    found = _features(spark, lines, [], [MARCH])["p", MARCH]
    assert (found["orders_30d"], found["spend_30d"]) == (1, 1.0)
    assert (found["orders_90d"], found["spend_90d"]) == (2, 3.0)


def test_a_back_dated_record_changes_no_earlier_date(spark: SparkSession) -> None:
    lines, late = list(brand(20, seed=3).lines), "2025-06-20T08:00:00"
    people = sorted({record.one_id for record in lines if record.one_id})[:5]
    back_dated = [line(person, f"late-{person}", "2025-02-10T10:00:00", late) for person in people]
    days = [MARCH, date(2025, 6, 20), date(2025, 6, 21)]
    before, after = _features(spark, lines, [], days), _features(spark, [*lines, *back_dated], [], days)
    changed = {day for key, day in after if before.get((key, day)) != after[key, day]}
    assert changed == {date(2025, 6, 21)}


def test_one_order_known_in_parts_is_one_order_whose_money_grows(spark: SparkSession) -> None:
    lines = [
        line("p", "o", "2025-02-01T10:00:00", "2025-02-01T11:00:00", amount="4.00"),
        line("p", "o", "2025-02-01T10:00:00", "2025-03-05T11:00:00", amount="6.00"),
    ]
    found = _features(spark, lines, [], [MARCH, date(2025, 4, 1)])
    assert [found["p", day]["orders_total"] for day in (MARCH, date(2025, 4, 1))] == [1, 1]
    assert [found["p", day]["purchase_days"] for day in (MARCH, date(2025, 4, 1))] == [1, 1]
    assert [found["p", day]["spend_365d"] for day in (MARCH, date(2025, 4, 1))] == [4.0, 10.0]


def test_the_order_of_rows_and_repeated_dates_change_nothing(spark: SparkSession) -> None:
    lines, visits = list(brand(15, seed=4).lines), touches(15, seed=5)
    once = _features(spark, lines, visits, [MARCH])
    again = _buyers(people_features([MARCH, MARCH], _inputs(spark, lines[::-1], visits[::-1])))
    assert again == once


def test_empty_inputs_give_the_schema_and_no_rows(spark: SparkSession) -> None:
    frame = people_features([], _inputs(spark, [], []))
    assert frame.columns == ["one_id", "as_of", *SLICES, *FEATURES, *STATES]
    assert {kind for _, kind in frame.dtypes[3:]} == {"double"}
    assert frame.isEmpty()
