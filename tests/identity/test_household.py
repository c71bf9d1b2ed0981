"""What ties people, what does not, and that households are the components of the ties, but for those that grow too large."""

from collections.abc import Sequence

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from identity.components import Forest
from identity.household import HouseholdRules, households, numbered, surname, ties

RULES = HouseholdRules.model_validate(
    {
        "threshold": 1.0,
        "max_people": 4,
        "surname": 0.4,
        "ties": [
            {"name": "address", "weight": 0.6, "max_people": 3, "min_share": 0.5},
            {"name": "device", "weight": 0.6, "max_people": 3},
        ],
    }
)
Sight = tuple[str, str, str, int]
SHARED = "one_id string, name string, value string, n bigint"


def tied(
    spark: SparkSession, shared: Sequence[Sight], surnames: Sequence[tuple[str, str | None]] = ()
) -> dict[tuple[str, str], tuple[str, float]]:
    """Pairs with their evidence and weight."""
    rows = ties(
        spark.createDataFrame(shared, SHARED), spark.createDataFrame(surnames, "one_id string, surname string"), RULES
    )
    return {(row.src, row.dst): (",".join(row.evidence), round(row.weight, 6)) for row in rows.collect()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("王小明", "王"),
        ("欧阳娜", "欧阳"),
        ("Anna Maria Rossi", "rossi"),
        ("Anna", None),
        ("王", None),
        (None, None),
    ],
)
def test_the_surname_of_a_name(name: str | None, expected: str | None, spark: SparkSession) -> None:
    row = spark.createDataFrame([(name,)], "name string").select(surname(F.col("name"))).first()
    assert row is not None
    assert row[0] == expected


def test_one_kind_is_not_enough_two_are(spark: SparkSession) -> None:
    shared = [
        ("A", "address", "home", 1),
        ("B", "address", "home", 1),
        ("A", "device", "d", 1),
        ("B", "device", "d", 1),
    ]
    assert tied(spark, shared[:2]) == {}
    assert tied(spark, shared[2:]) == {}
    assert tied(spark, shared) == {("A", "B"): ("address,device", 1.2)}


def test_a_common_surname_is_a_witness_and_nothing_by_itself(spark: SparkSession) -> None:
    shared = [("A", "address", "home", 1), ("B", "address", "home", 1), ("C", "address", "other", 1)]
    names = [("A", "li"), ("A", "wang"), ("B", "li"), ("C", "li")]
    assert tied(spark, shared, names) == {("A", "B"): ("address,surname", 1.0)}
    assert tied(spark, shared, [("A", "li"), ("B", "zhao")]) == {}
    assert tied(spark, shared, [("A", None), ("B", None)]) == {}


def test_two_values_of_one_kind_count_once(spark: SparkSession) -> None:
    shared = [(who, "device", value, 1) for who in "AB" for value in ("d1", "d2", "d3")]
    assert tied(spark, shared) == {}


def test_what_both_were_seen_with_again_counts_more(spark: SparkSession) -> None:
    parcels = {"name": "parcel", "weight": 1.0, "weight_once": 0.5, "max_people": 3}
    rules = HouseholdRules.model_validate({"threshold": 1.0, "max_people": 4, "ties": [parcels]})
    nobody = spark.createDataFrame([], "one_id string, surname string")
    once = [("A", "parcel", "x", 5), ("B", "parcel", "x", 1)]
    assert ties(spark.createDataFrame(once, SHARED), nobody, rules).isEmpty()
    again = [*once, ("B", "parcel", "x", 1)]
    assert ties(spark.createDataFrame(again, SHARED), nobody, rules).count() == 1


def test_a_gift_is_not_where_one_lives(spark: SparkSession) -> None:
    names = [("A", "li"), ("B", "li")]
    at_home = [("B", "address", "b", 5)]
    assert tied(spark, [*at_home, ("A", "address", "a", 4), ("A", "address", "b", 1)], names) == {}
    assert set(tied(spark, [*at_home, ("A", "address", "a", 1), ("A", "address", "b", 1)], names)) == {("A", "B")}


def test_what_many_share_ties_nobody(spark: SparkSession) -> None:
    names = [(who, "li") for who in "ABCD"]
    shared = [(who, "address", "shop", 1) for who in "ABCD"]
    assert len(tied(spark, shared[:3], names)) == 3
    assert tied(spark, shared, names) == {}


def test_a_name_that_the_rules_do_not_have_ties_nobody(spark: SparkSession) -> None:
    assert tied(spark, [("A", "cookie", "c", 1), ("B", "cookie", "c", 1)], [("A", "li"), ("B", "li")]) == {}


def test_households_are_components_and_too_large_ones_are_refused_with_the_reason(spark: SparkSession) -> None:
    pairs = [("A", "B"), ("B", "C"), ("P", "Q"), *[(f"x{n}", f"x{n + 1}") for n in range(4)]]
    frame = spark.createDataFrame(pairs, "src string, dst string")
    people, components = households(*numbered(frame), Forest(), RULES)
    found = {row.one_id: row for row in people.collect()}
    assert components.count() == len(found) == 10
    groups: dict[int, str] = {}
    for one_id, row in sorted(found.items()):
        groups[row.component] = groups.get(row.component, "") + one_id
    assert sorted(groups.values()) == ["ABC", "PQ", "x0x1x2x3x4"]
    assert [found[who].n_people for who in ("A", "P", "x2")] == [3, 2, 5]
    assert {found[who].fence_reason for who in "ABCPQ"} == {None}
    assert found["x0"].fence_reason == "tied people are 5, max_people 4"
