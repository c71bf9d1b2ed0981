"""Contraction rounds on Spark, forced to run to the end: against the oracle and the forest, and their files."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from identity.components import Forest, Rounds
from identity.components.scramble import scrambled, unscrambled
from lakehouse.errors import KithError

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]
EXTREMES = [0, 1, -1, 2**31, -(2**31), 2**32, 2**63 - 1, -(2**63)]


def test_scrambling_is_a_bijection_without_order(spark: SparkSession) -> None:
    ids = spark.range(20_000).select("id").unionByName(spark.createDataFrame([(n,) for n in EXTREMES[2:]], "id long"))
    moved = ids.select("id", scrambled(F.col("id")).alias("to"))
    assert moved.where(unscrambled(F.col("to")) != F.col("id")).count() == 0
    assert moved.select("to").distinct().count() == 20_006
    by_id = [row["to"] for row in moved.where("id BETWEEN 0 AND 19999").orderBy("id").collect()]
    ascents = sum(one < other for one, other in pairwise(by_id))
    assert 9_500 < ascents < 10_500


@pytest.mark.parametrize("n_edges", [0, 40])
def test_all_shapes_at_once(
    spark: SparkSession, tmp_path: Path, shapes: dict[str, list[Edge]], oracle: Oracle, n_edges: int
) -> None:
    small = [edges for edges in shapes.values() if all(0 <= end < 10_000 for edge in edges for end in edge)]
    edges = [(src + 10_000 * at, dst + 10_000 * at) for at, part in enumerate(small) for src, dst in part]
    edges += [edge for part in shapes.values() if part not in small for edge in part]
    engine = Rounds(spark, str(tmp_path), n_edges=n_edges)
    rows = engine(spark.createDataFrame(edges, "src long, dst long").repartition(3)).collect()
    assert {row["vertex"]: row["component"] for row in rows} == oracle(edges)
    assert len(rows) == len(oracle(edges))
    assert engine.counts[-1] <= n_edges < engine.counts[-2]
    assert engine.counts == sorted(engine.counts, reverse=True)
    assert len(engine.counts) < 12
    engine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_long_sorted_chain_needs_few_rounds(spark: SparkSession, tmp_path: Path) -> None:
    n = 20_000
    engine = Rounds(spark, str(tmp_path), n_edges=100)
    found = engine(spark.range(n).select(F.col("id").alias("src"), (F.col("id") + 1).alias("dst")))
    assert found.agg(F.count("*"), F.min("component"), F.max("component")).collect()[0] == (n + 1, 0, 0)
    assert len(engine.counts) < 12


def test_a_small_graph_goes_straight_to_one_executor(spark: SparkSession, tmp_path: Path) -> None:
    edges = spark.createDataFrame([(1, 2), (2, 3), (9, 9)], "src long, dst long")
    engine = Rounds(spark, str(tmp_path), n_edges=3)
    assert sorted(map(tuple, engine(edges).collect())) == sorted(map(tuple, Forest()(edges).collect()))
    assert engine.counts == [3]


def test_a_null_end_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="an edge has a null end"):
        Rounds(spark, str(tmp_path), n_edges=0)(spark.createDataFrame([(1, None)], "src long, dst long"))


def test_a_lost_file_stops_the_query(spark: SparkSession, tmp_path: Path) -> None:
    edges = spark.range(300).select(F.col("id").alias("src"), (F.col("id") + 1).alias("dst"))
    found = Rounds(spark, str(tmp_path), n_edges=0)(edges)
    for path in tmp_path.glob("*/1/found/*.parquet"):
        path.unlink()
    with pytest.raises(Exception, match=r"FAILED_READ_FILE|does not exist"):
        found.collect()


def test_a_file_that_is_lost_as_soon_as_it_is_written_is_missed(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = DataFrameReader.parquet

    def lossy(self: DataFrameReader, path: str) -> DataFrame:
        if path.endswith("map-0"):
            max(Path(path).glob("*.parquet"), key=lambda part: part.stat().st_size).unlink()
        return reader(self, path)

    monkeypatch.setattr(DataFrameReader, "parquet", lossy)
    edges = spark.range(100).select(F.col("id").alias("src"), (F.col("id") + 1).alias("dst"))
    with pytest.raises(KithError, match=r"101 rows were written, \d+ are there.*map-0"):
        Rounds(spark, str(tmp_path), n_edges=5)(edges)
