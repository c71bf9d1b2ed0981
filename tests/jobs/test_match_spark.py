"""``kith match --backend spark`` finds what the same match in one process finds."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from identity.match.accuracy import pairs_of_clusters
from identity.match.labels import read_labels
from jobs.match import Match
from jobs.match_spark import run_on_spark
from lakehouse.errors import SettingsError
from tests.identity.match.people import records, write


@pytest.mark.slow
def test_spark_finds_what_duckdb_finds(spark: SparkSession, tmp_path: Path) -> None:
    rows, truth = records(120)
    rows = [(*row[:5], "info@office.org") if at % 4 == 0 else row for at, row in enumerate(rows)]
    file = write(tmp_path / "people.csv", rows)
    labels = write(tmp_path / "labels.csv", [(i, str(n)) for i, n in truth.items()], ("id", "person"))
    run_on_spark(Match([file], "ref", tmp_path / "out", hear=lambda _: None), None, spark)
    found = pq.read_table(tmp_path / "out" / "clusters.parquet").to_pylist()
    assert sorted(row["id"] for row in found) == sorted(truth)
    rids = {ident: number for number, ident in enumerate(truth)}
    cluster = {row["id"]: rids[row["cluster_id"]] for row in found}
    score = pairs_of_clusters(_array(cluster[ident] for ident in truth), read_labels(labels, rids))
    assert score.precision >= 0.98
    assert score.recall >= 0.9
    pairs = pq.read_table(tmp_path / "out" / "pairs.parquet").to_pylist()
    assert len(pairs) >= 100
    assert all(cluster[row["id_l"]] == cluster[row["id_r"]] for row in pairs)


def test_what_needs_one_process_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "people.csv", records(20)[0])
    with pytest.raises(SettingsError) as told:
        run_on_spark(Match([file], "ref", tmp_path / "out", labels=file), None)
    assert told.value.where["key"] == "labels"


def _array(values: Iterable[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.fromiter(values, dtype=np.int64)
