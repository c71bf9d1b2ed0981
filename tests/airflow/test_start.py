"""`make airflow` for real: every part comes up, for this machine only, and nothing stays behind."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow.conftest import ROOT, AirflowRun

pytestmark = pytest.mark.slow

PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _health(port: int) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=20) as answer:
        found = json.load(answer)
    return {part: found[part]["status"] for part in PARTS}


def _alive(session: int) -> list[str]:
    """Commands of the session's processes that still run (the dead that nobody has buried do not count)."""
    listed = subprocess.run(
        ["ps", "-o", "stat=,args=", "-s", str(session)], capture_output=True, text=True, check=False
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith("Z")]


@pytest.fixture
def started(airflow: AirflowRun, small_manifest: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A started Airflow, in a session of its own, and its port; stopped in the end whatever happens.

    A test run in the background ignores SIGINT, and a shell cannot trap what was ignored when it began.
    """
    port = _free_port()
    own = {"KITH_HOME": str(tmp_path), "KITH_MANIFEST": str(small_manifest), "KITH_AIRFLOW_PORT": str(port)}
    process = subprocess.Popen(
        ["env", "--default-signal=INT", "bash", str(ROOT / "infra" / "airflow" / "start.sh")],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process, port
    if process.poll() is None:
        process.terminate()
        process.wait(60)


def test_airflow_starts_for_a_person_and_leaves_nothing(started: tuple[subprocess.Popen[str], int]) -> None:
    process, port = started
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if f"http://127.0.0.1:{port}" in line:
            break
    assert process.poll() is None, said
    expected = dict.fromkeys(PARTS, "healthy")
    deadline = time.monotonic() + 60
    while (health := _health(port)) != expected and time.monotonic() < deadline:
        time.sleep(1)
    assert health == expected
    assert len(_alive(process.pid)) > len(PARTS)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert _alive(process.pid) == []
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", port)) != 0
