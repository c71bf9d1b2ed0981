"""The rules of a contract over frames: which rules a row breaks, what one scan measures, which rows are to blame."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse import rules
from lakehouse.checks import broken_rules, measure, violating
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


SALES = Table(
    "gold.fct_sale",
    "Sales.",
    (
        Column("id", "string", "the key", required=True),
        Column("shop", "string", "where"),
        Column("size", "int", "how much"),
        Column("at", "timestamp", "when"),
    ),
    key=("id",),
)
SALES_DDL = "id string, shop string, size int, at timestamp"
NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)


def sales(spark: SparkSession) -> DataFrame:
    """Six sales: one without a shop, one that is not of this world, one twice."""
    rows = [("a", "s1", 1), ("b", "s2", 2), ("c", None, 3), ("d", "s1", 4), ("e", "x9", 50), ("e", "s1", 6)]
    return spark.createDataFrame([(*row, datetime(2025, 1, 2, 9, tzinfo=UTC)) for row in rows], SALES_DDL)


@pytest.mark.parametrize(
    ("rule", "violations"),
    [
        (rules.required("shop"), 1),
        (rules.between("size", 1, 6), 1),
        (rules.between("size", low=2), 1),
        (rules.one_of("shop", "s1", "s2"), 1),
        (rules.matches("shop", "s[0-9]"), 1),
        (rules.matches("shop", "[0-9]"), 5),
        (rules.length("id", 1, 1), 0),
        (rules.length("id", high=0), 6),
        (rules.holds("small_or_early", "size < 10 OR at < current_date()"), 0),
        (rules.unique("shop"), 3),
        (rules.unique("shop", "size"), 1),
        (rules.at_most_missing("shop", 0.2), 1),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else str(value),
)
@pytest.mark.parametrize("apart", [False, True])
def test_each_kind_of_rule_counts_its_violations(
    spark: SparkSession, rule: Rule, violations: int, *, apart: bool
) -> None:
    measured = measure(SALES, sales(spark), (rule,), apart=apart)
    assert measured.violations == {"id_required": 0, "key_unique": 1, rule.name: violations}


@pytest.mark.parametrize(
    ("rule", "value", "is_broken"),
    [
        (rules.statistic("mean", "size", 0, 5), 11.0, True),
        (rules.statistic("max", "size", 0, 50), 50.0, False),
        (rules.statistic("min", "size", 2, 9), 1.0, True),
        (rules.statistic("sum", "size", 66, 66), 66.0, False),
        (rules.statistic("quantile", "size", 3, 3, at=0.5), 3.0, False),
        (rules.statistic("missing", "shop", high=0.1), 1 / 6, True),
        (rules.distinct_between("shop", 3, 3), 3.0, False),
        (rules.rows_between(7), 6.0, True),
        (rules.fresh("at", 2), 3.0, True),
        (rules.fresh("at", 4), 3.0, False),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else str(value),
)
def test_statistics_are_measured_in_the_same_scan(
    spark: SparkSession, rule: Rule, value: float, *, is_broken: bool
) -> None:
    measured = measure(SALES, sales(spark), (rule,), now=NOON)
    assert measured.values[rule.name] == pytest.approx(value)
    assert measured.violations[rule.name] == int(is_broken)


def test_a_reference_is_held_against_the_other_table_and_null_refers_to_nothing(spark: SparkSession) -> None:
    shops = spark.createDataFrame([("s1",), ("s2",), ("s2",)], "shop string")
    rule = rules.references("shop", "gold.dim_shop")
    found = measure(SALES, sales(spark), (rule,), lookup={"gold.dim_shop": shops}.get)
    assert found.violations["shop_in_dim_shop"] == 1
    assert "shop_in_dim_shop" not in measure(SALES, sales(spark), (rule,), lookup=lambda _: None).violations


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        (rules.one_of("shop", "s1", "s2"), ["e"]),
        (rules.unique("id"), ["e", "e"]),
        (rules.unique("shop"), ["a", "d", "e"]),
        (rules.references("shop", "gold.dim_shop"), ["e"]),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else str(value),
)
def test_every_row_that_breaks_a_rule_is_found_again(spark: SparkSession, rule: Rule, ids: list[str]) -> None:
    shops = spark.createDataFrame([("s1",), ("s2",)], "shop string")
    rows = violating(SALES, sales(spark), rule, lambda _: shops)
    assert rows is not None
    assert sorted(row["id"] for row in rows.collect()) == ids


def test_a_statistic_blames_no_row(spark: SparkSession) -> None:
    assert violating(SALES, sales(spark), rules.rows_between(7)) is None


def test_rows_are_set_aside_by_strict_rules_only(spark: SparkSession) -> None:
    soft = (rules.warning(rules.one_of("shop", "s1")), rules.at_most_missing("shop", 0.5))
    frame = sales(spark)
    assert all(row[0] == [] for row in frame.select(broken_rules(SALES, soft)).collect())
    strict = (rules.one_of("shop", "s1"), rules.between("size", 1, 6))
    assert measure(SALES, frame, soft, mapped={}).bad == 0
    measured = measure(SALES, frame, strict, mapped={"large": "count_if(_bad AND size > 9)"})
    assert (measured.bad, measured.beside) == (2, {"large": 1})


def test_the_profile_rides_on_the_scan(spark: SparkSession) -> None:
    columns = [c for c in SALES.columns if c.name in {"shop", "size"}]
    shop, size = measure(SALES, sales(spark), profile=columns).profile
    assert (shop.rows, shop.nulls, shop.distinct, shop.mean) == (6, 1, 3, None)
    assert (size.nulls, size.mean, size.deciles[0], size.deciles[5], size.deciles[-1]) == (0, 11.0, 1.0, 3.0, 50.0)


def test_an_empty_frame_breaks_nothing_but_its_row_count(spark: SparkSession) -> None:
    asked = (rules.rows_between(1), rules.unique("shop"), rules.statistic("missing", "shop", high=0.1))
    measured = measure(SALES, sales(spark).limit(0), asked, profile=SALES.columns[1:3])
    assert {name for name, count in measured.violations.items() if count} == {"rows"}
