"""Who went from nameless to known, when, where, and how long it took; a merge, a split and late sightings included."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.gold.fct_identity_conversion import fct_identity_conversion
from lakehouse.tables import gold, silver
from tests.jobs.frames import frame, keys, owners, shipped

Sight = tuple[str, str, str, datetime]
Levels = Mapping[str, str]


def at(day: int, hour: int = 12) -> datetime:
    """An hour of a day of March 2025."""
    return datetime(2025, 3, day, hour, tzinfo=UTC)


BROWSED: Sight = ("web__event", "anonymous_web", "c1", at(1, 20))
SIGNED_UP: Sight = ("web__event", "web_user", "w1", at(4, 21))
CALLED: Sight = ("service__call", "phone", "p1", at(9))


def found(
    spark: SparkSession,
    sights: Sequence[Sight],
    people: Mapping[str, str],
    levels: Levels,
    changed: DataFrame | None = None,
) -> dict[str, tuple[object, ...] | None]:
    """The job's rows by person, without the id; None for a row that goes."""
    observations = [
        {"source": source, "record_id": f"{source}{n}", "id_type": id_type, "id_token": token, "first_seen_at": when}
        for n, (source, id_type, token, when) in enumerate(sights)
    ]
    result = fct_identity_conversion.transform(
        changed=changed if changed is not None else keys(spark, "one_id", sorted({*people, *levels})),
        identity_map=owners(spark, silver.IDENTITY_MAP, people),
        observations=frame(spark, silver.IDENTIFIER_OBSERVATION, observations),
        customers=frame(
            spark, gold.DIM_CUSTOMER, [{"one_id": one_id, "identity_level": name} for one_id, name in levels.items()]
        ),
        settings=shipped(),
    )
    assert isinstance(result, DataFrame)
    rows = result.select("*").withColumn("first_anonymous_at", result.first_anonymous_at.cast("string"))
    rows = rows.withColumn("known_at", result.known_at.cast("string"))
    return {row.one_id: None if row._deleted else tuple(row)[1:-1] for row in rows.collect()}


def test_days_and_touchpoint_of_a_conversion(spark: SparkSession) -> None:
    sights = [BROWSED, SIGNED_UP, CALLED]
    assert found(spark, sights, {"A": "c1 w1 p1"}, {"A": "verified"}) == {
        "A": ("anonymous", "verified", "2025-03-01 20:00:00", "2025-03-04 21:00:00", 3, "web__event", "web_user")
    }


def test_a_platforms_account_before_is_pseudonymous(spark: SparkSession) -> None:
    account: Sight = ("market_tiger__order", "tiger_account", "t1", at(2))
    row = found(spark, [BROWSED, account, CALLED], {"A": "c1 t1 p1"}, {"A": "known"})["A"]
    assert row == ("pseudonymous", "known", "2025-03-01 20:00:00", "2025-03-09 12:00:00", 7, "service__call", "phone")


@pytest.mark.parametrize(
    ("sights", "level"),
    [
        ([BROWSED], "anonymous"),  # not yet
        ([CALLED], "known"),  # from the first on
        ([BROWSED, ("web__event", "web_user", "w1", at(1, 20))], "known"),  # in the same moment
        ([("web__event", "anonymous_web", "c1", at(20)), CALLED], "known"),  # the other way round
    ],
)
def test_who_did_not_go_from_nameless_to_known_has_no_row(sights: list[Sight], level: str, spark: SparkSession) -> None:
    assert found(spark, sights, {"A": "c1 w1 p1"}, {"A": level}) == {"A": None}


def test_a_late_earlier_sighting_moves_the_conversion(spark: SparkSession) -> None:
    late: Sight = ("survey__answer", "email", "e1", at(2))
    row = found(spark, [BROWSED, SIGNED_UP, late], {"A": "c1 w1 e1"}, {"A": "known"}, keys(spark, "id_token", ["e1"]))[
        "A"
    ]
    assert row is not None
    assert row[3:] == ("2025-03-02 12:00:00", 0, "survey__answer", "email")


def test_a_merge_makes_a_conversion_of_two_people_and_a_split_takes_it_back(spark: SparkSession) -> None:
    apart = found(spark, [BROWSED, CALLED], {"A": "c1", "B": "p1"}, {"A": "anonymous", "B": "known"})
    assert apart == {"A": None, "B": None}
    merged = found(spark, [BROWSED, CALLED], {"B": "c1 p1"}, {"B": "known"}, keys(spark, "one_id", "AB"))
    assert merged["A"] is None
    assert merged["B"] is not None
    assert merged["B"][4] == 7
    assert found(spark, [BROWSED, CALLED], {"A": "c1", "B": "p1"}, {"A": "anonymous", "B": "known"}) == apart


def test_the_order_of_rows_plays_no_part(spark: SparkSession) -> None:
    kinds = ("anonymous_web", "tiger_account", "phone", "member_no")
    sights = [(f"s{n % 3}", kinds[n % 4], f"t{n % 20}", at(1 + n % 9)) for n in range(80)]
    people = {f"P{n}": f"t{n} t{n + 5} t{n + 10} t{n + 15}" for n in range(5)}
    first = found(spark, sights, people, dict.fromkeys(people, "known"))
    assert any(first.values())
    random.Random(2).shuffle(sights)
    assert found(spark, sights, people, dict.fromkeys(people, "known")) == first
