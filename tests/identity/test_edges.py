"""Stars of evidence: their centre, order, counting, and what gives no edge."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from identity.edges import edges, vertices
from identity.identifiers import IdentityRules, is_verified, refusal

SCHEMA = (
    "source string, record_id string, id_type string, id_token string, first_seen_at timestamp, last_seen_at timestamp, "
    "seen_days array<date>"
)
Sighting = tuple[str, str, str, str | None]


def day(number: int) -> datetime:
    """A day of March 2026."""
    return datetime(2026, 3, number, tzinfo=UTC)


def observed(spark: SparkSession, rows: list[Sighting]) -> DataFrame:
    """Sightings, the n-th on day n."""
    return spark.createDataFrame(
        [(*row, day(i), day(i), [day(i).date()]) for i, row in enumerate(rows, start=1)], SCHEMA
    )


def by_rule(frame: DataFrame) -> dict[tuple[str, str, str], Row]:
    """The edges by their key; fails when one comes twice."""
    rows = frame.collect()
    found = {(row["src_token"], row["dst_token"], row["rule_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_each_record_is_a_star_around_its_best_identifier(spark: SparkSession, rules: IdentityRules) -> None:
    sightings: list[Sighting] = [
        ("pos", "r1", "phone", "p"),
        ("pos", "r1", "member_no", "m"),
        ("pos", "r1", "card", "c"),
        ("pos", "r2", "member_no", "m"),
        ("pos", "r2", "phone", "p"),
        ("pos", "r2", "phone", "p"),  # the same sighting twice
        ("crm", "r1", "phone", "p"),  # another source's r1
        ("crm", "r1", "member_no", "m"),
        ("market", "o1", "recipient_phone", "r"),  # not merging, though its record has an account
        ("market", "o1", "tiger_account", "t"),
        ("app", "e1", "device", "d"),  # weak: the anonymous id is the centre
        ("app", "e1", "anonymous_app", "a"),
        ("app", "e2", "phone", "lonely"),
        ("app", "e3", "phone", None),
        ("app", "e3", "email", "e"),
        ("crm", "r9", "phone", "same"),  # one token under two types is no edge to itself
        ("crm", "r9", "recipient_phone", "same"),
    ]
    found = by_rule(edges(observed(spark, sightings), rules))
    assert set(found) == {
        ("m", "p", "pos/member_no~phone"),
        ("c", "m", "pos/member_no~card"),
        ("m", "p", "crm/member_no~phone"),
        ("r", "t", "market/tiger_account~recipient_phone"),
        ("a", "d", "app/anonymous_app~device"),
    }
    phone = found["m", "p", "pos/member_no~phone"]
    assert (phone["src_type"], phone["dst_type"]) == ("member_no", "phone")
    assert (phone["edge_type"], phone["is_merging"], phone["weight"]) == ("strong", True, 1.0)
    assert (phone["evidence_count"], phone["first_seen_at"].day, phone["last_seen_at"].day) == (2, 1, 6)
    card = found["c", "m", "pos/member_no~card"]
    assert (card["src_type"], card["dst_type"], card["weight"]) == ("card", "member_no", 0.9)
    recipient = found["r", "t", "market/tiger_account~recipient_phone"]
    assert (recipient["edge_type"], recipient["is_merging"], recipient["weight"]) == ("weak", False, 0.3)
    device = found["a", "d", "app/anonymous_app~device"]
    assert (device["edge_type"], device["is_merging"], device["weight"]) == ("weak", True, 0.5)


def test_every_identifier_is_a_vertex(spark: SparkSession) -> None:
    sightings: list[Sighting] = [
        ("pos", "r1", "phone", "p"),
        ("pos", "r2", "phone", "p"),
        ("app", "e2", "email", "lonely"),
        ("app", "e3", "phone", None),
    ]
    rows = vertices(observed(spark, sightings)).collect()
    assert sorted((row["token"], row["id_type"], row["first_seen_at"].day) for row in rows) == [
        ("lonely", "email", 3),
        ("p", "phone", 1),
    ]


def test_an_unknown_type_stops_the_query(spark: SparkSession, rules: IdentityRules) -> None:
    frame = edges(observed(spark, [("pos", "r1", "fax", "f"), ("pos", "r1", "phone", "p")]), rules)
    with pytest.raises(Exception, match="not in the identity rules: fax, seen in source pos"):
        frame.collect()


def test_hygiene_says_why_a_value_is_refused(spark: SparkSession, rules: IdentityRules) -> None:
    values = ["+8613912345678", "+8613800138000", "0000", " NULL ", "13912345678", "", None, "-"]
    frame = spark.createDataFrame([(value,) for value in values], "value string")
    row = frame.select("value", refusal(rules, "phone", frame["value"]).alias("why")).collect()
    assert [(one["value"], one["why"]) for one in row] == [
        ("+8613912345678", None),
        ("+8613800138000", "placeholder"),
        ("0000", "placeholder"),
        (" NULL ", "placeholder"),
        ("13912345678", "malformed"),
        ("", "missing"),
        (None, "missing"),
        ("-", "placeholder"),
    ]


def test_what_proves_a_person(spark: SparkSession, rules: IdentityRules) -> None:
    frame = spark.createDataFrame([("member_no",), ("phone",), ("fax",)], "id_type string")
    rows = frame.select(is_verified(rules, frame["id_type"]).alias("is_verified")).collect()
    assert [row["is_verified"] for row in rows] == [True, False, False]
