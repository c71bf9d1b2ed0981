"""``kith match``: files of records in; clusters, pairs, what was cut, the model and a report out."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match import Cut, Matched, MatchSettings, cuts, load_match_settings, match, read_records
from identity.match.labels import Accuracy, judge, read_labels
from identity.match.model import splink_settings
from identity.match.training import probability
from jobs.match_report import Page, write_page
from lakehouse.errors import SourceError

Flags = NDArray[np.bool_]
WRITTEN = ("clusters.parquet", "pairs.parquet", "cut.parquet", "model.json", "report.html")


@dataclass(frozen=True)
class Result:
    """What a call of the tool found."""

    records: int
    clusters: int
    pairs: int
    cut: int
    accuracy: Accuracy | None


@dataclass
class Match:
    """One call of the tool: what to match, where to put it, and who hears of the progress (a line at a time)."""

    files: Sequence[Path]
    id_column: str
    out: Path
    settings_file: Path | None = None
    labels: Path | None = None
    threshold: float | None = None
    hear: Callable[[str], None] = print
    began: float = field(default_factory=time.monotonic)

    def run(self) -> Result:
        """Match and write ``out``; what stands there at the end is whole, and files of an earlier match are replaced.

        ``clusters.parquet (id, cluster_id)`` has a row for each record, ``pairs.parquet (id_l, id_r, match_probability)`` the
        linked pairs, ``cut.parquet (id_l, id_r, match_probability, reason)`` those that the guard cut, ``model.json`` the
        model as Splink loads it, ``report.html`` the pictures. A cluster is called by its least id. Raises
        :class:`SourceError` or :class:`SettingsError`, naming file, row and rule of what is wrong.
        """
        settings = self.settings()
        con = duckdb.connect()
        records = read_records(con, self.files, self.id_column, settings)
        self.say(f"{records.n:,} records of {', '.join(records.sources)}")
        ids = _ids(con)
        truth = None if self.labels is None else read_labels(self.labels, {ident: i for i, ident in enumerate(ids)})
        matched = match(con, records, settings, self.say)
        found = cuts(matched)
        linked = _linked(matched)
        left, right = matched.scored.left[linked], matched.scored.right[linked]
        accuracy = None if truth is None else judge(truth, matched.clusters, left, right)
        result = Result(records.n, len(np.unique(matched.clusters)), int(linked.sum()), len(found), accuracy)
        page = Page(con, records, matched, found, tuple(ids), accuracy)
        self._write(page, linked)
        self._conclude(result)
        return result

    def settings(self) -> MatchSettings:
        """The settings of the file, with the threshold of the call where it has one."""
        settings = load_match_settings(self.settings_file)
        return settings if self.threshold is None else replace(settings, threshold=self.threshold)

    def _write(self, page: Page, linked: Flags) -> None:
        if self.out.exists() and not self.out.is_dir():
            raise SourceError("the place for the result is a file", file=self.out, rule="folder")
        self.out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.out, prefix=".match-"))
        try:
            _write_tables(folder, page, linked)
            model = json.dumps(splink_settings(page.matched.model), indent=1)
            (folder / "model.json").write_text(model + "\n", encoding="utf-8")
            write_page(folder / "report.html", page)
            for name in WRITTEN:
                (folder / name).replace(self.out / name)
        finally:
            shutil.rmtree(folder)

    def _conclude(self, result: Result) -> None:
        self.say(f"{result.clusters:,} clusters, {result.pairs:,} pairs, {result.cut:,} pairs cut, in {self.out}")
        if result.accuracy:
            for line in accuracy_lines(result.accuracy):
                self.hear(line)

    def say(self, text: str) -> None:
        """Tell a line of progress, with the seconds since the call began."""
        self.hear(f"{time.monotonic() - self.began:6.1f} s  {text}")


def accuracy_lines(accuracy: Accuracy) -> list[str]:
    """What ``--labels`` prints: precision, recall and F1 of pairs and of clusters, and B-cubed."""
    rows = (("pairs", accuracy.pairs), ("clusters", accuracy.clusters), ("B-cubed", accuracy.bcubed))
    return [f"{name:<9} precision {s.precision:.4f}  recall {s.recall:.4f}  F1 {s.f1:.4f}" for name, s in rows]


def _ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [str(row[0]) for row in con.execute("SELECT id FROM raw ORDER BY rid").fetchall()]


def _linked(matched: Matched) -> Flags:
    """The pairs that reach the threshold and that the guard left in one cluster."""
    scored, clusters = matched.scored, matched.clusters
    together = clusters[scored.left] == clusters[scored.right]
    return np.asarray(together & (scored.weights >= matched.limits.threshold))


def _write_tables(folder: Path, page: Page, linked: Flags) -> None:
    con, matched, scored = page.con, page.matched, page.matched.scored
    con.register("found_clusters", {"rid": np.arange(page.records.n), "cluster": matched.clusters})
    one, other = (f"CAST({end}.id AS {'bigint' if page.records.ids_are_whole else 'varchar'})" for end in "lr")
    ends = "JOIN raw l ON l.rid = f.rid_l JOIN raw r ON r.rid = f.rid_r ORDER BY f.rid_l, f.rid_r"
    clusters = "found_clusters f JOIN raw l ON l.rid = f.rid JOIN raw r ON r.rid = f.cluster ORDER BY f.rid"
    _copy(con, f"SELECT {one} AS id, {other} AS cluster_id FROM {clusters}", folder / "clusters.parquet")
    pairs = {"rid_l": scored.left[linked], "rid_r": scored.right[linked], "p": probability(scored.weights[linked])}
    con.register("found_pairs", pairs)
    named = f"SELECT {one} AS id_l, {other} AS id_r, p AS match_probability"
    _copy(con, f"{named} FROM found_pairs f {ends}", folder / "pairs.parquet")
    kinds = {"rid_l": "int", "rid_r": "int", "bits": "double", "reason": "varchar"}
    columns = ", ".join(f"unnest(${at}::{kind}[]) AS {name}" for at, (name, kind) in enumerate(kinds.items(), start=1))
    con.execute(f"CREATE TABLE found_cuts AS SELECT {columns}", _transposed(page.cuts))
    cut = "SELECT *, 1 / (1 + pow(2, -bits)) AS p FROM found_cuts"
    _copy(con, f"{named}, reason FROM ({cut}) f {ends}", folder / "cut.parquet")


def _transposed(found: Sequence[Cut]) -> list[list[object]]:
    rows = [(cut.left, cut.right, cut.weight, cut.reason) for cut in found]
    return [[row[at] for row in rows] for at in range(4)]


def _copy(con: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    name = str(file).replace("'", "''")
    con.execute(f"COPY ({sql}) TO '{name}' (FORMAT parquet)")
