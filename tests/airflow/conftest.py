"""Airflow as the tests see it: a small manifest, and Airflow's own environment where it is there."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AirflowRun = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def small_manifest() -> Path:
    """Ten jobs in five groups, one of them weekly."""
    return Path(__file__).with_name("small_manifest.json")


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> AirflowRun:
    """A function that runs a command in Airflow's environment, with a store of its own.

    Skips where ``.venv-airflow`` is missing (``bash infra/airflow/environment.sh`` makes it), or fails there
    when ``KITH_AIRFLOW_TESTS=required`` says that it must not be missing, as in CI.
    """
    venv = Path(os.environ.get("KITH_AIRFLOW_VENV") or ROOT / ".venv-airflow")
    if not (venv / "bin" / "airflow").exists():
        missing = f"no Airflow in {venv}: `bash infra/airflow/environment.sh` makes it"
        if os.environ.get("KITH_AIRFLOW_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    home = tmp_path_factory.mktemp("airflow")

    def run(*words: str, more: Mapping[str, str] | None = None, seconds: int = 120) -> subprocess.CompletedProcess[str]:
        command = f'. "{ROOT}/infra/airflow/env.sh" && exec "$@"'
        environment = {**os.environ, "AIRFLOW_HOME": str(home), "KITH_ROOT": str(ROOT), **(more or {})}
        return subprocess.run(
            ["bash", "-c", command, "airflow", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    migrated = run("airflow", "db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    return run
