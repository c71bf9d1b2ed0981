"""Contraction rounds on a real cluster of two workers: right, right with a killed executor, refused without a file."""

import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.settings import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A run of the benchmark on a small graph, forced through the rounds."""
    command = [sys.executable, "-m", "benchmarks.cluster", "3e5", "--folder", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the graph is made, once."""
    return tmp_path_factory.mktemp("cluster")


def test_an_undisturbed_run_is_right(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "\nright\n" in done.stdout
    assert " 0 executors lost" in done.stdout
    assert "edges before each round: 299," in done.stdout


def test_a_killed_executor_is_made_up_for(folder: Path) -> None:
    done = run(folder, "--fault", "killed-executor")
    assert "killed\n" in done.stdout
    assert " 1 executors lost" in done.stdout
    assert done.returncode == 0, done.stderr[-2000:]
    assert "\nright\n" in done.stdout


def test_a_lost_file_is_a_refusal(folder: Path) -> None:
    done = run(folder, "--fault", "lost-file")
    assert "removed\n" in done.stdout
    assert done.returncode == 3
    assert "refused: nothing was published" in done.stdout
    assert not list(folder.glob("*/found-cluster-*/_SUCCESS"))
