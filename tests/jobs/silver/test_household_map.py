"""Households of people: from parcels and fenced devices, with ids that last through merges, moves and whole rebuilds."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pyspark.sql import DataFrame, Row, SparkSession

from jobs.silver.household_map import household_map
from lakehouse.tables import person, silver
from tests.jobs.frames import frame, owners, shipped

Facts = Mapping[str, object]
PEOPLE = {"A": "a", "B": "b", "C": "c", "D": "d"}


def twice(*orders: Facts) -> list[Facts]:
    """Each order again: what is sent once may be a gift."""
    return [*orders, *orders]


def sent(account: str, address: str | None, recipient: str | None = None) -> dict[str, object]:
    """An order of an account."""
    return {"customer_token": account, "address_token": address, "recipient_token": recipient}


def cut(account: str, device: str, *, id_type: str = "device", is_merging: bool = False) -> dict[str, object]:
    """An edge of evidence between an account and a device that others use too."""
    ends = sorted([(account, "app_user"), (device, id_type)])
    row = {"src_token": ends[0][0], "src_type": ends[0][1], "dst_token": ends[1][0], "dst_type": ends[1][1]}
    return row | {"rule_id": f"app__event/app_user~{id_type}", "is_merging": is_merging, "evidence_count": 1}


def households(
    spark: SparkSession,
    orders: Sequence[Facts] = (),
    edges: Sequence[Facts] = (),
    people: Mapping[str, str] = PEOPLE,
    *,
    records: Sequence[Facts] = (),
    known: DataFrame | None = None,
    version: int = 0,
) -> DataFrame:
    """The job on literal rows, computed once."""
    since = datetime(2025, 1, 1, tzinfo=UTC)
    mapped = [row.asDict() | {"valid_from": since} for row in owners(spark, silver.IDENTITY_MAP, people).collect()]
    result = household_map.transform(
        identity_map=frame(spark, silver.IDENTITY_MAP, mapped),
        edges=frame(spark, silver.IDENTITY_EDGE, edges),
        orders=frame(spark, silver.ORDER_HEADER, orders),
        records=frame(spark, silver.CUSTOMER_RECORD, records),
        known=known if known is not None else frame(spark, person.HOUSEHOLD_MAP),
        settings=shipped(),
        versions={person.HOUSEHOLD_MAP.name: version},
    )
    assert isinstance(result, DataFrame)
    return result.localCheckpoint()


def kept(result: DataFrame) -> dict[str, Row]:
    """Rows that stay, by person."""
    return {row.one_id: row for row in result.where("NOT _deleted").collect()}


def table(result: DataFrame) -> DataFrame:
    """What the table holds after the result has landed on an empty one."""
    return result.where("NOT _deleted").drop("_deleted")


def test_people_who_have_parcels_sent_to_one_address_are_a_household(spark: SparkSession) -> None:
    found = kept(households(spark, twice(sent("a", "x"), sent("b", "x"), sent("c", "y"), sent("d", None))))
    assert set(found) == {"A", "B"}
    assert found["A"].household_id == found["B"].household_id
    assert len(found["A"].household_id) == 26
    assert (found["A"].n_people, found["A"].evidence, found["A"].weight, found["A"].fence_reason) == (
        2,
        "address",
        1.0,
        None,
    )


def test_a_fenced_device_needs_a_second_tie_and_a_merging_one_ties_nobody(spark: SparkSession) -> None:
    shared = [cut("a", "tablet"), cut("b", "tablet")]
    named = [{"source": "crm", "record_id": who, "customer_token": who, "name": "李雷"} for who in "ab"]
    assert kept(households(spark, edges=shared)) == {}
    assert kept(households(spark, edges=shared, records=named))["B"].evidence == "device,surname"
    merging = [cut("a", "tablet", is_merging=True), cut("b", "tablet", is_merging=True)]
    assert kept(households(spark, edges=merging, records=named)) == {}


def test_one_parcel_needs_a_common_surname_with_it(spark: SparkSession) -> None:
    orders = [sent("a", "x"), sent("b", "x")]
    named = [{"source": "crm", "record_id": who, "customer_token": who, "name": "李雷"} for who in "ab"]
    assert kept(households(spark, orders)) == {}
    assert kept(households(spark, orders, records=named))["A"].evidence == "address,surname"


def test_accounts_of_one_person_are_no_household(spark: SparkSession) -> None:
    assert kept(households(spark, twice(sent("a", "x"), sent("b", "x")), people={"A": "a b"})) == {}


def test_what_grows_too_large_is_refused_with_the_reason_and_no_id(spark: SparkSession) -> None:
    crowd = {f"P{n:02}": f"p{n:02}" for n in range(12)}
    orders = twice(*[sent(f"p{n:02}", address) for n in range(12) for address in (f"x{n}", f"x{n + 1}")])
    found = kept(households(spark, orders, people=crowd))
    assert {(row.household_id, row.n_people, row.fence_reason) for row in found.values()} == {
        (None, 12, "tied people are 12, max_people 10")
    }
    assert len(found) == 12


def test_a_household_keeps_its_id_while_people_come_and_go(spark: SparkSession) -> None:
    two = twice(sent("a", "x"), sent("b", "x"))
    first = households(spark, two)
    home = kept(first)["A"].household_id
    grown = kept(households(spark, [*two, *twice(sent("c", "x"))], known=table(first), version=1))
    assert {who: row.household_id for who, row in grown.items()} == {"A": home, "B": home, "C": home}
    left = households(spark, twice(sent("a", "x"), sent("c", "x")), known=table(first), version=2)
    assert {row.one_id for row in left.where("_deleted").collect()} == {"B"}
    assert {row.household_id for row in kept(left).values()} == {home}


def test_a_merge_of_people_and_its_undoing_bring_the_household_back(spark: SparkSession) -> None:
    orders = twice(sent("a", "x"), sent("b", "x"), sent("c", "x"))
    first = households(spark, orders)
    merged = households(spark, orders, people={"A": "a b", "C": "c", "D": "d"}, known=table(first), version=1)
    assert {row.one_id for row in merged.where("_deleted").collect()} == {"B"}
    assert {row.n_people for row in kept(merged).values()} == {2}
    back = kept(households(spark, orders, known=table(merged), version=2))
    assert {who: tuple(row) for who, row in back.items()} == {who: tuple(row) for who, row in kept(first).items()}


def test_the_same_again_and_in_another_order_changes_nothing(spark: SparkSession) -> None:
    draw = random.Random(6)
    people = {f"P{n:02}": f"p{n:02}" for n in range(40)}
    orders = twice(*[sent(f"p{n:02}", f"x{n // 3}", f"r{n // 2}") for n in range(40)])
    first = households(spark, orders, people=people)
    rows = {who: tuple(row) for who, row in kept(first).items()}
    draw.shuffle(orders)
    assert {who: tuple(row) for who, row in kept(households(spark, orders, people=people)).items()} == rows
    again = households(spark, orders, people=people, known=table(first), version=7)
    assert {who: tuple(row) for who, row in kept(again).items()} == rows
    assert again.where("_deleted").isEmpty()
