"""One row a person: the survivors of the golden record with their sources, the level, and nothing of ids that are retired."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from pyspark.sql import DataFrame, Row, SparkSession

from jobs.gold.dim_customer import dim_customer
from lakehouse.tables import silver
from tests.jobs.frames import frame, keys, owners, shipped

SEEN = datetime(2025, 3, 1, tzinfo=UTC)


def held(token: str, id_type: str, n_sources: int = 1) -> dict[str, object]:
    """A row of silver.identifier."""
    return {"id_token": token, "id_type": id_type, "n_sources": n_sources, "first_seen_at": SEEN}


def record(token: str, source: str, day: int, **values: object) -> dict[str, object]:
    """A row of silver.customer_record, changed on a day of March 2025."""
    own = {"source": source, "record_id": f"{source}/{token}", "customer_token": token}
    return own | {"updated_at": SEEN.replace(day=day)} | values


def rows(
    spark: SparkSession,
    people: Mapping[str, str],
    identifiers: Sequence[Mapping[str, object]],
    *,
    changed: DataFrame,
    records: Sequence[Mapping[str, object]] = (),
) -> dict[str, Row]:
    """The job's rows by person."""
    result = dim_customer.transform(
        changed=changed,
        identity_map=owners(spark, silver.IDENTITY_MAP, people),
        identifiers=frame(spark, silver.IDENTIFIER, identifiers),
        records=frame(spark, silver.CUSTOMER_RECORD, records),
        settings=shipped(),
    )
    assert isinstance(result, DataFrame)
    return {row.one_id: row for row in result.collect()}


def test_attributes_are_the_survivors_with_their_sources(spark: SparkSession) -> None:
    records = [
        record("m1", "crm__member", 1, birth_on=date(1990, 2, 3), city="杭州", name="李雷", joined_at=SEEN),
        record("a1", "app__event", 9, birth_on=date(1990, 3, 2), city="上海"),
        record("w1", "web__event", 5, birth_on=date(1990, 2, 3)),
        record("m2", "crm__member", 9, city="广州"),
    ]
    identifiers = [held("m1", "member_no"), held("a1", "app_user"), held("w1", "web_user"), held("m2", "member_no")]
    people = {"A": "m1 a1 w1", "B": "m2"}
    found = rows(spark, people, identifiers, changed=keys(spark, "one_id", ["A"]), records=records)
    assert set(found) == {"A"}
    own = found["A"]
    assert (own.birth_on, own.birth_on_source) == (date(1990, 2, 3), "crm__member")
    assert (own.city, own.city_source, own.gender, own.gender_source) == ("上海", "app__event", None, None)
    assert (own.n_sources, own.n_identifiers) == (3, 3)
    assert "name" not in own


def test_each_level_reaches_its_person(spark: SparkSession) -> None:
    people = {"A": "c1", "B": "t1 c2", "C": "p1 t2", "D": "p2", "E": "m1"}
    identifiers = [
        held("c1", "anonymous_web", 3),
        held("c2", "anonymous_app"),
        held("t1", "tiger_account"),
        held("t2", "tiger_account", 2),
        held("p1", "phone"),
        held("p2", "phone", 2),
        held("m1", "member_no"),
    ]
    found = rows(spark, people, identifiers, changed=keys(spark, "one_id", list(people)))
    levels = {one_id: row.identity_level for one_id, row in found.items()}
    assert levels == {"A": "anonymous", "B": "pseudonymous", "C": "known", "D": "verified", "E": "known"}


def test_a_contact_that_a_second_source_confirms_touches_its_person(spark: SparkSession) -> None:
    found = rows(
        spark,
        {"A": "p1", "B": "p2"},
        [held("p1", "phone", 2), held("p2", "phone")],
        changed=keys(spark, "id_token", ["p1"]),
    )
    assert {one_id: row.identity_level for one_id, row in found.items()} == {"A": "verified"}


def test_a_retired_id_is_deleted(spark: SparkSession) -> None:
    found = rows(
        spark, {"A": "m1 m2"}, [held("m1", "member_no"), held("m2", "member_no")], changed=keys(spark, "one_id", "AB")
    )
    assert {one_id: (row._deleted, row.n_identifiers) for one_id, row in found.items()} == {
        "A": (False, 2),
        "B": (True, 0),
    }
