"""The forest on Spark: all shapes at once against the oracle, refusals, and the choice of the engine."""

import logging
from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest
from pyspark.errors import PythonException
from pyspark.sql import SparkSession

from identity.components import Forest, choose, graphframes
from identity.components.forest import solve
from identity.components.memory import worker_bytes
from lakehouse.errors import KithError, SettingsError

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


def test_auto_takes_the_forest_while_it_fits(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="identity.components")
    monkeypatch.setenv(graphframes.JARS_VARIABLE, str(tmp_path))
    monkeypatch.setattr("identity.components.worker_bytes", lambda _: 5_000)
    assert isinstance(choose(spark, "auto", n_vertices=100), Forest)
    assert "components by forest: 100 vertices" in caplog.text
    with pytest.raises(SettingsError, match=r"too large for the forest .*jar of GraphFrames is not there"):
        choose(spark, "auto", n_vertices=101)
    assert "components by graphframes: 101 vertices" in caplog.text
    assert isinstance(choose(spark, "forest", n_vertices=101), Forest)
    assert caplog.records[-1].levelno == logging.WARNING


def test_graphframes_without_its_jar_says_what_to_set(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv(graphframes.JARS_VARIABLE, str(tmp_path))
    with pytest.raises(SettingsError, match=r"KITH_GRAPHFRAMES_JARS or fill \.jars/graphframes"):
        choose(spark, "graphframes")


def test_the_budget_of_a_local_session_is_half_the_machine(spark: SparkSession) -> None:
    assert worker_bytes(spark) > 2**28
