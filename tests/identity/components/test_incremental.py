"""Thirty random days of edges that come and go: what they touch is solved anew, and equals a full run of the day, every day."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest
from pyspark.sql import DataFrame, SparkSession

from identity.components import Forest
from identity.components.incremental import Change, Touched, touched
from identity.components.layered import layered

Edge = tuple[int, int, bool]
Oracle = Callable[[Iterable[tuple[int, int]]], dict[int, int]]
N = 150
PEOPLE = frozenset(range(0, N, 4))
"""Vertices that make their holder a known person."""
EDGES = "src_token string, dst_token string, is_weak boolean"


class Labels(NamedTuple):
    """The components of a vertex."""

    point: int
    reach: int
    component: int


def solve(spark: SparkSession, edges: DataFrame) -> dict[int, Labels]:
    """The layered components; each vertex once."""
    layers = layered(edges, spark.createDataFrame([(v,) for v in PEOPLE], "vertex long"), Forest())
    rows = layers.components.collect()
    layers.release()
    found = {row["vertex"]: Labels(row["point"], row["reach"], row["component"]) for row in rows}
    assert len(found) == len(rows)
    return found


def full(oracle: Oracle, edges: set[Edge], vertices: Iterable[int] = ()) -> dict[int, Labels]:
    """A full run by the plain union-find: strong edges make points, weak ones join points with at most one known person."""
    ends = {end for src, dst, _ in edges for end in (src, dst)} | set(vertices)
    points = oracle([(v, v) for v in ends] + [(src, dst) for src, dst, is_weak in edges if not is_weak])
    weak = [(points[src], points[dst]) for src, dst, is_weak in edges if is_weak]
    reaches = oracle([(point, point) for point in points.values()] + weak)
    crowd = Counter(reaches[point] for point in {points[v] for v in ends & PEOPLE})
    return {
        v: Labels(point, reaches[point], reaches[point] if crowd[reaches[point]] < 2 else point)
        for v, point in points.items()
    }


def named(spark: SparkSession, edges: Iterable[Edge]) -> DataFrame:
    """Edges between tokens."""
    return spark.createDataFrame([(f"t{src}", f"t{dst}", is_weak) for src, dst, is_weak in edges], EDGES)


def part_of(
    spark: SparkSession, known: dict[int, Labels], edges: set[Edge], came: set[Edge], went: set[Edge], fresh: set[int]
) -> Touched:
    """What the changes of a day touch."""
    schema = "token string, vertex long, point long, reach long, component long"
    before = spark.createDataFrame([(f"t{v}", v, *labels) for v, labels in known.items()], schema)
    ends = {end for src, dst, _ in came | went for end in (src, dst)} | fresh
    places = [(f"t{v}", v, known[v].point, known[v].reach) if v in known else (f"t{v}", v, None, None) for v in ends]
    found = spark.createDataFrame(places, "token string, vertex long, point long, reach long")
    return touched(before, named(spark, edges), Change(named(spark, came), named(spark, went)), found)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("days", [12, pytest.param(30, marks=pytest.mark.slow)])
def test_random_days_equal_full_runs(spark: SparkSession, oracle: Oracle, days: int) -> None:
    dice = random.Random(4)
    edges: set[Edge] = set()
    vertices: set[int] = set()
    known: dict[int, Labels] = {}
    shares: list[float] = []
    kinds: set[str] = set()
    for day in range(days):
        went = set(dice.sample(sorted(edges), min(len(edges), dice.randrange(6))))
        drawn = {(dice.randrange(N), dice.randrange(N), dice.random() < 0.3) for _ in range(dice.randrange(1, 10))}
        came = {edge for edge in drawn if (edge[0], edge[1], not edge[2]) not in edges} - edges
        edges = (edges - went) | came
        fresh = {end for src, dst, _ in came for end in (src, dst)} | {dice.randrange(N)}
        part = part_of(spark, known, edges, came, went, fresh - vertices)
        vertices |= fresh
        before = {row["vertex"] for row in part.before.collect()}
        found = solve(spark, part.edges)
        assert before <= set(found) <= vertices
        shares.append(len(found) / len(vertices))
        known |= found
        assert known == full(oracle, edges, vertices), f"day {day}"
        kinds |= {
            "joined" if at.component == at.reach != at.point else "refused"
            for at in known.values()
            if at.reach != at.point
        }
    assert kinds == {"joined", "refused"}
    assert min(shares[5:]) < 0.2, "only what is touched"


def test_edges_that_only_came_are_contracted(spark: SparkSession, oracle: Oracle) -> None:
    edges = {(1, 2, False), (2, 3, False), (3, 4, False), (8, 9, False), (11, 12, False)}
    known = full(oracle, edges)
    part = part_of(spark, known, edges | {(4, 9, False)}, {(4, 9, False)}, set(), set())
    rows = {tuple(row) for row in part.edges.collect()}
    stars = {(v, 1, False) for v in (1, 2, 3, 4)} | {(v, 8, False) for v in (8, 9)}
    assert rows == stars | {(4, 9, False)}
    assert {labels.point for labels in solve(spark, part.edges).values()} == {1}


def test_an_edge_that_says_nothing_new_touches_nothing(spark: SparkSession, oracle: Oracle) -> None:
    edges = {(1, 2, False), (2, 3, False), (5, 6, True)}
    part = part_of(spark, full(oracle, edges), edges, {(1, 3, False), (1, 3, True)}, set(), set())
    assert part.edges.collect() == part.before.collect() == []


def test_a_vertex_that_lost_all_its_edges_is_alone(spark: SparkSession, oracle: Oracle) -> None:
    edges: set[Edge] = {(1, 2, False), (2, 3, True)}
    part = part_of(spark, full(oracle, edges), {(1, 2, False)}, set(), {(2, 3, True)}, set())
    assert solve(spark, part.edges)[3] == Labels(3, 3, 3)
