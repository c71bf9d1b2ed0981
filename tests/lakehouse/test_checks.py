"""Row rules of a contract as columns and as counts, and the gate that judges the counts."""

import pytest
from pyspark.sql import SparkSession

from lakehouse.checks import Measured, broken_rules, measure
from lakehouse.errors import CheckFailed
from lakehouse.expectations import failed_rules, gate
from lakehouse.table import Column, Rule, Table

TABLE = Table(
    "gold.fct_thing",
    "Things.",
    (
        Column("id", "string", "the key", required=True),
        Column("size", "int", "a size", check="size > 0"),
        Column("limit", "int", "a limit"),
    ),
    key=("id",),
    rules=(Rule("within", "size <= `limit`"),),
)
ROWS = [("a", 1, 2), ("b", 0, 2), ("c", 3, 2), (None, -1, -2), ("d", None, 1), ("a", 2, None)]
DDL = "id string, size int, limit int"


def test_the_rules_that_a_row_breaks_are_named_and_null_counts_as_true(spark: SparkSession) -> None:
    frame = spark.createDataFrame(ROWS, DDL)
    found = [row[0] for row in frame.select(broken_rules(TABLE)).collect()]
    assert found == [[], ["size_valid"], ["within"], ["id_required", "size_valid", "within"], [], []]


def test_counts_of_a_batch_come_from_one_scan(spark: SparkSession) -> None:
    measured = measure(TABLE, spark.createDataFrame(ROWS, DDL))
    assert (measured.table, measured.rows) == ("gold.fct_thing", 6)
    assert measured.violations == {"id_required": 1, "size_valid": 2, "within": 2, "key_unique": 2}


def test_rows_that_only_delete_do_not_count(spark: SparkSession) -> None:
    rows = [("a", 1, 2, False), ("b", 0, -1, True)]
    measured = measure(TABLE, spark.createDataFrame(rows, f"{DDL}, _deleted boolean"))
    assert (measured.rows, measured.deletions) == (1, 1)
    assert set(measured.violations.values()) == {0}


def test_a_key_that_is_both_kept_and_deleted_is_no_key(spark: SparkSession) -> None:
    rows = [("a", 1, 2, False), ("a", 1, 2, True)]
    measured = measure(TABLE, spark.createDataFrame(rows, f"{DDL}, _deleted boolean"))
    assert measured.violations["key_unique"] == 1


@pytest.mark.parametrize(
    ("violations", "tolerance", "failed"),
    [
        ({}, {}, []),
        ({"a": 0, "b": 0}, {}, []),
        ({"a": 1, "b": 0}, {}, ["a"]),
        ({"a": 1, "b": 2}, {}, ["a", "b"]),
        ({"a": 2, "b": 0}, {"a": 0.02}, []),
        ({"a": 3, "b": 0}, {"a": 0.02}, ["a"]),
    ],
)
def test_the_gate_lets_through_what_is_within_tolerance(
    violations: dict[str, int], tolerance: dict[str, float], failed: list[str]
) -> None:
    measured = Measured("gold.fct_thing", 100, violations)
    assert failed_rules(measured, tolerance) == failed
    if failed:
        with pytest.raises(CheckFailed, match=rf"{failed[0]}: {violations[failed[0]]} of 100 rows") as told:
            gate(measured, failed)
        assert told.value.where == {"table": "gold.fct_thing", "rule": failed[0]}
    else:
        gate(measured, failed)
