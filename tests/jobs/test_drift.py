"""Deliveries whose fields change: all is kept, what changed is told once with its file, and what nobody declared is rescued."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import drift
from jobs.drift import Sight, json_path
from lakehouse.sources.dictionaries import dictionaries, names_in, variant_names
from lakehouse.sources.formats.family import Readable
from lakehouse.sources.rescue import rescued
from lakehouse.tables import bronze, silver
from lakehouse.tables.bronze import bronze_table
from lakehouse.tables.drift import SCHEMA_DRIFT
from tests.small_lake import CONSENT, HEADER, SmallLake, statements

LINES, TABLE = "shop__click", "shop__price"
CLICKS = """
description: Clicks.
format: jsonl
fields: {id: bigint, at: timestamp, item.sku: string, item.price: "decimal(9,2)"}
"""
PRICES = "description: Prices.\nformat: csv\nrequired: [sku]\n"


def told(small: SmallLake, source: str) -> list[tuple[Any, ...]]:
    rows = small.read(SCHEMA_DRIFT).where(F.col("source") == source).orderBy("batch_id", "field")
    found = rows.select("batch_id", "kind", "field", "was", "now", "file").collect()
    return [(*row[:5], Path(row[5]).name if row[5] else None) for row in found]


def test_drift_of_lines_and_tables_is_told_once_and_nothing_is_lost(small: SmallLake) -> None:
    small.source(LINES, CLICKS)
    small.source(TABLE, PRICES)
    small.deliver(TABLE, "1.csv", "sku,price\na,1\n", 1)
    small.deliver(
        LINES, "1.jsonl", '{"id": 1, "at": "2025-01-01T10:00:00Z", "item": {"sku": "a", "price": "1.50"}}\n', 1
    )
    first = small.run("bronze.*")
    assert [run.message for runs in first.runs.values() for run in runs] == [None, None]
    small.deliver(TABLE, "2.csv", "sku,colour\nb,red\n", 2)
    small.deliver(LINES, "2.jsonl", '{"id": 2, "at": "2025-01-01T10:00:00Z"}\n', 2)
    odd = {"id": "x3", "at": None, "item": {"sku": "c", "price": "dear"}, "coupon": {"code": 7}}
    small.deliver(LINES, "3.jsonl", json.dumps(odd) + "\n", 3)
    second = small.run("bronze.*")
    (message,) = [run.message for run in second.runs[f"bronze.{TABLE}"]]
    assert message == "new field colour; gone field price"
    assert told(small, TABLE) == [
        (0, "first", "price", None, "string", "1.csv"),
        (0, "first", "sku", None, "string", "1.csv"),
        (1, "new", "colour", None, "string", "2.csv"),
        (1, "gone", "price", "string", None, None),
    ]
    assert [row for row in told(small, LINES) if row[0] == 1] == [
        (1, "new", "coupon", None, "object", "3.jsonl"),
        (1, "new", "coupon.code", None, "number", "3.jsonl"),
        (1, "retyped", "id", "number|string", "mixed", None),
    ]
    rows = small.read(bronze_table(LINES, "")).orderBy("_sequence").select("_rescued_data", "_row").collect()
    assert [row[0] and json.loads(row[0]) for row in rows] == [
        None,
        None,
        {"coupon": {"code": 7}, "id": "x3", "item.price": "dear"},
    ]


def test_in_a_large_batch_one_record_with_a_new_field_is_found(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "SMALL", 0)
    small.source(LINES, "description: Clicks.\nformat: jsonl\n")
    plain = "".join(f'{{"id": {n}, "item": {{"sku": "a"}}}}\n' for n in range(2_000))
    small.deliver(LINES, "1.jsonl", plain, 1)
    small.run("bronze.*")
    small.deliver(LINES, "2.jsonl", plain + '{"id": 1, "item": {"sku": "a", "rare é": true}}\n', 2)
    outcome = small.run("bronze.*")
    assert [run.message for run in outcome.runs[f"bronze.{LINES}"]] == ["new field item.rare é"]
    assert [row[1:] for row in told(small, LINES) if row[0] == 1] == [
        ("new", "item.rare é", None, "boolean", "2.jsonl")
    ]


@pytest.mark.slow
def test_a_bronze_table_from_before_gains_the_column_and_its_stream_goes_on(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.source(TABLE, CONSENT)
    small.deliver(TABLE, "1.csv", f"{HEADER}\n{statements([1])}", 1)
    with monkeypatch.context() as before:
        before.setattr(bronze, "COLUMNS", bronze.COLUMNS[:-1])
        small.run("bronze.*", "silver.consent_event")
        assert "_rescued_data" not in small.read(bronze_table(TABLE, "")).columns
    small.source(TABLE, CONSENT + "fields: {id: string, purpose: string, action: string, at: date}\n")
    small.deliver(TABLE, "2.csv", f"{HEADER},note\nc2,marketing,grant,soon,x\n{statements([3])[:-1]},\n", 2)
    outcome = small.run("bronze.*", "silver.consent_event")
    assert not outcome.failures, outcome.failures
    rows = small.read(bronze_table(TABLE, "")).orderBy("_sequence", "_row").select("_rescued_data").collect()
    assert [row[0] and json.loads(row[0]) for row in rows] == [None, {"note": "x", "at": "soon"}, {"note": None}]
    assert {row[0] for row in small.read(silver.CONSENT_EVENT).select("consent_id").collect()} == {"c1", "c3"}


def parsed(spark: SparkSession, *texts: str) -> DataFrame:
    return spark.createDataFrame([(text,) for text in texts], "text string").select(
        F.parse_json("text").alias("payload")
    )


def test_what_is_declared_and_casts_is_not_rescued(spark: SparkSession) -> None:
    fields = {"n": "int", "d": "date", "b": "boolean", "t": "timestamp", "o.x": "double", "l[].y": "int"}
    good = '{"n": "7", "d": "2025-01-03", "b": true, "t": "2025-01-03 10:00:00", "o": {"x": "1e3"}, "l": [{"y": "z"}]}'
    bad = '{"n": 7.5, "d": "soon", "b": null, "o": {"x": [1]}, "q": 1}'
    rows = parsed(spark, good, bad, "{}").select(rescued(fields), rescued({})).collect()
    assert (rows[0][0], rows[2][0], rows[1][1]) == (None, None, None)
    assert {"d", "q", "o.x"} <= set(json.loads(rows[1][0]))


def test_names_are_read_from_the_dictionaries_of_variants(spark: SparkSession, tmp_path: Path) -> None:
    rows = parsed(spark, '{"a": {"é": 1}, "long name": [{"z": 2}]}', '{"a": 3}', "[]")
    rows.coalesce(1).write.format("delta").save(str(tmp_path / "t"))
    (file,) = (tmp_path / "t").glob("*.parquet")
    found = dictionaries(spark, [str(file)])
    assert names_in(found) == {"a", "é", "long name", "z"}


def test_a_dictionary_of_wide_offsets_is_read() -> None:
    names = [f"name_{n}" for n in range(300)]
    data = "".join(names).encode()
    offsets = [0]
    for name in names:
        offsets.append(offsets[-1] + len(name))
    numbers = b"".join(n.to_bytes(2, "little") for n in (len(names), *offsets))
    assert list(variant_names(bytes([0b0100_0001]) + numbers + data)) == names


def test_fields_are_said_by_files_or_looked_for_in_records() -> None:
    said = Readable("a", fields=(("x", "string"),), size=drift.SMALL + 1)
    silent = Readable("b", size=drift.SMALL + 1)
    sights = [Sight(files) for files in ((), (said,), (said, silent), (Readable("c", size=9),))]
    assert [(sight.is_said, sight.is_sampled) for sight in sights] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert sights[1].fields({}) == {"x": "string"}
    assert sights[3].fields({"shape": "OBJECT<y: BIGINT>"}) == {"y": "number"}


def test_paths_are_quoted() -> None:
    assert json_path("a.b c[].d") == '$["a"]["b c"]'
