"""Which value survives, by each rule alone and in order, and that the order of rows plays no part."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import Row, SparkSession

from identity.survivorship import Survivorship, ranked

COLUMNS = (
    "one_id string, attribute string, value string, source string, record_id string,"
    " updated_at timestamp, status string, _row bigint"
)
Claim = tuple[str, str, str | None, str, str, datetime | None, str | None, int]


def day(number: int) -> datetime:
    """Noon of a day of 2025."""
    return datetime(2025, 1, number, 12, tzinfo=UTC)


def claim(
    value: str | None,
    source: str = "crm",
    at: int | None = 1,
    status: str | None = None,
    *,
    record: str = "",
    who: str = "A",
) -> Claim:
    """A claim on the one attribute that the tests rank."""
    return who, "x", value, source, record or f"{source}-{value}-{at}", day(at) if at else None, status, at or 0


def rules(*order: str, sources: Sequence[str] = ("crm", "app", "web")) -> Survivorship:
    """Rules for one attribute."""
    return Survivorship.model_validate({"sources": list(sources), "attributes": [{"name": "x", "order": list(order)}]})


def places(spark: SparkSession, claims: Sequence[Claim], by: Survivorship) -> list[Row]:
    """What is ranked, person by person from the survivor downwards."""
    return ranked(spark.createDataFrame(claims, COLUMNS), by).orderBy("one_id", "attribute", "rank").collect()


def order_of(rows: Sequence[Row]) -> list[tuple[str, str, int]]:
    """``(value, why, n_records)`` in the order of rank."""
    assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
    assert [row.is_survivor for row in rows] == [place == 0 for place in range(len(rows))]
    return [(row.value, row.why, row.n_records) for row in rows]


@pytest.mark.parametrize(
    ("rule", "claims", "expected"),
    [
        ("validity", [claim("a", status="suspect"), claim("b", status="repaired"), claim("c", status="valid")], "cba"),
        ("validity", [claim("a", status="invalid"), claim("b", status="suspect"), claim("c")], "cba"),
        ("source_priority", [claim("a", "web"), claim("b", "app"), claim("c", "crm"), claim("d", "fax")], "cbad"),
        ("recency", [claim("a", at=None), claim("b", at=1), claim("c", at=2)], "cba"),
        ("frequency", [claim("a", at=9), claim("b", at=1), claim("b", at=2)], "ba"),
    ],
)
def test_each_rule_alone(rule: str, claims: list[Claim], expected: str, spark: SparkSession) -> None:
    rows = places(spark, claims, rules(rule))
    assert "".join(row.value for row in rows) == expected
    assert {row.why for row in rows} == {rule}


def test_the_first_rule_that_differs_decides_and_is_named(spark: SparkSession) -> None:
    claims = [
        claim("old", status="valid", at=1),
        claim("new", status="valid", at=3),
        claim("newest", status="suspect", at=9),
    ]
    found = order_of(places(spark, claims, rules("validity", "recency")))
    assert found == [("new", "recency", 1), ("old", "recency", 1), ("newest", "validity", 1)]


def test_a_value_is_as_good_as_its_best_record_and_never_better(spark: SparkSession) -> None:
    # Of "a", one record is valid but old and one is new but suspect: together they are no valid new one.
    claims = [claim("a", status="valid", at=1), claim("a", status="suspect", at=9), claim("b", status="valid", at=5)]
    rows = places(spark, claims, rules("validity", "recency"))
    assert order_of(rows) == [("b", "recency", 1), ("a", "recency", 2)]
    assert (rows[1].updated_at.day, rows[1].status, rows[1]._row) == (1, "valid", 1)


def test_even_in_all_rules_the_lesser_text_stands_first_and_says_so(spark: SparkSession) -> None:
    found = order_of(places(spark, [claim("b"), claim("a")], rules("recency", "frequency")))
    assert found == [("a", "tie", 1), ("b", "tie", 1)]


def test_a_value_without_a_rival_says_so_and_nothing_is_no_value(spark: SparkSession) -> None:
    assert order_of(places(spark, [claim("a"), claim(None, "app")], rules("recency"))) == [("a", "only", 1)]


def test_one_record_that_comes_twice_counts_once(spark: SparkSession) -> None:
    claims = [claim("a", record="r1"), claim("a", record="r1"), claim("b", record="r2"), claim("b", record="r3")]
    assert order_of(places(spark, claims, rules("frequency"))) == [("b", "frequency", 2), ("a", "frequency", 1)]


def test_an_attribute_may_believe_its_own_sources(spark: SparkSession) -> None:
    own = Survivorship.model_validate(
        {"sources": ["crm", "app"], "attributes": [{"name": "x", "order": ["source_priority"], "sources": ["app"]}]}
    )
    assert [row.value for row in places(spark, [claim("a", "crm"), claim("b", "app")], own)] == ["b", "a"]


def test_people_do_not_meet(spark: SparkSession) -> None:
    rows = places(spark, [claim("a", at=1), claim("b", at=2, who="B")], rules("recency"))
    assert [(row.one_id, row.value, row.why) for row in rows] == [("A", "a", "only"), ("B", "b", "only")]


def test_an_attribute_that_the_rules_do_not_know_stops_the_query(spark: SparkSession) -> None:
    strange = ("A", "shoe", "42", "crm", "r", day(1), None, 1)
    with pytest.raises(PySparkException, match="attribute not in the survivorship rules: shoe"):
        places(spark, [strange], rules("recency"))


def test_the_order_of_rows_plays_no_part_and_the_oracle_agrees(spark: SparkSession) -> None:
    draw = random.Random(5)
    claims = [
        claim(
            draw.choice("abc"), draw.choice(("crm", "app", "fax")), draw.randint(1, 4), draw.choice(("valid", "suspect")),
            record=f"r{n}", who=f"P{n % 40:02}",
        )
        for n in range(400)
    ]  # fmt: skip
    by = rules("validity", "frequency", "recency", "source_priority")
    first = places(spark, claims, by)
    for _ in range(2):
        draw.shuffle(claims)
        assert places(spark, claims, by) == first
    assert {row.one_id: row.value for row in first if row.is_survivor} == survivors(claims)


def survivors(claims: Sequence[Claim]) -> dict[str, str]:
    """The same by plain Python: the value of the best record of each person, ordered as the rules of the test are."""
    found = {}
    for who in {one[0] for one in claims}:
        own = [one for one in claims if one[0] == who]
        votes = {value: sum(one[2] == value for one in own) for value in {one[2] for one in own}}

        def key(one: Claim, votes: dict[str | None, int] = votes) -> tuple[object, ...]:
            assert one[5] is not None
            source = ("crm", "app").index(one[3]) if one[3] != "fax" else 3
            return one[6] != "valid", -votes[one[2]], -one[5].timestamp(), source, one[2]

        found[who] = str(min(own, key=key)[2])
    return found
