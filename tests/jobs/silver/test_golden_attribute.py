"""The golden record of people: survivors, losers with the reason, tokens for contacts, and what a merge and a split leave."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from jobs.silver.golden_attribute import golden_attribute
from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT, Settings
from lakehouse.table import Pii
from lakehouse.tables import person, silver
from tests.jobs.frames import frame, keys, owners, shipped
from tests.small_lake import settings_for

Facts = Mapping[str, object]


def record(source: str, number: int, token: str, day: int, **values: object) -> dict[str, object]:
    """A record of a person at a source, as of a day of March 2025."""
    at = datetime(2025, 3, day, tzinfo=UTC)
    own = {"source": source, "record_id": f"r{number}", "customer_token": token, "updated_at": at}
    return own | {"_file": f"{source}.csv", "_row": number} | values


CRM = record("crm__member", 1, "m1", 1, name="李雷", city="上海", phone_token="p-old", phone_status="valid")
APP = record("app__event", 2, "a1", 9, name="Li Lei", phone_token="p-new", phone_status="valid")
WEB = record("web__event", 3, "w1", 20, name="Li Lei", phone_token="p-typo", phone_status="suspect")
RECORDS = [CRM, APP, WEB]


def golden(
    spark: SparkSession,
    records: Sequence[Facts],
    people: Mapping[str, str],
    *changed: str,
    known: DataFrame | None = None,
    settings: Settings | None = None,
) -> DataFrame:
    """The job on literal records; ``changed`` are people."""
    result = golden_attribute.transform(
        changed=keys(spark, "one_id", changed),
        identity_map=owners(spark, silver.IDENTITY_MAP, people),
        records=frame(spark, silver.CUSTOMER_RECORD, records),
        known=known if known is not None else frame(spark, person.GOLDEN_ATTRIBUTE),
        settings=settings or shipped(),
    )
    assert isinstance(result, DataFrame)
    return result


def told(rows: Sequence[Row], attribute: str) -> list[tuple[str, str, str]]:
    """``(value, source, why)`` of an attribute, in the order of rank."""
    return [(r.value, r.source, r.why) for r in sorted(rows, key=lambda r: r.rank) if r.attribute == attribute]


def test_each_attribute_survives_by_its_own_rules_and_the_losers_are_kept(spark: SparkSession) -> None:
    rows = golden(spark, RECORDS, {"A": "m1 a1 w1"}, "A").collect()
    assert told(rows, "name") == [
        ("李雷", "crm__member", "source_priority"),
        ("Li Lei", "app__event", "source_priority"),
    ]
    assert told(rows, "phone") == [
        ("p-new", "app__event", "recency"),
        ("p-old", "crm__member", "recency"),
        ("p-typo", "web__event", "validity"),
    ]
    assert told(rows, "city") == [("上海", "crm__member", "only")]
    assert {r.attribute for r in rows} == {"name", "phone", "city"}
    latin = next(r for r in rows if r.value == "Li Lei")
    assert (latin.n_records, latin.record_id, latin._file, latin._row) == (2, "r2", "app__event.csv", 2)


def test_only_people_who_changed_are_computed(spark: SparkSession) -> None:
    rows = golden(spark, RECORDS, {"A": "m1", "B": "a1 w1"}, "B").collect()
    assert {r.one_id for r in rows} == {"B"}


def test_a_merge_leaves_nothing_of_the_retired_id_and_a_split_brings_it_back(spark: SparkSession) -> None:
    apart = {"A": "m1", "B": "a1 w1"}
    before = golden(spark, RECORDS, apart, "A", "B").drop("_deleted").localCheckpoint()
    merged = golden(spark, RECORDS, {"A": "m1 a1 w1"}, "A", "B", known=before).localCheckpoint()
    gone = {(r.one_id, r.attribute, r.value) for r in merged.where("_deleted").collect()}
    assert gone == {(r.one_id, r.attribute, r.value) for r in before.collect() if r.one_id == "B"}
    now = merged.where("NOT _deleted").drop("_deleted")
    back = golden(spark, RECORDS, apart, "A", "B", known=now)
    assert content(back.where("NOT _deleted").drop("_deleted")) == content(before)
    assert {r.one_id for r in back.where("_deleted").collect()} == {"A"}


def test_a_value_that_nobody_claims_any_more_goes(spark: SparkSession) -> None:
    before = golden(spark, [CRM], {"A": "m1"}, "A").drop("_deleted")
    moved = golden(spark, [CRM | {"city": "杭州"}], {"A": "m1"}, "A", known=before).collect()
    assert {(r.value, r._deleted) for r in moved if r.attribute == "city"} == {("杭州", False), ("上海", True)}


def test_the_order_of_rows_plays_no_part(spark: SparkSession) -> None:
    records = [record(f"s{n % 3}", n, f"t{n % 5}", 1 + n % 7, city=f"c{n % 4}", gender="female") for n in range(60)]
    people = {"A": "t0 t1 t2", "B": "t3 t4"}
    first = content(golden(spark, records, people, "A", "B"))
    random.Random(3).shuffle(records)
    assert content(golden(spark, records, people, "B", "A", "A")) == first


def test_plain_names_are_marked_and_stay_out_of_gold() -> None:
    value = next(c for c in person.GOLDEN_ATTRIBUTE.columns if c.name == "value")
    assert (value.pii, person.GOLDEN_ATTRIBUTE.layer.value) == (Pii.DIRECT, "silver")


def test_an_attribute_of_no_column_is_refused_by_file_and_key(spark: SparkSession, tmp_path: Path) -> None:
    text = (ROOT / "conf" / "survivorship.yml").read_text(encoding="utf-8")
    (tmp_path / "survivorship.yml").write_text(text.replace("name: city,", "name: town,"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"no column 'town' \[file=.*survivorship.yml, key=attributes\[town\]"):
        golden(spark, [], {}, settings=settings_for(tmp_path, tmp_path))


def content(rows: DataFrame) -> list[tuple[object, ...]]:
    """All of a frame, sorted."""
    return sorted(map(tuple, rows.collect()), key=str)
