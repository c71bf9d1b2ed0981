"""Contraction rounds on a real standalone cluster: a master, two workers of one core, executors of 1 GiB; a fault if asked.

    python -m benchmarks.cluster 2e7 [--fault killed-executor|lost-file] [--folder /tmp/kith-bench]

Prints the edges before each round, how many executors were lost, and whether the result is the planted partition; ends with
code 3 where the run was refused (which, after a lost file, is the right end).
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pyspark

from benchmarks.components import is_right, make

REFUSED = 3
EXECUTOR = "1g"


class Cluster:
    """A standalone master and two workers on loopback, for as long as the block lasts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._start("master", "Master", "--host", "127.0.0.1", "--port", str(self.port), "--webui-port", "0")
        for number in range(2):
            memory = ["--cores", "1", "--memory", "2g", "--webui-port", "0", "--host", "127.0.0.1"]
            self._start(
                f"worker-{number}", "Worker", *memory, "--work-dir", str(self.folder / f"work-{number}"), self.url
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(timeout=30)

    def executors(self) -> list[int]:
        """The process ids of the executors that run now."""
        workers = {process.pid for process in self._processes[1:]}
        found = []
        for entry in Path("/proc").iterdir():
            if (
                entry.name.isdigit()
                and _parent(int(entry.name)) in workers
                and b"CoarseGrained" in _words(int(entry.name))
            ):
                found.append(int(entry.name))
        return found

    def lost(self) -> int:
        """How many executors ended although nobody had asked them to, by the master's log."""
        log = (self.folder / "master.log").read_text(errors="replace")
        return len(re.findall(r"Removing executor \S+ because it is (?:EXITED|FAILED|LOST)", log))

    def _start(self, name: str, role: str, *words: str) -> None:
        home = Path(pyspark.__file__).parent
        environment = dict(os.environ, SPARK_HOME=str(home), SPARK_LOCAL_IP="127.0.0.1", SPARK_DAEMON_MEMORY="256m")
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role.lower()}.{role}", *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))


def solve(edges: Path, out: Path) -> None:
    """The rounds, in a session whose master and executors the environment names."""
    from pyspark.sql import functions as F

    from identity.components import choose
    from identity.components.rounds import Rounds
    from lakehouse.session import build_session
    from lakehouse.settings import load_settings

    spark = build_session(load_settings(None, spark_size="m"))
    pairs = spark.read.parquet(str(edges))
    finder = choose(spark, "forest", n_vertices=2 * pairs.count(), work=f"{out}-work")
    if not isinstance(finder, Rounds):
        finder = Rounds(spark, f"{out}-work", n_edges=max(1000, pairs.count() // 16))
    finder(pairs).select(F.col("vertex").alias("id"), "component").write.parquet(str(out))
    finder.release()
    print("edges before each round:", *[f"{n:,}" for n in finder.counts], flush=True)


def wreck(fault: str, cluster: Cluster, out: Path, done: threading.Event) -> None:
    """Once the first round is written: kill an executor, or remove a file of its map."""
    first = Path(f"{out}-work")
    while not done.wait(0.2):
        if list(first.glob("*/*/map-0/_SUCCESS")):
            break
    if done.is_set():
        return
    if fault == "killed-executor":
        victim = cluster.executors()[0]
        os.kill(victim, signal.SIGKILL)
        print(f"executor {victim} killed", flush=True)
    else:
        victim_file = max(first.glob("*/*/map-0/*.parquet"), key=lambda path: path.stat().st_size)
        victim_file.unlink()
        print(f"{victim_file.name} removed", flush=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def main() -> None:
    """Start the cluster, run, wreck if asked, compare."""
    if sys.argv[1] == "solve":
        solve(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges", type=float)
    parser.add_argument("--fault", choices=("killed-executor", "lost-file"))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kith-bench")
    asked = parser.parse_args()
    folder = asked.folder / f"{int(asked.edges)}"
    make(folder, int(asked.edges))
    out = folder / f"found-cluster-{int(time.time())}"
    began = time.monotonic()
    with Cluster(folder / f"cluster-{int(time.time())}") as cluster:
        conf = f"--conf spark.executor.memory={EXECUTOR} --conf spark.executor.cores=1 --conf spark.ui.showConsoleProgress=false"
        environment = dict(os.environ, KITH_SPARK_MASTER=cluster.url, PYSPARK_SUBMIT_ARGS=f"{conf} pyspark-shell")
        words = [sys.executable, "-m", "benchmarks.cluster", "solve", str(folder / "edges"), str(out)]
        process = subprocess.Popen(words, env=environment)
        done = threading.Event()
        if asked.fault:
            threading.Thread(target=wreck, args=(asked.fault, cluster, out, done)).start()
        code = process.wait()
        done.set()
        seconds = time.monotonic() - began
        print(f"{seconds:.1f} s wall, {cluster.lost()} executors lost", flush=True)
    if code:
        print("refused: nothing was published")
        raise SystemExit(REFUSED)
    print("right" if is_right(out, folder) else "WRONG")
    shutil.rmtree(out)


if __name__ == "__main__":
    main()
