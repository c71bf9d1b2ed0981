"""Thirty random days of edges that come and go: what changes is merged, and equals a full run of the day, every day."""

import random
from collections.abc import Callable, Iterable

from pyspark.sql import DataFrame, SparkSession

from identity.components import Forest
from identity.components.incremental import changes

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]
DAYS = 30


def frame(spark: SparkSession, rows: Iterable[Edge], schema: str = "src long, dst long") -> DataFrame:
    """Rows as a frame."""
    return spark.createDataFrame(list(rows), schema)


def step(
    spark: SparkSession, known: dict[int, int], edges: set[Edge], added: set[Edge], removed: set[Edge]
) -> dict[int, int | None]:
    """The changes of one day, by vertex; each vertex at most once."""
    before = frame(spark, known.items(), "vertex long, component long")
    now, came, went = (frame(spark, rows) for rows in (edges, added, removed))
    rows = changes(before, now, came, went, Forest()).collect()
    found = {row["vertex"]: row["component"] for row in rows}
    assert len(found) == len(rows)
    return found


def merged(known: dict[int, int], found: dict[int, int | None]) -> dict[int, int]:
    """Yesterday's components with the changes merged in."""
    return {vertex: at for vertex, at in (known | found).items() if at is not None}


def test_thirty_random_days_equal_full_runs(spark: SparkSession, oracle: Oracle) -> None:
    dice = random.Random(4)
    edges: set[Edge] = set()
    known: dict[int, int] = {}
    kinds = {"moved": 0, "gone": 0, "new": 0}
    for _ in range(DAYS):
        removed = set(dice.sample(sorted(edges), min(len(edges), dice.randrange(7))))
        added = {(dice.randrange(150), dice.randrange(150)) for _ in range(dice.randrange(12))} - edges
        edges = (edges - removed) | added
        found = step(spark, known, edges, added, removed)
        assert all(known.get(vertex) != at for vertex, at in found.items()), "only what changed"
        kinds["gone"] += sum(at is None for at in found.values())
        kinds["new"] += sum(vertex not in known for vertex in found)
        kinds["moved"] += sum(vertex in known and at is not None for vertex, at in found.items())
        known = merged(known, found)
        assert known == oracle(edges)
    assert min(kinds.values()) > 10, kinds


def test_a_broken_chain_that_another_edge_mends(spark: SparkSession, oracle: Oracle) -> None:
    edges = {(1, 2), (2, 3), (3, 4), (8, 9)}
    after = (edges - {(2, 3)}) | {(1, 9), (4, 9)}
    found = step(spark, oracle(edges), after, {(1, 9), (4, 9)}, {(2, 3)})
    assert found == {8: 1, 9: 1}
    assert merged(oracle(edges), found) == oracle(after)


def test_a_day_without_changes_changes_nothing(spark: SparkSession, oracle: Oracle) -> None:
    edges = {(1, 2), (5, 6)}
    assert step(spark, oracle(edges), edges, set(), set()) == {}
