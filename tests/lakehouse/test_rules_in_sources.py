"""Rules in source files: options of a source and of a cell, missing values filled and marked, and which versions are used."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from jobs.rule_versions import Place, State, changes
from lakehouse.errors import SourceError
from lakehouse.sources.mapping import mapped, observed
from lakehouse.sources.rules_used import RuleUse, rules_used
from lakehouse.sources.spec import Source, load_source
from lakehouse.standardise import plain
from lakehouse.tables import silver

KEY = b"k" * 32
SOURCE = """
description: Guests of a hotel.
format: csv
version: 2
rules:
  phone: {default_region: GB}
maps:
  silver.customer_record:
    columns:
      record_id: $.id
      phone_token: {token: phone, from: $.tel}
      birth_on: {rule: date, from: $.born, options: {order: mdy}}
      name: {rule: name, from: $.name, fill: &instead {from: $.nick, rule: name}}
      status: {rule: name, part: status, from: $.name, fill: *instead}
      city: {rule: name, part: reason, from: $.name, fill: *instead}
identifiers:
  - at: $.at
    ids: {phone: $.tel}
"""
RECORDS = [
    {"id": "1", "tel": "020 7946 0958", "born": "1/31/1990", "name": "ann lee", "nick": "x"},
    {"id": "2", "tel": "139****5678", "born": "31/1/1990", "name": "", "nick": "Bo Li"},
    {"id": "3", "tel": "+1 415 555 2671", "born": "1990-01-31", "name": None, "nick": "N/A"},
    {"id": "4", "tel": None, "born": None, "name": "ann1", "nick": "Ann"},
]
WRONG = {
    "default_region: GB": ("default_region: XX", "rules.phone", "'XX' is none of"),
    "phone: {default_region: GB}": ("email: {gmail: fold}", "rules.email.gmail", "changes the form of identifiers"),
    "order: mdy": ("oder: mdy", "maps.silver.customer_record.columns.birth_on", "no option oder"),
    "rule: date": ("rule: dat", "maps.silver.customer_record.columns.birth_on", "no such rule"),
    "part: status, from: $.name": (
        "part: status, from: $.nick",
        "maps.silver.customer_record.columns.name.fill",
        "a filled value needs a column",
    ),
    "phone_token: {token: phone, from: $.tel}": (
        "phone_token: {token: phone, from: $.tel, fill: {value: '1'}}",
        "maps.silver.customer_record",
        "an identifier never is",
    ),
    "&instead {from: $.nick, rule: name}": ("&instead {rule: name}", "maps.silver.customer_record", "either a value"),
}


def written(folder: Path, text: str = SOURCE) -> Source:
    path = folder / "hotel__guest.yml"
    path.write_text(text, encoding="utf-8")
    return load_source(path)


def test_options_reach_cells_and_identifiers_and_what_is_missing_is_filled(spark: SparkSession, tmp_path: Path) -> None:
    source = written(tmp_path)
    rows = [
        Row(_source="hotel__guest", payload=json.dumps(r), _file="f", _row=n, _sequence=1)
        for n, r in enumerate(RECORDS)
    ]
    bronze = spark.createDataFrame(
        rows, "_source string, payload string, _file string, _row bigint, _sequence bigint"
    ).selectExpr("_source", "parse_json(payload) AS payload", "_file", "_row", "_sequence")
    found = mapped(source, silver.CUSTOMER_RECORD, bronze, KEY).orderBy("record_id").collect()
    tokens = [plain.token("phone", value, KEY) for value in ("+442079460958", "+14155552671")]
    assert [row["phone_token"] for row in found] == [tokens[0], None, tokens[1], None]
    assert [str(row["birth_on"]) for row in found] == ["1990-01-31", "None", "1990-01-31", "None"]
    assert [(row["name"], row["status"], row["city"]) for row in found] == [
        ("Ann Lee", "repaired", None),
        ("Bo Li", "filled", "filled_by_other_field"),
        (None, "missing", "blank"),
        (None, "invalid", "not_a_name"),
    ]
    seen = observed(source, silver.IDENTIFIER_OBSERVATION, bronze, KEY).collect()
    assert sorted(row["id_token"] for row in seen) == sorted(tokens)


@pytest.mark.parametrize("text", list(WRONG))
def test_what_a_rule_cannot_do_is_told_by_file_and_key(tmp_path: Path, text: str) -> None:
    instead, key, message = WRONG[text]
    assert text in SOURCE
    with pytest.raises(SourceError, match=message) as told:
        written(tmp_path, SOURCE.replace(text, instead))
    assert Path(str(told.value.where["file"])).name == "hotel__guest.yml"
    assert str(told.value.where["key"]).startswith((key, "default_region", "oder"))


def test_the_rules_of_a_source_are_known_with_version_and_options(tmp_path: Path) -> None:
    used = rules_used(written(tmp_path))
    assert [(use.table, use.column, use.rule, use.options) for use in used] == [
        ("silver.customer_record", "birth_on", "date", '{"order": "mdy"}'),
        ("silver.customer_record", "city", "name", "{}"),
        ("silver.customer_record", "name", "name", "{}"),
        ("silver.customer_record", "phone_token", "phone", '{"default_region": "GB"}'),
        ("silver.customer_record", "status", "name", "{}"),
        ("silver.identifier_observation", "phone", "phone", '{"default_region": "GB"}'),
    ]
    assert {use.source_version for use in used} == {2}


def _use(column: str, version: int, options: str = "{}") -> RuleUse:
    return RuleUse("a__b", "silver.event", column, "name", 1, version, options)


def test_a_change_of_version_options_or_use_is_one_row_and_no_change_none() -> None:
    now = datetime(2025, 1, 31, tzinfo=UTC)
    first = changes({}, [_use("x", 1), _use("y", 1)], "r1", now)
    assert [(row["column"], row["version"], row["run_id"], row["since"]) for row in first] == [
        ("x", 1, "r1", now),
        ("y", 1, "r1", now),
    ]
    known: dict[Place, State] = {_use(column, 1).place: (1, 1, "{}") for column in ("x", "y")}
    assert changes(known, [_use("x", 1), _use("y", 1)], "r2", now) == []
    other = changes(known, [_use("x", 2)], "r3", now)
    assert [(row["column"], row["version"]) for row in other] == [("x", 2), ("y", None)]
    options = changes(known, [_use("x", 1, '{"a": "b"}'), _use("y", 1)], "r4", now)
    assert [(row["column"], row["options"]) for row in options] == [("x", '{"a": "b"}')]
