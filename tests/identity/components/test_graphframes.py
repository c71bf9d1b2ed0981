"""GraphFrames against the oracle, where its jar is; elsewhere the tests say that they skip, and why."""

from collections.abc import Callable, Iterable

import pytest
from pyspark.sql import SparkSession

from identity.components import choose, graphframes

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]

pytestmark = pytest.mark.skipif(
    not graphframes.jars(),
    reason=f"GRAPHFRAMES IS NOT TESTED: its jar is not there (set {graphframes.JARS_VARIABLE})",
)


def test_equals_the_oracle(spark: SparkSession, shapes: dict[str, list[Edge]], oracle: Oracle) -> None:
    names = ["two cliques and a bridge", "self-loops", "sparse random"]
    edges = [(src + 10_000 * i, dst + 10_000 * i) for i, name in enumerate(names) for src, dst in shapes[name]]
    engine = choose(spark, "graphframes")
    rows = engine(spark.createDataFrame(edges, "src long, dst long")).collect()
    assert {row["vertex"]: row["component"] for row in rows} == oracle(edges)
    assert len(rows) == len(oracle(edges))
