"""The one mechanism: batches are handed out until they succeed, with number and rows unchanged, and errors stay themselves."""

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import CheckFailed
from lakehouse.sources.filelog import batch_files
from lakehouse.stream import drain
from lakehouse.textfiles import reader

Batch = tuple[int, list[str]]


class Folder:
    """A folder of text files as a stream, and what its batches held."""

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark, self.root, self.seen = spark, root, list[Batch]()
        (root / "in").mkdir()

    def write(self, name: str) -> None:
        (self.root / "in" / name).write_text(name, encoding="utf-8")

    def read(self, failing: Exception | None = None) -> list[Batch]:
        """Drain what is new; returns the batches handed out by this call."""
        self.seen = []

        def handle(batch: DataFrame, number: int) -> None:
            self.seen.append((number, sorted(row[0] for row in batch.collect())))
            if failing:
                raise failing

        stream = self.spark.readStream.format("text").option("maxFilesPerTrigger", 2).load(str(self.root / "in"))
        ended = drain(stream, handle, str(self.root / "checkpoint"), "test")
        assert ended.batches == len(self.seen)
        return self.seen


def test_batches_are_handed_out_once_and_nothing_new_is_no_batch(spark: SparkSession, tmp_path: Path) -> None:
    folder = Folder(spark, tmp_path)
    for name in "abc":
        folder.write(name)
    batches = folder.read()
    assert [number for number, _ in batches] == [0, 1]
    assert sorted(name for _, names in batches for name in names) == ["a", "b", "c"]
    assert folder.read() == []
    folder.write("d")
    assert folder.read() == [(2, ["d"])]


def test_a_failed_batch_comes_again_as_it_was_and_its_error_is_the_original(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = Folder(spark, tmp_path)
    folder.write("a")
    folder.read()
    folder.write("b")
    error = CheckFailed("no", table="gold.x", rule="r")
    for _ in range(2):
        with pytest.raises(CheckFailed) as told:
            folder.read(error)
        assert told.value is error
        assert folder.seen == [(1, ["b"])]
        folder.write("c")
    assert folder.read() == [(1, ["b"]), (2, ["c"])]


def test_the_files_of_a_batch_are_read_from_the_streams_own_log_over_its_compaction(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for n in range(13):
        (tmp_path / "in" / f"day {n:02}.txt").write_text(f"day {n:02}.txt", encoding="utf-8")
    checkpoint = str(tmp_path / "checkpoint")
    told: list[tuple[list[str], list[str]]] = []

    def handle(batch: DataFrame, number: int) -> None:
        files = batch_files(reader(spark), checkpoint, number)
        told.append((sorted(Path(f).name for f in files), sorted(row[0] for row in batch.collect())))

    stream = spark.readStream.format("text").option("maxFilesPerTrigger", 1).load(str(tmp_path / "in"))
    drain(stream, handle, checkpoint, "log")
    (tmp_path / "in" / "empty.txt").touch()
    drain(stream, handle, checkpoint, "log")
    assert (tmp_path / "checkpoint" / "sources" / "0" / "9.compact").exists()
    assert len(told) == 14
    assert all(files == rows for files, rows in told[:13])
    assert told[13] == (["empty.txt"], [])
