"""What Python workers find imported: modules by name, functions called, and what is not there told and not raised."""

import sys
from pathlib import Path

import pytest

from lakehouse.settings import ROOT
from lakehouse.worker_daemon import preload


def test_modules_are_imported_and_functions_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "warmed_up.py").write_text("calls = []\ndef once():\n    calls.append(1)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert preload(" json ,, warmed_up:once,no_such_module,no_such_module.at_all:f") == [
        "no_such_module",
        "no_such_module.at_all:f",
    ]
    assert sys.modules["warmed_up"].calls == [1]


def test_small_sessions_fork_their_workers_from_it() -> None:
    lines = (ROOT / "conf" / "spark" / "s.conf").read_text(encoding="utf-8").splitlines()
    assert ["spark.python.daemon.module", "lakehouse.worker_daemon"] in [line.split() for line in lines]
