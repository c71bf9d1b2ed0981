"""Shows that only rows of a day's newest delivery stay, whatever the order in which deliveries come."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.deliveries import newest_deliveries, settled

SHAPE = "id string, _delivery string, _sequence bigint"
Row = tuple[str, str | None, int]
DELIVERIES: dict[str, list[Row]] = {
    "first": [("a", "d1", 10), ("b", "d1", 10), ("x", "d2", 10)],
    "second": [("b", "d1", 20), ("c", "d1", 20)],
    "third": [("c", "d1", 30), ("d", "d1", 30), ("free", None, 5)],
}
ORDERS = (("first", "second", "third"), ("third", "first", "second"), ("third", "second", "first"))


def merged(spark: SparkSession, table: list[Row], delivery: list[Row]) -> list[Row]:
    """The table after a delivery: what a MERGE by id with deletions does."""
    batch, known = spark.createDataFrame(delivery, SHAPE), frame(spark, table)
    days = newest_deliveries(batch)
    source = settled(batch, known, ("id",), days).collect()
    rows = {row[0]: row for row in table}
    for id_, day, sequence, is_deleted in source:
        if is_deleted:
            del rows[id_]
        elif id_ not in rows or rows[id_][2] < sequence:
            rows[id_] = (id_, day, sequence)
    return sorted(rows.values())


def frame(spark: SparkSession, rows: list[Row]) -> DataFrame:
    return spark.createDataFrame(rows, SHAPE)


def test_the_newest_delivery_of_a_day_is_the_day_in_any_order(spark: SparkSession) -> None:
    expected = [("c", "d1", 30), ("d", "d1", 30), ("free", None, 5), ("x", "d2", 10)]
    for order in ORDERS:
        table: list[Row] = []
        for name in order:
            table = merged(spark, table, DELIVERIES[name])
        assert table == expected, order


def test_rows_of_no_delivery_replace_nothing(spark: SparkSession) -> None:
    rows = frame(spark, [("a", None, 1), ("b", None, 2)])
    assert newest_deliveries(rows) == {}
    known = frame(spark, [("z", None, 0), ("y", "d1", 0)])
    both = rows.unionByName(frame(spark, [("c", "d1", 3)]))
    found = settled(both, known, ("id",), newest_deliveries(both))
    assert {(row[0], row["_deleted"]) for row in found.collect()} == {
        ("a", False),
        ("b", False),
        ("c", False),
        ("y", True),
    }
    assert found.where(F.col("_delivery").isNull()).count() == 2
