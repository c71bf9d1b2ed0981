"""Contracts as ODCS documents: the standard's names, everything that comes back, what another's document means."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from lakehouse import rules
from lakehouse.assertions import Between, Matches, OneOf
from lakehouse.compatibility import compare
from lakehouse.contract_text import module_text, quality_text, rule_entry
from lakehouse.odcs import VERSION, document, logical_type, written
from lakehouse.odcs_reader import OdcsError, read, read_file
from lakehouse.quality import read_quality
from lakehouse.table import Column, DataClass, Pii, Rule, Severity, Table
from lakehouse.tables import gold, ops, silver

EVERY = [*silver.ALL, *gold.ALL, *ops.ALL]
RICH = Table(
    "gold.fct_rich",
    "Every kind of rule.",
    (
        Column("id", "string", "the key", required=True, pii=Pii.TOKEN, data_class=DataClass.IDENTITY),
        Column("size", "int", "a size", check="size BETWEEN 1 AND 9"),
        Column("tags", "array<string>", "words"),
        Column("net", "decimal(18,2)", "money", required=True),
        Column("at", "timestamp", "when"),
    ),
    key=("id",),
    cluster_by=("at",),
    owner="sales",
    freshness_hours=6,
    retention_days=30,
    change_feed=False,
    version=3,
    rules=(
        rules.matches("id", "[a-z]{2}\\d+"),
        rules.one_of("size", 1, 2, 9),
        rules.between("net", 0, 100),
        rules.length("id", 3, 40),
        rules.at_most_missing("at", 0.25),
        rules.warning(rules.tolerant(rules.required("tags"), at_most_rows=5)),
        rules.holds("net_of_small", "size > 5 OR net < 50"),
        rules.unique("net", "at"),
        rules.unique("at"),
        rules.references("id", "gold.dim_customer", "one_id"),
        rules.references(("id", "net"), "gold.dim_pair", ("a", "b")),
        rules.rows_between(1, 1000),
        rules.statistic("mean", "net", 1.5, 9),
        rules.statistic("quantile", "net", 1, 9, at=0.9),
        rules.statistic("missing", "at", high=0.5),
        rules.distinct_between("size", high=12),
        rules.fresh("at", 48),
    ),
)


@pytest.mark.parametrize("table", [*EVERY, RICH], ids=lambda t: t.name)
def test_a_contract_comes_back_from_its_document_and_from_its_module(table: Table) -> None:
    (imported,) = read(yaml.safe_load(written(document(table))))
    assert imported.notes == ()
    back = imported.table
    assert compare([table], [back]) == compare([back], [table]) == []
    same = ("name", "comment", "key", "cluster_by", "owner", "freshness_hours", "retention_days", "change_feed")
    assert [getattr(back, name) for name in same] == [getattr(table, name) for name in same]
    assert [(c.name, c.type, c.comment, c.pii, c.data_class) for c in back.columns] == [
        (c.name, c.type, c.comment, c.pii, c.data_class) for c in table.columns
    ]
    namespace: dict[str, object] = {}
    exec(module_text(back), namespace)  # noqa: S102 - the text is what is under test
    made = namespace[table.entity.upper()]
    assert isinstance(made, Table)
    assert made.columns == back.columns
    assert compare([back], [made]) == []


def test_a_document_has_the_names_of_the_standard() -> None:
    doc = document(RICH, server={"server": "local", "type": "local", "path": "/lake", "format": "delta"})
    assert (doc["apiVersion"], doc["kind"], doc["version"], doc["status"]) == (
        VERSION,
        "DataContract",
        "3.0.0",
        "active",
    )
    assert doc["team"] == {"name": "sales"}
    assert doc["slaProperties"] == [
        {"property": "latency", "value": 6, "unit": "h"},
        {"property": "retention", "value": 30, "unit": "d"},
    ]
    (schema,) = cast("list[dict[str, Any]]", doc["schema"])
    first, size, tags = schema["properties"][:3]
    assert (first["primaryKey"], first["primaryKeyPosition"], first["unique"]) == (True, 1, True)
    assert (first["logicalType"], first["physicalType"], first["required"]) == ("string", "string", True)
    assert first["classification"] == "confidential"
    assert first["relationships"] == [{"type": "foreignKey", "to": "dim_customer.one_id"}]
    assert tags["items"] == {"logicalType": "string", "physicalType": "string"}
    checks = {check["name"]: check for check in size["quality"]}
    assert checks["size_one_of"] == {
        "name": "size_one_of",
        "type": "library",
        "metric": "invalidValues",
        "arguments": {"validValues": [1, 2, 9]},
        "mustBe": 0,
        "severity": "error",
    }
    assert checks["size_valid"]["type"] == "sql"
    assert checks["size_valid"]["query"] == "SELECT count(*) FROM {object} WHERE NOT (size BETWEEN 1 AND 9)"
    every = {check["name"]: check for p in schema["properties"] for check in p.get("quality", ())}
    assert (every["at_complete"]["mustBeLessOrEqualTo"], every["at_complete"]["unit"]) == (25.0, "percent")
    assert (every["tags_required"]["severity"], every["tags_required"]["unit"]) == ("warning", "rows")
    assert {check["metric"] for check in every.values() if check["type"] == "library"} == {
        "nullValues",
        "invalidValues",
        "duplicateValues",
    }


@pytest.mark.parametrize(
    ("spark", "logical"),
    [
        ("string", "string"),
        ("bigint", "integer"),
        ("decimal(18,2)", "number"),
        ("timestamp", "timestamp"),
        ("array<date>", "array"),
        ("struct<a:int>", "object"),
        ("variant", "object"),
    ],
)
def test_types_have_their_logical_types(spark: str, logical: str) -> None:
    assert logical_type(spark) == logical


FOREIGN = """
apiVersion: v3.1.0
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
version: 2.1.0
status: active
description: {purpose: Orders of the shop.}
team: {name: checkout, members: [{username: ceastwood, role: Owner}]}
price: {priceAmount: 9.95}
slaProperties:
  - {property: latency, value: 4, unit: d}
  - {property: retention, value: 3, unit: y}
  - {property: generalAvailability, value: "2022-05-12T09:30:10-08:00"}
schema:
  - name: Orders Table
    properties:
      - {name: order_id, logicalType: string, physicalType: varchar(18), primaryKey: true, primaryKeyPosition: 1}
      - name: unit
        logicalType: string
        required: true
        quality:
          - {metric: invalidValues, arguments: {validValues: [pounds, kg]}, mustBeLessThan: 5, unit: rows}
      - name: iban
        logicalType: string
        classification: restricted
        quality:
          - {id: iban_pattern, metric: invalidValues, mustBe: 0, arguments: {pattern: '^[A-Z]{2}[0-9]{2}$'}}
          - {id: iban_there, metric: missingValues, arguments: {missingValues: [null, '', n/a]}, mustBeLessThan: 1, unit: percent}
      - name: amount
        logicalType: number
        physicalType: numeric(10,2)
        logicalTypeOptions: {minimum: 0, maximum: 1000}
      - {name: shop_id, logicalType: integer, relationships: [{to: shops.id}]}
    quality:
      - {metric: rowCount, mustBeGreaterThan: 1000}
      - {id: late, type: sql, query: "SELECT COUNT(*) FROM ${table} WHERE amount > 5 AND iban IS NULL", mustBeLessThan: 3}
      - {id: total, type: sql, query: "SELECT COUNT(*) FROM {object} WHERE amount > 5", mustBeGreaterThan: 9}
      - {id: soda, type: custom, engine: soda, implementation: "type: duplicate_percent"}
      - {id: words, type: text, description: looks right}
"""


def test_what_others_write_becomes_a_contract_and_what_is_lost_is_said() -> None:
    (imported,) = read(yaml.safe_load(FOREIGN))
    table = imported.table
    assert (table.name, table.owner, table.version, table.key) == ("silver.orders_table", "checkout", 2, ("order_id",))
    assert (table.freshness_hours, table.retention_days) == (96, 1095)
    assert [c.type for c in table.columns] == ["string", "string", "string", "decimal(10,2)", "bigint"]
    assert [c.required for c in table.columns] == [True, True, False, False, False]
    found = {rule.name: rule for rule in table.rules}
    assert found["unit_one_of"].assertion == OneOf("unit", ("pounds", "kg"))
    assert found["unit_one_of"].at_most_rows == 4
    assert found["iban_pattern"].assertion == Matches("iban", "[A-Z]{2}[0-9]{2}")
    assert found["iban_there"].at_most == 0.01
    assert found["amount_between"].assertion == Between("amount", 0, 1000)
    assert (found["late"].sql, found["late"].at_most_rows) == ("NOT (amount > 5 AND iban IS NULL)", 2)
    assert found["shop_id_in_shops"].asserts is not None
    assert found["rows"].severity is Severity.STOP
    for words in ("soda", "total", "words", "price", "generalAvailability", "classification restricted"):
        assert any(words in note for note in imported.notes), words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("kind: Table", "kind must be DataContract"),
        ("{kind: DataContract, apiVersion: v2.2.0}", "v3.0 and v3.1"),
        ("{kind: DataContract, apiVersion: v3.1.0}", "no schema"),
        ("{kind: DataContract, apiVersion: v3.1.0, schema: [{properties: []}]}", "needs a name"),
        (
            "{kind: DataContract, apiVersion: v3.1.0, schema: [{name: a, properties: [{name: b, logicalType: x}]}]}",
            "no such",
        ),
    ],
)
def test_what_is_no_contract_is_refused_with_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.odcs.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OdcsError, match=words) as told:
        read_file(path)
    assert told.value.where["file"] == path


@pytest.mark.parametrize("rule", RICH.rules, ids=lambda rule: rule.name)
def test_a_rule_comes_back_from_the_quality_file(tmp_path: Path, rule: Rule) -> None:
    if "_in_dim_pair" in rule.name:
        pytest.skip("a reference of several columns has no entry; it stands in a contract")
    path = tmp_path / "gold.fct_rich.yml"
    path.write_text(quality_text([rule]), encoding="utf-8")
    (back,) = read_quality(path).rules
    assert rule_entry(back) == rule_entry(rule)
    assert (back.assertion, back.at_most, back.severity) == (rule.assertion, rule.at_most, rule.severity)
