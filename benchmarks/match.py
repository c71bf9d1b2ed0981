"""`kith match` at its defaults and Splink at its tutorials' settings, on the same files, each in a process of its own.

    python -m benchmarks.match [--data ../shared/data] [--runs 3] [--only fake_1000]

Both get the records without labels; truth is used only to judge. Accuracy of clusters is pairwise over all true pairs;
Splink's is at the threshold of 0.95 that its tutorials cluster at, and at its best threshold, which needs the truth. For pair
sets (DBLP-ACM, Fodors-Zagats) the two tables are put together from the published pairs, and the published test pairs are
judged by whether the product puts the two into one cluster. Wall seconds and CPU seconds are of the whole process with its
start, the median of the runs, taken in turns. Splink's settings are those of its demonstrations for fake_1000 and febrl.
"""

import argparse
import csv
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.match_peer import BEST, TUTORIAL
from identity.match.accuracy import Score, bcubed, pairs_of_clusters
from lakehouse.settings import ROOT


@dataclass(frozen=True)
class Data:
    """A data set: its files, the column of ids, the true cluster of an id, its model in the peer, and a
    wider one ('' = none).
    """

    name: str
    files: Sequence[Path]
    id_column: str
    truth: Mapping[str, str]
    peer: str
    wide: str = ""


@dataclass(frozen=True)
class Took:
    """Wall and CPU seconds of a process."""

    wall: float
    cpu: float


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for data in people(given.data):
            if given.only in data.name:
                print_people(data, Path(folder), given.runs)
        for name in ("DBLP-ACM", "Fodors-Zagats"):
            if given.only in name:
                print_pairs(given.data / "er_magellan" / name, Path(folder) / name)


def people(folder: Path) -> list[Data]:
    """The data sets of people."""
    found = []
    for number in (1, 3):
        file = folder / "febrl" / f"dataset{number}.csv"
        ids = [line.split(",")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()[1:]]
        found.append(Data(f"febrl{number}", [file], "rec_id", {i: i.split("-")[1] for i in ids}, "febrl"))
    file = folder / "splink" / "fake_1000.csv"
    with file.open(encoding="utf-8") as lines:
        truth = {row["unique_id"]: row["cluster"] for row in csv.DictReader(lines)}
    return [*found, Data("fake_1000", [file], "unique_id", truth, "fake", "fake-wide")]


def print_people(data: Data, folder: Path, runs: int) -> None:
    """Both on one data set, in turns."""
    ours, theirs = folder / f"{data.name}-kith", folder / f"{data.name}-splink"
    file = str(data.files[0])
    kith = [sys.executable, "-m", "jobs.main", "match", file, "--id", data.id_column, "--out", str(ours)]
    peer = [sys.executable, "-m", "benchmarks.match_peer", data.peer, file, str(theirs)]
    took = [(timed(kith), timed([*peer, TUTORIAL])) for _ in range(runs)]
    timed([*peer, *BEST])
    if data.wide:
        timed([sys.executable, "-m", "benchmarks.match_peer", data.wide, file, str(theirs / "wide"), *BEST])
    mine, its = ([middle([getattr(pair[at], kind) for pair in took]) for kind in ("wall", "cpu")] for at in (0, 1))
    print(f"\n{data.name}: {len(data.truth):,} records, {true_pairs(data):,.0f} true pairs")
    print(f"  {'':<30}{'precision':>10}{'recall':>8}{'F1':>8}{'B-cubed':>9}{'wall s':>8}{'CPU s':>7}")
    say("kith match", data, ours / "clusters.parquet", mine)
    say("Splink at 0.95", data, theirs / "0.95.parquet", its)
    for name, folder_of in (("", theirs), (", 4 rules", theirs / "wide")) if data.wide else (("", theirs),):
        best = max((folder_of / f"{at}.parquet" for at in BEST), key=lambda path: score(data, path)[0].f1)
        say(f"Splink{name}, best at {best.stem}", data, best, None)
    print(f"  kith / Splink: wall {mine[0] / its[0]:.2f}, CPU {mine[1] / its[1]:.2f}")


def say(name: str, data: Data, file: Path, took: Sequence[float] | None) -> None:
    """One line of the table."""
    pairs, cubed = score(data, file)
    seconds = "".join(f"{value:>{width}.2f}" for value, width in zip(took, (8, 7), strict=True)) if took else ""
    print(f"  {name:<30}{pairs.precision:>10.4f}{pairs.recall:>8.4f}{pairs.f1:>8.4f}{cubed.f1:>9.4f}{seconds}")


def score(data: Data, file: Path) -> tuple[Score, Score]:
    """Pairwise and B-cubed accuracy of the clusters in a file."""
    found = clusters_in(file)
    ids = sorted(data.truth)
    said, true = (codes([of[i] for i in ids]) for of in (found, data.truth))
    return pairs_of_clusters(said, true), bcubed(said, true)


def clusters_in(file: Path) -> dict[str, str]:
    """The cluster of each id."""
    rows = duckdb.execute(f"SELECT CAST(id AS varchar), CAST(cluster_id AS varchar) FROM '{file}'").fetchall()
    return {str(ident): str(cluster) for ident, cluster in rows}


def codes(names: Sequence[str]) -> NDArray[np.int64]:
    """Names as numbers."""
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def true_pairs(data: Data) -> float:
    """How many pairs share a true cluster."""
    sizes = np.bincount(codes(list(data.truth.values())))
    return float((sizes * (sizes - 1) // 2).sum())


def timed(command: Sequence[str]) -> Took:
    """Run a process; its wall and CPU seconds, those of its children too."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - began, cpu)


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def print_pairs(source: Path, folder: Path) -> None:
    """The published test pairs of two tables, judged by whether the product puts the two into one cluster."""
    folder.mkdir()
    labels, sizes = tables(source, folder)
    out = folder / "out"
    kith = [sys.executable, "-m", "jobs.main", "match", str(folder / "left.csv"), str(folder / "right.csv")]
    took = timed([*kith, "--id", "id", "--out", str(out)])
    found = clusters_in(out / "clusters.parquet")
    print(f"\n{source.name}: {sizes[0]:,} and {sizes[1]:,} records; wall {took.wall:.2f} s, CPU {took.cpu:.2f} s")
    kinds: dict[str, Callable[[str], bool]] = {
        "test pairs": lambda s: s == "test",
        "all labelled pairs": bool,
    }
    for name, wanted in kinds.items():
        rows = [(found[one] == found[other], is_true) for split, one, other, is_true in labels if wanted(split)]
        right, said, true = (
            sum(part) for part in ((a and b for a, b in rows), (a for a, _ in rows), (b for _, b in rows))
        )
        got = Score(right / said, right / true)
        print(f"  {name:<20} {len(rows):>6,}  precision {got.precision:.4f}  recall {got.recall:.4f}  F1 {got.f1:.4f}")


def tables(source: Path, folder: Path) -> tuple[list[tuple[str, str, str, bool]], tuple[int, int]]:
    """Write the two tables, each distinct record once, and return the labelled pairs (split, id, id, is true)."""
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    labels = []
    for split in ("train", "valid", "test"):
        for line in (source / f"{split}.txt").read_text(encoding="utf-8").splitlines():
            *texts, label = line.split("\t")
            ends = [
                ids.setdefault(said, f"{side}{len(ids)}") for side, ids, said in zip("lr", sides, texts, strict=True)
            ]
            labels.append((split, ends[0], ends[1], label == "1"))
    for name, ids in zip(("left", "right"), sides, strict=True):
        rows = [{"id": ident, **fields(said)} for said, ident in ids.items()]
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return labels, (len(sides[0]), len(sides[1]))


def fields(said: str) -> dict[str, str]:
    """``COL title VAL a study COL year VAL 1997`` as a row."""
    return {name: value.strip(" '`") for name, value in re.findall(r"COL (.*?) VAL (.*?)(?= COL |$)", said.strip())}


if __name__ == "__main__":
    main()
