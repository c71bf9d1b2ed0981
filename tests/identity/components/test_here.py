"""One worker finds what joins find: components in two layers, crowded points, and what is refused."""

import random
from collections.abc import Sequence

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from identity.bridges import ACCOUNT, ASKING, Limits, _crowded
from identity.components import Forest
from identity.components.here import STRONG, UNIQUE, WEAK, layers_here, solve
from identity.components.layered import layered
from lakehouse.errors import KithError

N = 120


def limits_of(spark: SparkSession, dice: random.Random, *, crowds: bool) -> Limits:
    """Some vertices have a value of their own, few share; some pairs are forbidden; some ask who their accounts are."""

    def frame(rows: Sequence[tuple[int, ...]], ddl: str) -> DataFrame:
        return spark.createDataFrame(rows, ddl)

    several = [(dice.randrange(N), dice.randrange(2), dice.randrange(2)) for _ in range(30 if crowds else 1)]
    apart = [(dice.randrange(N), N + dice.randrange(20)) for _ in range(6)]
    codes = [(v, dice.choice((ACCOUNT, ASKING, 0)), dice.randrange(2)) for v in range(N)]
    told = [(v,) for v in range(N) if dice.random() < (0.5 if crowds else 0)]
    return Limits(
        unique=frame(several, "vertex long, kind long, value long"),
        forbidden=frame(apart, "src long, dst long"),
        kinds=frame(codes, "vertex long, code int, type int"),
        evidence=lambda vertices: vertices,
        told=frame(told, "vertex long"),
    )


def told_of(frame: DataFrame) -> set[tuple[int, ...]]:
    """The rows of a small frame."""
    return {tuple(row) for row in frame.collect()}


@pytest.mark.parametrize("seed", [1, 2])
def test_one_worker_finds_what_joins_find(spark: SparkSession, seed: int) -> None:
    dice = random.Random(seed)
    strong = [(dice.randrange(N), dice.randrange(N), False) for _ in range(70)]
    weak = [(dice.randrange(N), dice.randrange(N + 20), True) for _ in range(40)]
    edges = spark.createDataFrame(strong + weak, "src long, dst long, is_weak boolean")
    known = spark.createDataFrame([(dice.randrange(N),) for _ in range(30)], "vertex long")
    limits = limits_of(spark, dice, crowds=False)
    found = layers_here(edges, known, limits)
    joined = layered(edges, known, Forest(), limits)
    assert found.crowded is None
    assert found.failures == []
    assert told_of(found.placed) == told_of(joined.components.select(*found.placed.columns))
    assert joined.refused.count() > 3
    joined.release()


def test_crowded_points_are_told_and_nothing_is_judged(spark: SparkSession) -> None:
    dice = random.Random(3)
    edges = [(dice.randrange(N), dice.randrange(N), False) for _ in range(70)]
    frame = spark.createDataFrame(edges, "src long, dst long, is_weak boolean")
    limits = limits_of(spark, dice, crowds=True)
    found = layers_here(frame, spark.createDataFrame([], "vertex long"), limits)
    strong = Forest()(frame)
    assert found.crowded is not None
    assert told_of(found.crowded) == told_of(_crowded(strong, limits)) != set()
    assert told_of(found.placed.select("vertex", "point")) == told_of(strong)


def rows_of(*rows: tuple[int, int | None, int, int]) -> pa.RecordBatch:
    """Rows as the worker gets them."""
    kinds, *numbers = zip(*rows, strict=True)
    names = ["kind", "one", "other", "what"]
    return pa.RecordBatch.from_arrays(
        [pa.array(kinds, pa.int8()), *(pa.array(n, pa.int64()) for n in numbers)], names=names
    )


@pytest.mark.parametrize("kind", [STRONG, WEAK])
def test_a_null_end_is_refused(kind: int) -> None:
    with pytest.raises(KithError, match="an edge has a null end"):
        list(solve([rows_of((kind, None, 1, 0))]))


def test_a_value_that_is_not_known_breaks_no_limit() -> None:
    rows = rows_of((STRONG, 1, 2, 0), (UNIQUE, 1, 7, 0), (UNIQUE, None, 8, 0))
    found = pa.Table.from_batches(solve([rows])).to_pylist()
    assert [(row["vertex"], row["component"]) for row in found] == [(1, 1), (2, 1)]
