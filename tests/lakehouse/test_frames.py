"""Frames that are few are brought to what they are joined with; many are not."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.frames import few, near, sieved, sieved_by_any


def plan(spark: SparkSession, rows: int, most: int) -> str:
    """The plan of a join with a frame of so many rows."""
    one = spark.range(100).withColumnRenamed("id", "key")
    joined = one.join(few(spark.range(rows).withColumnRenamed("id", "key"), most), on="key", how="left_semi")
    assert joined.count() == min(rows, 100)
    return joined._jdf.queryExecution().toString()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("adaptive", "rows", "hinted"), [("true", 5, True), ("true", 50, False), ("false", 50, True)])
def test_few_rows_carry_the_hint(spark: SparkSession, adaptive: str, rows: int, hinted: bool) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.adaptive.enabled", adaptive)
    assert ("strategy=broadcast" in plan(session, rows, most=10)) == hinted


@pytest.mark.parametrize(("adaptive", "most", "hinted"), [("true", 5, True), ("true", 4, False), ("false", 4, True)])
def test_what_is_computed_already_carries_the_hint_where_it_is_few(
    spark: SparkSession, adaptive: str, most: int, hinted: bool
) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.adaptive.enabled", adaptive)
    frame = near(session.range(5).localCheckpoint(), most)
    assert ("strategy=broadcast" in frame._jdf.queryExecution().toString()) == hinted


@pytest.mark.parametrize("adaptive", ["true", "false"])
def test_rows_are_sieved_by_their_text(spark: SparkSession, adaptive: str) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.adaptive.enabled", adaptive)
    large = session.range(1000).select(F.md5(F.col("id").cast("string")).alias("token"), "id")
    wanted = session.range(990, 1010).select(F.md5(F.col("id").cast("string")).alias("token")).localCheckpoint()
    kept = sieved(large, "token", wanted)
    assert kept.columns == ["token", "id"]
    assert {row["id"] for row in kept.collect()} == set(range(990, 1000))


@pytest.mark.parametrize("adaptive", ["true", "false"])
def test_rows_are_sieved_by_either_of_two_texts(spark: SparkSession, adaptive: str) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.adaptive.enabled", adaptive)
    large = session.range(1000).select(F.col("id").cast("string").alias("token"), F.hex("id").alias("other"), "id")
    wanted = {
        "token": session.createDataFrame([("7",), ("7",), ("8",), ("no such",)], "token string"),
        "other": session.createDataFrame([("8",), ("FF",)], "other string"),
    }
    kept = sieved_by_any(large, wanted)
    assert kept.columns == ["token", "other", "id"]
    assert sorted(row["id"] for row in kept.collect()) == [7, 8, 255], "none twice, though wanted by both"
