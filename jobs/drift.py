"""Watches the fields of every landed batch: what is new, gone or of another type goes to ``ops.schema_drift`` and is told once.

Files with a header or a schema of their own say their fields; of all other records the fields are found in the pass that lands
them. Of a large batch (over :data:`SMALL` bytes) that pass looks at one record in :data:`ONE_IN` only, and the names of all
fields are then taken from the dictionaries in which the landed Parquet files keep them: no new field is missed, at the
price of reading one column.
"""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.lake import Lake
from lakehouse.runlog import JobRun, append_rows
from lakehouse.sources.dictionaries import dictionaries, names_in
from lakehouse.sources.drift import Change, Known, changes, excused, kinds, variant_fields
from lakehouse.sources.formats.family import Readable
from lakehouse.sources.spec import Source
from lakehouse.tables.drift import SCHEMA_DRIFT
from lakehouse.textfiles import reader

SMALL = 32 * 2**20
ONE_IN = 64
MOST = 500
"""Changes of one batch that are written down: a source with more has names that are data."""
SHAPE = "shape"
UNSPEAKABLE = frozenset('"?')
"""Characters that a variant's path cannot quote."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How the fields of a batch are seen: said by the files, or looked for in all records or in some.

    A batch of a feed that has no files has none here: all its records are looked at.
    """

    files: Sequence[Readable]

    @property
    def is_said(self) -> bool:
        """Whether the files themselves say their fields."""
        return bool(self.files) and all(file.fields is not None for file in self.files)

    @property
    def is_sampled(self) -> bool:
        """Whether only some records are looked at."""
        return not self.is_said and sum(file.size for file in self.files) > SMALL

    def measures(self) -> list[Column]:
        """What the landing pass is to observe besides its counts; of a record ``payload, _row``."""
        if self.is_said:
            return []
        is_seen = F.pmod(F.xxhash64("_row"), F.lit(ONE_IN)) == 0 if self.is_sampled else F.lit(True)
        return [F.schema_of_variant_agg(F.when(is_seen, F.col("payload"))).alias(SHAPE)]

    def fields(self, observed: Mapping[str, Any]) -> dict[str, str]:
        """Paths and kinds of the batch's fields."""
        if self.is_said:
            return kinds(pair for file in self.files for pair in file.fields or ())
        return kinds(variant_fields(observed[SHAPE])) if observed.get(SHAPE) else {}

    def file_of(self, change: Change) -> str | None:
        """The first file that says a field, where the files say it, or where there is but one."""
        if len(self.files) == 1:
            return self.files[0].path
        shows = (file.path for file in self.files if kinds(file.fields or ()).get(change.field) is not None)
        return next(shows, None) if self.is_said else None


class DriftLog:
    """What every source has shown so far, read once, and the changes that this process has seen since it last wrote them down."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._known: dict[str, dict[str, Known]] | None = None
        self._rows: list[dict[str, object]] = []
        self._lock = threading.Lock()

    def known(self, source: Source) -> dict[str, Known]:
        """The fields of a source: declared ones, and those that it has shown."""
        with self._lock:
            if self._known is None:
                self._known = _remembered(self._lake)
            known = self._known.setdefault(source.name, {})
        for path, kind in kinds(
            source.fields.items()
        ).items():  # text may carry any type: whether it casts is seen by row
            known.setdefault(path, Known()).kinds.update({kind, "string"} if path in source.fields else {kind})
        return known

    def notice(self, source: Source, run: JobRun, found: Iterable[tuple[Change, str | None]]) -> None:
        """Take the changes of a batch, each with a file that shows it; the run's message tells the alarming ones."""
        known, told = self.known(source), []
        for change, file in list(found)[:MOST]:
            known.setdefault(change.field, Known()).apply(change)
            told += [str(change)] if change.is_alarm else []
            row: dict[str, object] = {"source": source.name, "field": change.field, "kind": change.kind}
            row |= {"was": change.was, "now": change.now, "file": file, "first_seen_at": run.started_at}
            row |= {"batch_id": run.batch_id, "run_id": run.run_id}
            with self._lock:
                self._rows.append(row)
        if told:
            run.message = "; ".join(told)[:2000]

    def flush(self) -> None:
        """Append the changes to ``ops.schema_drift``; nothing where there are none."""
        with self._lock:
            rows, self._rows = self._rows, []
        append_rows(self._lake, SCHEMA_DRIFT, rows)


def _remembered(lake: Lake) -> dict[str, dict[str, Known]]:
    found: dict[str, dict[str, Known]] = {}
    if lake.exists(SCHEMA_DRIFT):
        rows = lake.read(SCHEMA_DRIFT).orderBy("first_seen_at", "batch_id")
        for row in rows.select("source", "field", "kind", "was", "now").collect():
            change = Change(row["kind"], row["field"], row["was"], row["now"])
            found.setdefault(row["source"], {}).setdefault(change.field, Known()).apply(change)
    return found


def watch(lake: Lake, log: DriftLog, source: Source, sight: Sight, observed: Mapping[str, Any], run: JobRun) -> None:
    """Compare a landed batch with what its source has shown before."""
    known, found = log.known(source), sight.fields(observed)
    is_first = not known
    names: set[str] = set()
    if sight.is_sampled:
        names = landed_names(lake, source, run)
        if names - _segments([*known, *found]):  # some field was not among the records that were looked at
            whole = _landed(lake, source, run).agg(F.schema_of_variant_agg("payload")).collect()[0][0]
            found = kinds(variant_fields(whole))
    may_miss = set() if sight.is_said else excused(known, source.fields, run.rows_out)
    may_miss |= {path for path in known if path.rpartition(".")[2] in names}
    noticed = changes(known, found, may_miss=may_miss, is_first=is_first)
    files = {change.field: sight.file_of(change) for change in noticed if change.kind != "gone"}
    asked = [c.field for c in noticed if c.kind == "new" and not files[c.field] and not UNSPEAKABLE & set(c.field)]
    files |= _shown_by(_landed(lake, source, run), asked) if asked else {}
    log.notice(source, run, [(change, files.get(change.field)) for change in noticed])


def _landed(lake: Lake, source: Source, run: JobRun) -> DataFrame:
    return lake.read(source.table).where(F.col("_batch_id") == run.batch_id)


def _shown_by(landed: DataFrame, fields: list[str]) -> dict[str, str | None]:
    """A file that shows each field, asked of the landed rows."""
    shows = [F.try_variant_get("payload", json_path(field), "variant").isNotNull() for field in fields]
    row = landed.agg(*[F.min(F.when(show, F.col("_file"))).alias(f"f{n}") for n, show in enumerate(shows)]).collect()[0]
    return {field: row[n] for n, field in enumerate(fields)}


def json_path(field: str) -> str:
    """The path of a field as variants have it; of what is in lists, that of the outermost list."""
    return "$" + "".join(f'["{part}"]' for part in field.partition("[]")[0].split("."))


def _segments(paths: Iterable[str]) -> set[str]:
    return {part.removesuffix("[]") for path in paths for part in (*path.replace("[]", "").split("."), path)}


def landed_names(lake: Lake, source: Source, run: JobRun) -> set[str]:
    """The names of all fields of the records that a batch landed, from the dictionaries of its Parquet files."""
    path = lake.path(source.table)
    entries = reader(lake.spark)(f"{path}/_delta_log/{run.version_out:020d}.json") or []
    added = [json.loads(entry)["add"]["path"] for entry in entries if entry.startswith('{"add"')]
    return names_in(dictionaries(lake.spark, [f"{path}/{name}" for name in added])) if added else set()
