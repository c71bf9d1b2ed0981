"""The choice of the engine, from sizes and settings alone: no JVM."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import SparkSession

from identity.components import Forest, Rounds, choose, graphframes
from identity.components.memory import size_bytes, worker_bytes
from lakehouse.errors import SettingsError

WITH_JAR = {"spark_jars": "/jars/delta.jar,/jars/graphframes-core.jar"}


def session(**conf: str) -> SparkSession:
    """What the choice asks of a session: its configuration, with dots written as underscores."""
    settings = {"spark.app.id": "app-1"} | {key.replace("_", "."): value for key, value in conf.items()}
    return cast("SparkSession", SimpleNamespace(conf=settings))


@pytest.fixture(autouse=True)
def no_jars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No jar of GraphFrames on this machine."""
    monkeypatch.setenv(graphframes.JARS_VARIABLE, str(tmp_path))


def test_auto_takes_the_forest_while_it_fits(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="identity.components")
    spark = session(spark_executor_memoryOverhead="1m", **WITH_JAR, spark_checkpoint_dir="/tmp/graph")
    assert isinstance(choose(spark, "auto", n_vertices=20_971), Forest)
    assert "components by forest: 20,971 vertices need 1 MiB of 1 MiB" in caplog.text
    beyond = choose(spark, "auto", n_vertices=20_972)
    assert isinstance(beyond, Rounds)
    assert (beyond.work, beyond.n_edges) == ("/tmp/graph/components/app-1", 10_485)
    assert "components by rounds, then forest: 20,972 vertices" in caplog.text
    assert isinstance(choose(spark, "auto"), Forest)


def test_who_asks_for_an_engine_gets_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="identity.components")
    spark = session(spark_executor_memoryOverhead="1m", **WITH_JAR, spark_checkpoint_dir="/tmp/graph")
    assert isinstance(choose(spark, "forest", n_vertices=10**9), Rounds)
    assert isinstance(choose(spark, "graphframes", n_vertices=1), graphframes.GraphFrames)
    assert "components by graphframes: asked for" in caplog.text


def test_what_graphframes_lacks_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fill \.jars/graphframes or set KITH_GRAPHFRAMES_JARS"):
        choose(session(), "graphframes")
    with pytest.raises(SettingsError, match=r"folder that all executors see.*key=spark\.checkpoint\.dir"):
        choose(session(spark_executor_memoryOverhead="1m"), "auto", n_vertices=10**6)
    with pytest.raises(SettingsError, match=r"checkpoint folder.*key=spark\.checkpoint\.dir"):
        choose(session(**WITH_JAR), "graphframes")
    (tmp_path / "graphframes-core.jar").touch()
    with pytest.raises(SettingsError, match="the session was started without it"):
        choose(session(), "graphframes")


def test_jars_are_found_by_folder_and_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core, other = tmp_path / "graphframes-core.jar", tmp_path / "other.jar"
    core.touch()
    other.touch()
    assert graphframes.jars() == [core]
    monkeypatch.setenv(graphframes.JARS_VARIABLE, f"{core}:{other}")
    assert graphframes.jars() == [core]


def test_the_memory_of_a_python_worker() -> None:
    assert worker_bytes(session()) > 2**28  # half of this machine
    assert worker_bytes(session(spark_executor_pyspark_memory="3g", spark_executor_memoryOverhead="1g")) == 3 * 2**30
    assert worker_bytes(session(spark_executor_memoryOverhead="700m")) == 700 * 2**20
    assert worker_bytes(session(spark_master="yarn", spark_executor_memory="20g")) == 2 * 2**30
    assert worker_bytes(session(spark_master="yarn")) == 384 * 2**20


@pytest.mark.parametrize(
    ("text", "size"),
    [("2g", 2 * 2**30), ("512m", 512 * 2**20), ("512", 512 * 2**20), (" 1T ", 2**40), ("64kb", 64 * 2**10)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert size_bytes(text, "spark.executor.memory") == size


@pytest.mark.parametrize("text", ["", "much", "1.5g", "g"])
def test_what_is_no_size_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(SettingsError, match=r"spark\.executor\.memory"):
        size_bytes(text, "spark.executor.memory")
