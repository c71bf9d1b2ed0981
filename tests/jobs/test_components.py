"""``kith components`` on files: formats, headers, ids of any type, and what it refuses."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from identity.components import EngineName
from jobs.components import Found, find_components
from lakehouse.errors import SourceError


def found(spark: SparkSession, out: Path) -> dict[object, object]:
    """What the tool wrote."""
    return {row["id"]: row["component"] for row in spark.read.parquet(str(out)).collect()}


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
    result = find_components(spark, write(tmp_path / "pairs.csv", text), tmp_path / "out")
    assert found(spark, tmp_path / "out") == expected
    assert (result.n_vertices, result.n_components) == (len(expected), len(set(expected.values())))
    assert {path.name[0] for path in (tmp_path / "out").iterdir()} <= {"p", "_", "."}
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


def test_parquet_of_a_folder(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges = spark.createDataFrame([(1, 2), (2, 3), (2, 1), (7, 7)], "one int, other long")
    edges.repartition(2).write.parquet(str(tmp_path / "edges"))
    result = find_components(spark, tmp_path / "edges", tmp_path / "out", "forest")
    assert result == Found(n_edges=4, n_vertices=4, n_components=2, largest=3)
    assert found(spark, tmp_path / "out") == {1: 1, 2: 1, 3: 1, 7: 7}
    said = capsys.readouterr().out
    assert "components by forest: 8 vertices need" in said
    assert "2 components of 4 ids, the largest of 3" in said


def test_what_does_not_fit_goes_by_rounds(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("identity.components.worker_bytes", lambda _: 500)
    text = "".join(f"p{n},p{n + 1}\n" for n in range(60)) + "x,y\n"
    result = find_components(spark, write(tmp_path / "chain.csv", text), tmp_path / "out")
    assert result == Found(n_edges=61, n_vertices=63, n_components=2, largest=61)
    assert set(found(spark, tmp_path / "out").values()) == {"p0", "x"}
    assert "components by rounds, then forest: 63 vertices" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("src,dst\n1,\n2,3\n", "edges with a null end: 1"),
        ("1,2,3\n", "a file of edges has two columns, this has 3"),
        ("", "two columns"),
    ],
)
def test_what_is_no_list_of_pairs_is_refused(spark: SparkSession, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=rf"{message}.*pairs\.csv"):
        find_components(spark, write(tmp_path / "pairs.csv", text), tmp_path / "out")


@pytest.mark.parametrize("engine", ["auto", "forest"])
def test_a_result_is_never_written_over(spark: SparkSession, tmp_path: Path, engine: EngineName) -> None:
    edges = write(tmp_path / "pairs.csv", "1,2\n")
    find_components(spark, edges, tmp_path / "out", engine)
    with pytest.raises(SourceError, match="not empty"):
        find_components(spark, edges, tmp_path / "out", engine)
