"""Who keeps which id: one process decides as the windows and joins of identity.ledger do, on random days of many worlds."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from identity.assigning import moved_here
from identity.ledger import assign, named

DAY = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = "token string, component long, first_seen_at timestamp, is_verified boolean"
FORMER = "token string, one_id string, first_seen_at timestamp, is_verified boolean"

Row = tuple[object, ...]


def world(number: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Clusters of today, ids of yesterday and ids of before: few of each, so that they overlap in all ways."""
    dice = random.Random(number)
    tokens = [f"{number:04d}{n:02d}" for n in range(12)]
    facts = {
        t: (DAY + timedelta(hours=dice.randrange(5)) if dice.random() < 0.9 else None, dice.random() < 0.3)
        for t in tokens
    }
    today: list[Row] = [(t, 100 * number + dice.randrange(4), *facts[t]) for t in tokens[: dice.randrange(4, 12)]]
    ids = [f"{number:04d}-{n}" for n in range(8)]
    before: list[Row] = [(t, dice.choice(ids[:4])) for t in tokens if dice.random() < 0.6]
    former: list[Row] = [(t, dice.choice(ids[4:]), *facts[t]) for t in tokens if dice.random() < 0.4]
    return today, before, former


@pytest.mark.parametrize("has_former", [True, False])
def test_one_process_decides_as_windows_do(spark: SparkSession, has_former: bool) -> None:
    worlds = [world(number) for number in range(150)]
    today, before, former = ([row for found in worlds for row in found[i]] for i in range(3))
    clusters = spark.createDataFrame(today, TODAY)
    previous = spark.createDataFrame(before, "token string, one_id string")
    then = spark.createDataFrame(former, FORMER) if has_former else None
    taken = [
        one_id
        for (one_id,) in assigned(clusters, previous, then, None)
        .where("one_id NOT LIKE '%-%'")
        .limit(40)
        .select("one_id")
        .collect()
    ]
    retired = spark.createDataFrame([(one_id,) for one_id in sorted(taken)[:20]], "one_id string")
    expected = {tuple(row) for row in assigned(clusters, previous, then, retired).collect()}
    moved = named(moved_here(clusters, previous, then), retired, "run")
    found = [tuple(row) for row in moved.select("token", "one_id", F.isnotnull("previous_id")).collect()]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert {is_known for _, _, is_known in expected} == {True, False}


def assigned(
    clusters: DataFrame, previous: DataFrame, former: DataFrame | None, retired: DataFrame | None
) -> DataFrame:
    """``(token, one_id, had one)`` of who moves, by the windows."""
    old = retired and retired.select(F.col("one_id").alias("old_id"))
    mapped = assign(clusters, previous, None, "run", retired=old, former=former).map
    was = previous.withColumnRenamed("one_id", "was")
    moved = mapped.join(was, on="token", how="left").where("NOT one_id <=> was")
    return moved.select("token", "one_id", F.isnotnull("was"))


def test_nobody_moves_where_nothing_changed(spark: SparkSession) -> None:
    clusters = spark.createDataFrame([("a", 1, DAY, True), ("b", 1, DAY, False)], TODAY)
    previous = spark.createDataFrame([("a", "x"), ("b", "x"), ("elsewhere", "y")], "token string, one_id string")
    assert moved_here(clusters, previous, None).isEmpty()
    assert moved_here(clusters.limit(0), previous, None).isEmpty()
