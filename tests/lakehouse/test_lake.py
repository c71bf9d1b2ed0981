"""What the lake knows of its tables without reading them."""

from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.lake import Lake
from lakehouse.table import Column, Table

TABLE = Table("ops.note", "Notes.", (Column("note_id", "string", "the note"),), key=("note_id",))


def test_a_table_is_untouched_until_it_is_written(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path))
    lake.ensure(TABLE)
    assert lake.is_untouched(TABLE)
    lake.set_property(TABLE, "kith.epoch", "1")
    assert not lake.is_untouched(TABLE), "who cannot tell says that it was written"


def test_a_table_that_begins_with_rows_is_not_untouched(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path))
    spark.range(3).selectExpr("string(id) AS note_id").write.format("delta").save(lake.path(TABLE))
    assert lake.version(TABLE) == 0
    assert not lake.is_untouched(TABLE)
