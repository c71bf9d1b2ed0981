"""Tables as their contracts say: constraints hold on write, additive drift is mended, destructive drift is refused."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from lakehouse import ddl
from lakehouse.errors import ContractError
from lakehouse.lake import Lake
from lakehouse.land import land
from lakehouse.load import Replace
from lakehouse.table import Column, Rule, Table

TABLE = Table(
    "silver.thing",
    "Things of a test.",
    (
        Column("id", "string", "the key", required=True),
        Column("size", "int", "a size", check="size > 0"),
        Column("price_amount", "decimal(18,2)", "a price"),
    ),
    key=("id",),
    cluster_by=("id",),
    rules=(Rule("cheap", "price_amount < 100 * size"),),
    retention_days=14,
)
WIDER = replace(TABLE, columns=(*TABLE.columns, Column("note", "string", "a note")))
DDL = "id string, size int, price_amount decimal(18,2)"


def schema(ddl_text: str) -> StructType:
    found = StructType.fromDDL(ddl_text)
    assert isinstance(found, StructType)
    return found


def test_drift_is_told_by_kind() -> None:
    actual = schema("id string, size bigint, colour string")
    assert [str(d) for d in ddl.drift(TABLE, actual)] == [
        "added price_amount: contract decimal(18,2), table -",
        "retyped size: contract int, table bigint",
        "removed colour: contract -, table string",
    ]
    assert [d.is_destructive for d in ddl.drift(TABLE, actual)] == [False, True, True]
    assert ddl.drift(TABLE, schema(DDL)) == []


def test_a_table_is_made_from_its_contract(lake: Lake, spark: SparkSession) -> None:
    lake.ensure(TABLE)
    detail = spark.sql(f"DESCRIBE DETAIL delta.`{lake.path(TABLE)}`").collect()[0]
    assert (detail["description"], detail["clusteringColumns"]) == ("Things of a test.", ["id"])
    properties = detail["properties"]
    assert properties["kith.contract"] == "silver.thing"
    assert properties["delta.enableChangeDataFeed"] == "true"
    assert properties["delta.deletedFileRetentionDuration"] == "interval 14 days"
    assert {k.removeprefix("delta.constraints.") for k in properties if "constraints" in k} == {"size_valid", "cheap"}
    schema = lake.read(TABLE).schema
    assert not schema["id"].nullable
    assert [f.metadata["comment"] for f in schema] == ["the key", "a size", "a price"]
    assert lake.properties(TABLE)["kith.contract"] == "silver.thing"


@pytest.mark.parametrize(
    ("row", "words"),
    [(("a", 0, None), "size_valid"), (("a", 1, 100), "cheap"), ((None, 1, None), "NOT NULL")],
    ids=["check", "rule", "required"],
)
def test_constraints_hold_on_write(lake: Lake, spark: SparkSession, row: tuple[object, ...], words: str) -> None:
    lake.ensure(TABLE)
    frame = spark.createDataFrame([row], "id string, size int, price int").selectExpr(
        "id", "size", "cast(price as decimal(18,2)) AS price_amount"
    )
    with pytest.raises(Py4JJavaError, match=words):
        frame.write.format("delta").mode("append").save(lake.path(TABLE))
    assert lake.version(TABLE) == 0


def test_additive_drift_is_mended_and_rows_stay(lake: Lake, spark: SparkSession) -> None:
    lake.ensure(TABLE)
    spark.createDataFrame([("a", 1, None)], DDL).write.format("delta").mode("append").save(lake.path(TABLE))
    assert [str(d) for d in lake.drift(WIDER)] == ["added note: contract string, table -"]
    lake.conform(WIDER)
    assert lake.drift(WIDER) == []
    assert [tuple(r) for r in lake.read(WIDER).collect()] == [("a", 1, None, None)]
    version = lake.version(WIDER)
    lake.conform(WIDER)
    assert lake.version(WIDER) == version


def test_a_contract_that_follows_files_may_lose_a_column_and_rows_land_without_it(
    lake: Lake, spark: SparkSession
) -> None:
    lake.ensure(WIDER)
    lost = replace(TABLE, keeps_lost_columns=True)
    lake.conform(lost)
    frame = spark.createDataFrame([("a", 1, None)], DDL)
    land(lake, lost, Replace(), frame)
    assert [tuple(r) for r in lake.read(WIDER).collect()] == [("a", 1, None, None)]


def test_destructive_drift_is_refused_with_table_and_column(lake: Lake) -> None:
    lake.ensure(WIDER)
    narrower = replace(TABLE, columns=TABLE.columns[:2])
    with pytest.raises(ContractError, match="removed note") as told:
        lake.conform(narrower)
    assert told.value.where["table"] == "silver.thing"
    assert [f.name for f in lake.read(WIDER).schema] == list(WIDER.column_names)


def test_a_table_that_is_not_there_has_no_version_and_no_drift(lake: Lake) -> None:
    assert not lake.exists(TABLE)
    assert lake.version(TABLE) == -1
    assert lake.drift(TABLE) == []


def test_a_table_is_seen_by_a_lake_that_did_not_make_it(lake: Lake, spark: SparkSession) -> None:
    lake.ensure(TABLE)
    other = Lake(spark, f"{lake.root}/")
    assert other.exists(TABLE)
    other.ensure(TABLE)
    assert other.version(TABLE) == 0
    assert other.path(TABLE) == lake.path(TABLE)


def test_a_table_whose_creation_was_killed_is_made_again(lake: Lake) -> None:
    log = Path(lake.path(TABLE), "_delta_log")
    log.mkdir(parents=True)
    os.utime(log, (0, 0))
    assert not lake.exists(TABLE)
    lake.ensure(TABLE)
    assert lake.version(TABLE) == 0
    assert lake.drift(TABLE) == []
