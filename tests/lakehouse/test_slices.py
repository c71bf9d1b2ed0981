"""Slices are numbered, written whole, streamed one a batch, and removed only long after they have landed."""

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import SourceError
from lakehouse.sources import slices
from lakehouse.sources.filelog import batch_files
from lakehouse.sources.slices import Slice, SliceFolder
from lakehouse.stream import drain
from lakehouse.textfiles import reader


def test_a_slice_is_one_batch_and_those_that_wait_are_never_removed(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "KEPT", 2)
    path, checkpoint = str(tmp_path / "slices"), str(tmp_path)
    folder = SliceFolder(spark, path)
    assert folder.stream() is None
    assert folder.state() == {}
    for number in range(5):
        folder.add(Slice({"ids": [number, "é"]}, {"seen": number}))
    assert folder.state() == {"seen": 4}
    assert SliceFolder(spark, path).numbers == [0, 1, 2, 3, 4]
    taken: list[object] = []

    def handle(_: DataFrame, batch: int) -> None:
        (file,) = batch_files(reader(spark), checkpoint, batch)
        taken.append(SliceFolder(spark, path).take(int(Path(file).stem)).what)

    stream = folder.stream()
    assert stream is not None
    drain(stream, handle, checkpoint, "slices")
    assert sorted(taken, key=str) == [{"ids": [number, "é"]} for number in range(5)]
    assert SliceFolder(spark, path).numbers == [2, 3, 4]
    assert SliceFolder(spark, path).next == 5
    with pytest.raises(SourceError, match="is gone"):
        folder.read(0)
