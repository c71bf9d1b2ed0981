"""``kith components`` on files: formats, headers, ids of any type, and what it refuses."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from identity.components import EngineName
from identity.components.files import write_components
from identity.components.unionfind import Pair
from identity.verify import IdentityProofError
from jobs.components import Components, Found
from lakehouse.errors import SourceError


def found(spark: SparkSession, out: Path) -> dict[object, object]:
    """What the tool wrote."""
    return {row["id"]: row["component"] for row in spark.read.parquet(str(out)).collect()}


def find(spark: SparkSession, edges: Path, out: Path, engine: EngineName = "auto", budget: int = 1 << 30) -> Found:
    """A call of the tool."""
    return Components(lambda: spark, edges, out, engine, budget).find()


def write(path: Path, text: str) -> Path:
    """A file with that text."""
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src,dst\n5,3\n3,9\n8,8\n", {5: 3, 3: 3, 9: 3, 8: 8}),
        ("5,3\n3,9\n", {5: 3, 3: 3, 9: 3}),
        ("Profile\tMember\n1\t2\n", {1: 1, 2: 1}),
        ("from;to\nann;bob\nbob;cy\n", {"ann": "ann", "bob": "ann", "cy": "ann"}),
        ("ann;bob\nbob;cy\n", {"ann": "ann", "bob": "ann", "cy": "ann"}),
        ("src,dst\n007,7\n7,8\n70,x\n", {"007": "007", "7": "007", "8": "007", "70": "70", "x": "70"}),
        ("src,dst\n-4,2\n", {-4: -4, 2: -4}),
    ],
    ids=["header", "none", "names unknown", "text, header", "text, none", "zeros before", "negative"],
)
def test_pairs_as_text(spark: SparkSession, tmp_path: Path, text: str, expected: dict[object, object]) -> None:
    result = find(spark, write(tmp_path / "pairs.csv", text), tmp_path / "out")
    assert found(spark, tmp_path / "out") == expected
    assert (result.n_vertices, result.n_components) == (len(expected), len(set(expected.values())))
    assert {path.name[0] for path in (tmp_path / "out").iterdir()} <= {"p", "_", "."}
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_parquet_of_a_folder(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges = spark.createDataFrame([(1, 2), (2, 3), (2, 1), (7, 7)], "one int, other long")
    edges.repartition(2).write.parquet(str(tmp_path / "edges"))
    result = find(spark, tmp_path / "edges", tmp_path / "out", "forest")
    assert result == Found(n_edges=4, n_vertices=4, n_components=2, largest=3)
    assert found(spark, tmp_path / "out") == {1: 1, 2: 1, 3: 1, 7: 7}
    said = capsys.readouterr().out
    assert "some 4 vertices, 3 of them no leaves, need" in said
    assert "a sample proven" in said
    assert "2 components of 4 ids, the largest of 3" in said


@pytest.mark.parametrize("name", ["p{}", "{}"], ids=["text", "longs"])
def test_what_does_not_fit_goes_to_spark_by_rounds(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr("identity.components.worker_bytes", lambda _: 500)
    pairs = [(name.format(100 + n), name.format(101 + n)) for n in range(60)] + [(name.format(900), name.format(901))]
    edges = write(tmp_path / "chain.csv", "".join(f"{src},{dst}\n" for src, dst in pairs))
    result = find(spark, edges, tmp_path / "out", budget=2_000)
    assert result == Found(n_edges=61, n_vertices=63, n_components=2, largest=61)
    assert {str(label) for label in found(spark, tmp_path / "out").values()} == {name.format(100), name.format(900)}
    said = capsys.readouterr().out
    assert "not in this process: " in said
    assert "components by rounds, then forest" in said
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"chain.csv", "out"}] == []


def test_a_graph_of_parquet_that_does_not_fit_goes_to_spark(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spark.range(500).selectExpr("id AS src", "id + 1 AS dst").write.parquet(str(tmp_path / "edges"))
    result = find(spark, tmp_path / "edges", tmp_path / "out", budget=2_000)
    assert result == Found(n_edges=500, n_vertices=501, n_components=1, largest=501)
    assert set(found(spark, tmp_path / "out").values()) == {0}
    assert "no leaves, need" in capsys.readouterr().out


def test_text_that_is_too_long_for_memory_goes_to_spark(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    find(spark, write(tmp_path / "pairs.csv", "a,b\n" * 50), tmp_path / "out", budget=1000)
    assert found(spark, tmp_path / "out") == {"a": "a", "b": "a"}
    assert "MiB of text need some" in capsys.readouterr().out


def test_what_is_not_proven_is_not_there(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(chunks: Iterable[Pair], names: pa.Array | None, folder: Path) -> None:
        write_components(((vertices, np.minimum(labels, 2)) for vertices, labels in chunks), names, folder)

    monkeypatch.setattr("jobs.components.write_components", wrong)
    edges = write(tmp_path / "pairs.csv", "1,2\n3,4\n5,6\n")
    with pytest.raises(IdentityProofError, match=r"sample_recomputed fails 4 times, e\.g\. at 3"):
        find(spark, edges, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("src,dst\n1,\n2,3\n", "null ends of edges: 1"),
        ("1,2,3\n", "a file of edges has two columns, this has 3"),
        ("", "two columns"),
        ("src,dst\n1,2\n3\n", "Expected 2 columns, got 1: 3"),
    ],
)
def test_what_is_no_list_of_pairs_is_refused(spark: SparkSession, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=rf"{message}.*pairs\.csv"):
        find(spark, write(tmp_path / "pairs.csv", text), tmp_path / "out")


@pytest.mark.parametrize("engine", ["auto", "forest"])
def test_a_result_is_never_written_over(spark: SparkSession, tmp_path: Path, engine: EngineName) -> None:
    edges = write(tmp_path / "pairs.csv", "1,2\n")
    find(spark, edges, tmp_path / "out", engine)
    with pytest.raises(SourceError, match="not empty"):
        find(spark, edges, tmp_path / "out", engine)
