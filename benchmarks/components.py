"""Components of a planted identity graph: `kith components` against scipy alone and, where its jar is, GraphFrames.

    python -m benchmarks.components 5e6 [--engines forest,scipy,spark,rounds,graphframes,graphframes-rc] [--folder DIR]

`forest` is the tool as users call it, `spark` the same union-find in a worker of a session, as jobs use it. Each runs in a cold
process of its own, Parquet in and Parquet out; CPU is that of the whole machine in the meantime, which must be quiet
otherwise. Every result is held against the planted partition, vertex by vertex.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray

Longs = NDArray[np.int64]
EDGES_A_FILE = 5_000_000
HUBS, RECORDS_A_HUB = 5, 50_000
PER_PERSON = 5
"""Edges of a person on average: two profiles with one to four identifiers."""
ODD = 0x9E3779B97F4A7C15
MASK = (1 << 62) - 1
INVERSE = pow(ODD, -1, 1 << 62)


def make(folder: Path, n_edges: int) -> None:
    """Write the edges as Parquet and, apart, who each vertex belongs to; nothing when they are there."""
    if (folder / "made").exists():
        return
    for name in ("edges", "planted"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    first, number = 0, 0
    while number * EDGES_A_FILE < n_edges:
        size = min(EDGES_A_FILE, n_edges - number * EDGES_A_FILE)
        src, dst, person, used = people(np.random.default_rng(number), size, first, hubs=HUBS if number == 0 else 0)
        pq.write_table(
            pa.table({"src": named(src), "dst": named(dst)}),
            folder / "edges" / f"{number}.parquet",
            row_group_size=1 << 20,
        )
        np.save(folder / "planted" / f"{number:05d}.npy", person.astype(np.int32))
        first, number = first + used, number + 1
    (folder / "made").touch()


def planted(folder: Path) -> Iterator[tuple[Longs, Longs]]:
    """``(ids, components)`` as planted, a file at a time: vertices are numbered through, and none is in two files."""
    first = 0
    for path in sorted((folder / "planted").glob("*.npy")):
        person = np.load(path)
        ids = named(np.arange(first, first + len(person)))
        least = np.full(int(person.max()) + 1, MASK + 1)
        np.minimum.at(least, person, ids)
        yield ids, least[person]
        first += len(person)


def people(dice: np.random.Generator, n_edges: int, first: int, hubs: int) -> tuple[Longs, Longs, Longs, int]:
    """Edges ``(profile, identifier)`` with ids from ``first`` on; the person of each id; how many ids."""
    n = max(1, n_edges // PER_PERSON)
    profiles = np.minimum(dice.geometric(0.5, n), 40)
    if hubs and n > hubs * RECORDS_A_HUB // PER_PERSON:
        profiles[:hubs] = RECORDS_A_HUB
    owner = np.repeat(np.arange(n), profiles)
    more = dice.integers(0, 4, len(owner))  # identifiers of the profile's own, beside the one its person is known by
    keep = np.cumsum(more + 1) <= n_edges
    owner, more = owner[keep], more[keep]
    n = int(owner.max()) + 1
    own_owner = np.repeat(owner, more)
    profile = first + n + np.arange(len(owner))
    own = first + n + len(owner) + np.arange(len(own_owner))
    src = np.concatenate([profile, np.repeat(profile, more)])
    dst = np.concatenate([first + owner, own])
    order = dice.permutation(len(src))
    person = np.concatenate([np.arange(n), owner, own_owner])
    return src[order], dst[order], person, n + len(owner) + len(own_owner)


def named(ids: Longs) -> Longs:
    """Ids without order: a multiplication by an odd number modulo 2^62 is a bijection."""
    return ((ids.astype(np.uint64) * np.uint64(ODD)) & np.uint64(MASK)).astype(np.int64)


def by_scipy(edges: Path, out: Path) -> None:
    """The peer: scipy on arrays, nothing else."""
    from identity.components.unionfind import by_scipy as solve

    table = ds.dataset(edges).to_table()
    parts = list(solve([(table["src"].to_numpy(), table["dst"].to_numpy())]))
    out.mkdir()
    found = pa.table({"id": np.concatenate([p[0] for p in parts]), "component": np.concatenate([p[1] for p in parts])})
    pq.write_table(found, out / "0.parquet")


def on_spark(engine: str, edges: Path, out: Path) -> None:
    """An engine in a session of size m; `rounds` gives way to one executor only when a sixteenth of the edges is left."""
    from pyspark.sql import functions as F

    from identity.components import Components, choose
    from identity.components.graphframes import GraphFrames
    from identity.components.rounds import Rounds
    from lakehouse.session import build_session
    from lakehouse.settings import load_settings

    spark = build_session(load_settings(None, spark_size="m"))
    pairs = spark.read.parquet(str(edges))
    finder: Components = choose(spark, "graphframes" if engine.startswith("graphframes") else "forest")
    if engine == "graphframes-rc":
        finder = GraphFrames(spark, algorithm="randomized_contraction")
    if engine == "rounds":
        finder = Rounds(spark, f"{out}-work", n_edges=pairs.count() // 16)
    finder(pairs).select(F.col("vertex").alias("id"), "component").write.parquet(str(out))
    finder.release()


def measure(engine: str, edges: Path, out: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and greatest resident GiB of one engine in a process of its own."""
    kith = [str(Path(sys.executable).parent / "kith"), "components", str(edges), "--out", str(out)]
    environment = dict(os.environ)
    words = [sys.executable, "-m", "benchmarks.components", engine, str(edges), str(out)]
    if engine == "forest":
        words = [*kith, "--engine", "forest"]
    began, busy = time.monotonic(), cpu_seconds()
    process = subprocess.Popen(words, env=environment)
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(process, peak))
    watch.start()
    code = process.wait()
    watch.join()
    if code:
        raise SystemExit(f"{engine} failed")
    return time.monotonic() - began, cpu_seconds() - busy, peak[0]


def _watch(process: "subprocess.Popen[bytes]", peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _resident(process.pid))
        time.sleep(0.5)


def _resident(root: int) -> float:
    """GiB resident in a process and all that descend from it."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)], pages[int(entry.name)] = int(fields[1]), int(fields[21])
            except OSError:
                continue
    total = 0
    for pid, own in pages.items():
        at = pid
        while at not in (root, 0, 1):
            at = parents.get(at, 0)
        total += own if at == root else 0
    return total * os.sysconf("SC_PAGE_SIZE") / 2**30


def cpu_seconds() -> float:
    """CPU seconds that the machine has spent so far."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(fields[i]) for i in (1, 2, 3)) / os.sysconf("SC_CLK_TCK")


def is_right(found: Path, folder: Path) -> bool:
    """Whether the components found are those planted, vertex by vertex, each once; 12 bytes of memory a vertex."""
    expected = [component for _, component in planted(folder)]
    component = np.concatenate(expected)
    del expected
    seen = np.zeros(len(component), dtype=np.bool_)
    for batch in ds.dataset(found, format="parquet").to_batches(columns=["id", "component"]):
        ids, labels = (column.to_numpy() for column in batch.columns)
        number = (ids.astype(np.uint64) * np.uint64(INVERSE)) & np.uint64(MASK)
        if (number >= len(component)).any() or seen[number].any() or (component[number] != labels).any():
            return False
        seen[number] = True
    return bool(seen.all())


def main() -> None:
    """Make the graph, run the engines, print a line each and the ratios."""
    if sys.argv[1] in ROADS:
        ROADS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges", type=float)
    parser.add_argument("--engines", default="forest,scipy")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kith-bench")
    asked = parser.parse_args()
    folder = asked.folder / f"{int(asked.edges)}"
    make(folder, int(asked.edges))
    measured: dict[str, tuple[float, float, float]] = {}
    for engine in asked.engines.split(","):
        out = folder / f"found-{engine}-{int(time.time())}"
        measured[engine] = measure(engine, folder / "edges", out)
        right = is_right(out, folder)
        wall, cpu, gib = measured[engine]
        shutil.rmtree(out)
        verdict = "right" if right else "WRONG"
        print(f"{engine}: {wall:.1f} s wall, {cpu:.1f} CPU s, {gib:.1f} GiB resident, {verdict}", flush=True)
    best = measured.get("forest") or next(iter(measured.values()))
    for engine, (wall, cpu, _) in measured.items():
        print(f"{engine} / forest: {wall / best[0]:.1f} x wall, {cpu / best[1]:.1f} x CPU")


ROADS: dict[str, Callable[[Path, Path], None]] = {
    "scipy": by_scipy,
    **{engine: partial(on_spark, engine) for engine in ("spark", "rounds", "graphframes", "graphframes-rc")},
}


if __name__ == "__main__":
    main()
