"""A batch that waits: computed once, on disk only while it is needed."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.lake import Lake
from lakehouse.staging import staged


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_batch_is_computed_once(spark: SparkSession, tmp_path: Path, *, on_disk: bool) -> None:
    frame = spark.range(3).select(
        "id", F.expr("uuid()").alias("drawn"), F.lit(None).cast("map<string, int>").alias("m")
    )
    with staged(Lake(spark, str(tmp_path)), frame, "job/v1/0", on_disk=on_disk) as rows:
        assert sorted(rows.collect()) == sorted(rows.collect())
        assert rows.schema.simpleString() == frame.schema.simpleString()


def test_nothing_stays_on_disk_and_what_a_killed_run_left_is_written_over(spark: SparkSession, tmp_path: Path) -> None:
    lake, place = Lake(spark, str(tmp_path)), tmp_path / "_staging" / "job" / "v1" / "0"
    spark.range(9).write.parquet(str(place))
    with staged(lake, spark.range(2).toDF("id"), "job/v1/0", on_disk=True) as rows:
        assert rows.count() == 2
    assert not place.exists()
    with pytest.raises(ValueError, match="stop"), staged(lake, spark.range(2).toDF("id"), "job/v1/0", on_disk=True):
        raise ValueError("stop")
    assert not place.exists()
