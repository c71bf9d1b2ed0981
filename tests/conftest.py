"""The one Spark session of the test run, an environment without the person's own settings, and a lake for each test."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.lake import Lake
from lakehouse.session import build_session
from lakehouse.settings import ROOT
from tests.small_lake import TOKEN_KEY, SmallLake, settings_for

KEPT = ("KITH_AIRFLOW", "KITH_GRAPHFRAMES")
TEST_SIZE = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
}


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """No test sees the person's lake or settings; the token key comes from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith("KITH_") and not n.startswith(KEPT)]:
            patch.delenv(name)
        patch.setenv("KITH_TOKEN_KEY", TOKEN_KEY)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield


@pytest.fixture(scope="session")
def spark(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of the whole run: the small size of ``conf/spark``, two shuffle partitions, no adaptive execution."""
    home = tmp_path_factory.mktemp("spark")
    folder = home / "conf" / "spark"
    shutil.copytree(ROOT / "conf" / "spark", folder)
    lines = [f"{key} {value}" for key, value in {**TEST_SIZE, "spark.checkpoint.dir": f"{home}/graph"}.items()]
    small = (folder / "s.conf").read_text(encoding="utf-8")
    (folder / "t.conf").write_text("\n".join([small, *lines]), encoding="utf-8")
    settings = settings_for(home, home / "conf", spark_master="local[2]", spark_size="t", driver_memory="3g")
    session = build_session(settings, "kith-tests")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(spark, str(tmp_path / "lake"))


@pytest.fixture
def small(spark: SparkSession, tmp_path: Path) -> SmallLake:
    """An empty lake with its own sources and landing folder."""
    return SmallLake(spark, tmp_path)
