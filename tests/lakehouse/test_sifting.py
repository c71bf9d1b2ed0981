"""A batch that is merged into a larger table: its keys sift the table, and what lands is what would land without."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.lake import Lake
from lakehouse.land import Landed, land
from lakehouse.load import Merge, Scd2
from lakehouse.sifting import SETTINGS, sifted
from lakehouse.table import Column, Table

PLAIN = Table("silver.plain", "Rows.", (Column("k", "bigint", "key"), Column("v", "string", "value")), key=("k",))
NAMED = Table(
    "silver.named",
    "Rows with two keys.",
    (Column("name", "string", "key"), Column("number", "bigint", "the same"), Column("v", "string", "value")),
    key=("name",),
)
HISTORY = Table(
    "silver.history",
    "Rows with history.",
    (
        Column("k", "bigint", "key"),
        Column("v", "string", "value"),
        Column("valid_from", "timestamp", "since"),
        Column("valid_to", "timestamp", "until"),
        Column("is_current", "boolean", "holds"),
    ),
    key=("k", "valid_from"),
)


@pytest.fixture
def large(spark: SparkSession) -> SparkSession:
    """A session as one for large data."""
    session = spark.newSession()
    session.conf.set("spark.sql.adaptive.enabled", "true")
    return session


def test_the_other_side_of_the_join_is_sifted(large: SparkSession) -> None:
    before = {name: large.conf.get(name) for name in SETTINGS}
    table = large.range(10_000).withColumn("v", F.col("id") * 2)
    with sifted(large.range(0, 10_000, 100).localCheckpoint(), ("id",)) as batch:
        joined = batch.join(table, on="id", how="left_outer")
        assert "might_contain" in joined._jdf.queryExecution().optimizedPlan().toString()
        assert joined.where("v IS NOT NULL").count() == 100
    assert {name: large.conf.get(name) for name in SETTINGS} == before


def test_the_settings_come_back_after_an_error(large: SparkSession) -> None:
    before = {name: large.conf.get(name) for name in SETTINGS}
    with pytest.raises(ValueError, match="in between"), sifted(large.range(3), ("id",)):
        raise ValueError("in between")
    assert {name: large.conf.get(name) for name in SETTINGS} == before


def test_a_sifted_merge_updates_inserts_and_leaves_the_rest(large: SparkSession, lake: Lake) -> None:
    lake.ensure(PLAIN)
    rows = large.range(1_000).select(F.col("id").alias("k"), F.lit("old").alias("v"))
    land(lake, PLAIN, Merge(), rows)
    batch = large.range(900, 1_100, 2).select(F.col("id").alias("k"), F.lit("new").alias("v"))
    told = land(lake, PLAIN, Merge(), batch, 100)
    assert (told.inserted, told.updated) == (50, 50)
    counted = lake.read(PLAIN).groupBy("v").count().collect()
    assert {row["v"]: row["count"] for row in counted} == {"old": 950, "new": 100}


def test_rows_may_be_matched_by_a_number_that_stands_for_the_key(large: SparkSession, lake: Lake) -> None:
    lake.ensure(NAMED)

    def rows(begin: int, end: int, value: str) -> Landed:
        frame = large.range(begin, end).selectExpr("concat('n', id) name", "id number", f"'{value}' v")
        return land(lake, NAMED, Merge(by=("number",)), frame, end - begin)

    rows(0, 500, "a")
    told = rows(450, 550, "b")
    assert (told.inserted, told.updated) == (50, 50)
    told = rows(450, 550, "b")
    assert (told.inserted, told.updated) == (0, 0)
    stored = lake.read(NAMED).selectExpr(
        "count(DISTINCT name)", "count_if(v = 'b')", "count_if(name = concat('n', number))"
    )
    assert tuple(stored.collect()[0]) == (550, 100, 550)


def test_sifted_history_closes_and_opens(large: SparkSession, lake: Lake) -> None:
    lake.ensure(HISTORY)
    load = Scd2(entity=("k",), tracked=("v",))

    def rows(begin: int, end: int, value: str, at: int) -> Landed:
        frame = large.range(begin, end).selectExpr(
            "id k",
            f"'{value}' v",
            f"timestamp_seconds({at}) valid_from",
            "CAST(NULL AS timestamp) valid_to",
            "true is_current",
        )
        return land(lake, HISTORY, load, frame, end - begin)

    rows(0, 500, "a", 1)
    told = rows(450, 550, "b", 2)
    assert (told.inserted, told.updated) == (100, 50)
    counted = lake.read(HISTORY).groupBy("v", "is_current").count().collect()
    assert {tuple(row) for row in counted} == {("a", True, 450), ("a", False, 50), ("b", True, 100)}
