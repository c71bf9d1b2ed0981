"""Shows what silver gets from literal payloads: of every source rows, tokens, and what becomes of dirt.

The cases are ``mapping/<source>.yml``: a payload, the rows it gives (columns without value left out, tokens
as ``type:value``, ``version`` is the record's own time), and which identifiers are ``seen`` together.
"""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable
from functools import partial, reduce
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from identity.identifiers import load_rules, refusal
from lakehouse.errors import SourceError
from lakehouse.settings import ROOT
from lakehouse.sources.mapping import Refusal, mapped, observed
from lakehouse.sources.spec import MAPPED, Source, load_sources
from lakehouse.tables import silver

KEY = b"k" * 32
ROW, FILE_TIME = 7, 1
FOLDERS = ("conf/sources", "examples/online_retail/conf/sources", "examples/sources")
SOURCES = {name: source for folder in FOLDERS for name, source in load_sources(ROOT / folder).items()}
FEEDING = {name: source for name, source in SOURCES.items() if source.maps}
GARBAGE: tuple[object, ...] = (
    *("", " ", "☃", "x" * 500, "'; --", "$.{", None, True, [], {}, [[]]),
    *(-1, 99999999999999999999, 1e300, "9" * 40, "-1e400", "NaN", "0000-00-00", "9999-99-99 99:99:99"),
    *("+294247-01-10T04:00:54.775807Z", "-290308-12-21T19:59:05.224192Z"),
)

Row = dict[str, str]
Bag = dict[str, list[list[tuple[str, str]]]]


class Seen(TypedDict):
    """Identifiers that a payload shows together, and when."""

    at: str
    ids: list[str]


class Case(TypedDict, total=False):
    """A payload and what it becomes."""

    payload: dict[str, object]
    rows: dict[str, list[Row]]
    seen: Seen


def cases(name: str) -> list[Case]:
    path = Path(__file__).parent / "mapping" / f"{name}.yml"
    found: list[Case] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def hashed(named: str) -> str:
    """The token of ``type:value``, by Python's own HMAC."""
    return hmac.new(KEY, named.encode(), hashlib.sha256).hexdigest()[:32]


def bronze(spark: SparkSession, source: Source, payloads: Iterable[object]) -> DataFrame:
    rows = [{"text": json.dumps(p), "_file": f"{number:04d}"} for number, p in enumerate(payloads)]
    frame = spark.createDataFrame(pa.Table.from_pylist(rows))
    return frame.select(
        F.parse_json("text").alias("payload"),
        F.lit(source.name).alias("_source"),
        "_file",
        F.lit(ROW).cast("bigint").alias("_row"),
        F.lit(FILE_TIME).cast("bigint").alias("_sequence"),
    )


def texts(frame: DataFrame) -> Bag:
    """Rows by source, all values as text, nulls left out, in order of payload and content."""
    columns = [F.col(c).cast("string").alias(c) for c in frame.columns if c not in {"_row", "_row_hash", "_sequence"}]
    version = F.when(F.col("_sequence") != FILE_TIME, F.timestamp_micros("_sequence").cast("string"))
    bag: Bag = defaultdict(list)
    for row in frame.select(*columns, version.alias("version")).collect():
        values = {k: v for k, v in row.asDict().items() if v is not None}
        bag[values.pop("source")].append(sorted(values.items()))
    return {source: sorted(rows) for source, rows in bag.items()}


def silver_rows(spark: SparkSession, table: str, payloads: dict[str, list[object]]) -> Bag:
    sources = [source for source in FEEDING.values() if table in source.maps]
    frames = [mapped(s, MAPPED[table], bronze(spark, s, payloads[s.name]), KEY) for s in sources]
    return texts(reduce(DataFrame.unionByName, frames))


def observations(spark: SparkSession, payloads: dict[str, list[object]], refuse: Refusal | None = None) -> Bag:
    sources = [source for source in FEEDING.values() if source.identifiers]
    table = silver.IDENTIFIER_OBSERVATION
    frames = [observed(s, table, bronze(spark, s, payloads[s.name]), KEY, refuse) for s in sources]
    return texts(reduce(DataFrame.unionByName, frames))


def expected_rows(source: str, table: str) -> list[list[tuple[str, str]]]:
    wanted = []
    for number, case in enumerate(cases(source)):
        for row in case["rows"].get(table, []):
            values = {k: hashed(v) if k.endswith("_token") else v for k, v in row.items()}
            wanted.append(sorted((values | {"_file": f"{number:04d}"}).items()))
    return sorted(wanted)


def expected_sightings(source: str) -> list[list[tuple[str, str]]]:
    wanted = []
    for number, case in enumerate(cases(source)):
        seen = case.get("seen", Seen(at="", ids=[]))
        record = hashlib.sha256("|".join(map(hashed, seen["ids"])).encode()).hexdigest()[:32]
        for named in seen["ids"]:
            row = {"record_id": record, "id_type": named.partition(":")[0], "id_token": hashed(named)}
            times = {f"{end}_seen_at": seen["at"] for end in ("first", "last") if seen["at"]}
            days = {"seen_days": f"[{seen['at'][:10]}]"} if seen["at"] else {}
            first = f"{{{seen['at'] or 'null'}, {number:04d}, {ROW}}}"
            wanted.append(sorted((row | times | days | {"_file": f"{number:04d}", "_first_row": first}).items()))
    return sorted(wanted)


def payloads_of(name: str) -> list[object]:
    return [case["payload"] for case in cases(name)]


def spoiled(value: object, by: object) -> object:
    """A payload of the same shape with every leaf replaced."""
    if isinstance(value, dict):
        return {k: spoiled(v, by) for k, v in value.items()}
    return [spoiled(v, by) for v in value] if isinstance(value, list) else by


def spoils(name: str) -> list[object]:
    return [{}, *(spoiled(payload, by) for payload in payloads_of(name) for by in GARBAGE)]


def test_every_source_that_feeds_silver_has_cases() -> None:
    assert sorted(p.stem for p in (Path(__file__).parent / "mapping").glob("*.yml")) == sorted(FEEDING)
    for name, source in FEEDING.items():
        assert {table for case in cases(name) for table in case["rows"]} == set(source.maps), name
        assert any("seen" in case for case in cases(name)) == bool(source.identifiers), name


@pytest.mark.parametrize("table", list(MAPPED))
def test_payloads_become_the_rows_that_are_said(spark: SparkSession, table: str) -> None:
    found = silver_rows(spark, table, {name: payloads_of(name) for name in FEEDING})
    assert found == {name: expected_rows(name, table) for name, s in FEEDING.items() if table in s.maps}


def test_identifiers_of_one_record_are_seen_together(spark: SparkSession) -> None:
    found = observations(spark, {name: payloads_of(name) for name in FEEDING})
    assert found == {name: expected_sightings(name) for name, s in FEEDING.items() if s.identifiers}


@pytest.mark.parametrize("table", list(MAPPED))
def test_garbage_becomes_null_and_never_an_error(spark: SparkSession, table: str) -> None:
    found = silver_rows(spark, table, {name: spoils(name) for name in FEEDING})
    for name, rows in found.items():
        assert len(rows) <= sum(len(case["rows"].get(table, [])) for case in cases(name)) * len(GARBAGE) + 1
        assert {dict(row).get("phone_status") for row in rows} <= {None, "missing", "invalid", "suspect"}


def test_garbage_is_no_identifier_without_a_value(spark: SparkSession) -> None:
    nothing: tuple[object, ...] = ("", " ", None, "null", "None", "undefined")
    empty = {name: [spoiled(p, by) for p in payloads_of(name) for by in nothing] for name in FEEDING}
    assert observations(spark, empty) == {}
    observations(spark, {name: spoils(name) for name in FEEDING})


def test_what_the_identity_rules_refuse_was_not_seen(spark: SparkSession) -> None:
    rules = load_rules(ROOT / "conf" / "identity.yml")
    block = {"at": "$.at", "ids": {"member_no": "$.m", "phone": "$.p", "email": "$.e"}}
    head = {"name": "x__y", "description": "x", "format": "csv", "identifiers": [block]}
    payloads: list[object] = [
        {"at": "2025-03-01", "m": "M1", "p": "138 1234 5678", "e": "Li@post.cn"},
        {"at": "2025-03-01", "m": "Guest", "p": "13812345679", "e": "123@qq.com"},
        {"at": "2025-03-01", "m": "000-000", "p": "nothing", "e": "未知"},
    ]
    source = Source.model_validate(head)
    frame = observed(
        source, silver.IDENTIFIER_OBSERVATION, bronze(spark, source, payloads), KEY, partial(refusal, rules)
    )
    seen = ["member_no:M1", "phone:+8613812345678", "email:li@post.cn", "phone:+8613812345679"]
    assert sorted(row.id_token for row in frame.collect()) == sorted(map(hashed, seen))


def test_rules_that_refuse_nothing_change_nothing(spark: SparkSession) -> None:
    payloads = {name: payloads_of(name) for name in FEEDING}
    assert observations(spark, payloads, lambda _, value: F.when(value.isNull(), "missing")) == observations(
        spark, payloads
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("coalesce($.x", "PARSE"),
        ("no_such_function($.x)", "no_such_function"),
        ({"rule": "fax", "from": "$.x"}, "fax"),
    ],
)
def test_an_expression_that_spark_refuses_is_told_by_file_and_key(
    spark: SparkSession, cell: object, words: str
) -> None:
    columns = {"store_id": "$.id", "name": cell}
    source = Source.model_validate(
        {
            "name": "erp__place",
            "description": "x",
            "format": "csv",
            "maps": {"silver.store": {"columns": columns}},
        }
    )
    with pytest.raises(SourceError, match=words) as told:
        mapped(source, silver.STORE, bronze(spark, source, [{}]), KEY)
    assert told.value.where["file"] == "erp__place.yml"
    assert str(told.value.where["key"]).startswith("maps.silver.store")
