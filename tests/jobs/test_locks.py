"""Two runs at once on one lake: the second one is refused, with the table's name, and works once the first has ended."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.catalogue import Graph, build_graph
from jobs.context import Context
from jobs.locks import held
from lakehouse.errors import KithError
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from tests.small_lake import settings_for

OTHER = """
    import sys
    from jobs.catalogue import build_graph
    from jobs.context import Context
    from jobs.locks import held
    from lakehouse.settings import Settings
    context = Context(Settings(env="test", home=sys.argv[1], conf=sys.argv[2], token_key_ref="env:KITH_TOKEN_KEY"))
    graph = build_graph({})
    with held(context, [graph.jobs[name] for name in sys.argv[3:]]):
        print("held", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The jobs."""
    return build_graph(load_sources(ROOT / "conf" / "sources"))


@contextmanager
def another_run(home: Path, *names: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the locks of these jobs."""
    command = [sys.executable, "-c", textwrap.dedent(OTHER), str(home), str(ROOT / "conf"), *names]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_while_the_first_one_writes(tmp_path: Path, graph: Graph) -> None:
    context = Context(settings_for(tmp_path, ROOT / "conf"))
    names = ("silver.identity_component", "silver.identity_map")
    jobs = [graph.jobs[name] for name in names]
    with another_run(tmp_path, "silver.identity_map", "gold.dim_date"):
        with (
            pytest.raises(KithError, match=r"another run is writing this table.*silver\.identity_map"),
            held(context, jobs),
        ):
            pass
        with held(context, jobs[:1]):  # what the other one does not write is free, and was given back
            pass
    with held(context, jobs):  # the other one was killed: its locks ended with it
        pass


def test_a_lake_of_its_own_is_never_in_the_way(tmp_path: Path, graph: Graph) -> None:
    jobs = [graph.jobs["silver.identity_map"]]
    with (
        another_run(tmp_path / "a", "silver.identity_map"),
        held(Context(settings_for(tmp_path / "b", ROOT / "conf")), jobs),
    ):
        pass
