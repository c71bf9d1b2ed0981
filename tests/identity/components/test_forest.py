"""The forest on Spark: all shapes at once against the oracle, and what it refuses."""

from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest
from pyspark.errors import PythonException
from pyspark.sql import SparkSession

from identity.components import Forest
from identity.components.forest import solve
from lakehouse.errors import KithError

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]


def batch(src: list[int | None], dst: list[int | None]) -> pa.RecordBatch:
    """Edges as Arrow."""
    return pa.RecordBatch.from_arrays([pa.array(src, pa.int64()), pa.array(dst, pa.int64())], names=["src", "dst"])


def test_arrow_in_arrow_out(shape: list[Edge], oracle: Oracle) -> None:
    parts = [shape[start : start + 100] for start in range(0, len(shape), 100)]
    found = list(solve(batch([src for src, _ in part], [dst for _, dst in part]) for part in parts))
    rows = [row for part in found for row in part.to_pylist()]
    assert {row["vertex"]: row["component"] for row in rows} == oracle(shape)
    assert len(rows) == len(oracle(shape))
    assert all(part.schema.names == ["vertex", "component"] for part in found)


@pytest.mark.parametrize(("src", "dst", "key"), [([1, None], [2, 3], "src"), ([1, 2], [None, 3], "dst")])
def test_a_null_end_is_refused(src: list[int | None], dst: list[int | None], key: str) -> None:
    with pytest.raises(KithError, match=rf"null end \[key={key}"):
        list(solve([batch(src, dst)]))


def test_all_shapes_in_one_spark_frame(spark: SparkSession, shapes: dict[str, list[Edge]], oracle: Oracle) -> None:
    small = [name for name, edges in shapes.items() if all(0 <= end < 10_000 for edge in edges for end in edge)]
    edges = [
        (src + 10_000 * place, dst + 10_000 * place) for place, name in enumerate(small) for src, dst in shapes[name]
    ]
    frame = spark.createDataFrame(edges, "src long, dst int").repartition(3)
    rows = Forest()(frame).collect()
    assert {row["vertex"]: row["component"] for row in rows} == oracle(edges)
    assert len(rows) == len(oracle(edges))


def test_no_edges_no_components_and_nulls_stop_the_query(spark: SparkSession) -> None:
    empty = Forest()(spark.createDataFrame([], "src long, dst long"))
    assert empty.schema.simpleString() == "struct<vertex:bigint,component:bigint>"
    assert empty.collect() == []
    with pytest.raises(PythonException, match="an edge has a null end"):
        Forest()(spark.createDataFrame([(1, None)], "src long, dst long")).collect()
