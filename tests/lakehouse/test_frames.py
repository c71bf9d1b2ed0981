"""Frames that are few are brought to what they are joined with; many are not."""

import pytest
from pyspark.sql import SparkSession

from lakehouse.frames import few


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
