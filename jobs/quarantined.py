"""What lies in quarantine, without Spark: groups by source, stage and reason, open entries, and the records themselves."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from jobs.arrivals import plain
from jobs.reporting.store import Row
from lakehouse.errors import KithError
from lakehouse.sources.spec import Source
from lakehouse.tables import feeds, ops

KEY = ("stage", "source", "file", "row")
MOST = 200_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: of a source, a job, a reason, a file's name; open ones only unless ``is_open`` is false."""

    source: str = ""
    stage: str = ""
    reason: str = ""
    file: str = ""
    is_open: bool = True

    def sql(self) -> str:
        """The filter as a predicate over ``q``."""
        exact = {"source": self.source, "stage": self.stage, "reason": self.reason}
        terms = [f"q.{name} = '{_escaped(value)}'" for name, value in exact.items() if value]
        terms += [f"q.file LIKE '%{_escaped(self.file)}'"] if self.file else []
        return " AND ".join(terms) or "true"


def _escaped(text: str) -> str:
    return text.replace("'", "''")


class Quarantine:
    """The entries of ``ops.quarantine`` below a lake's root, less those that were replayed since they were refused."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/").replace("s3a://", "s3://")

    def groups(self, which: Filter) -> list[Row]:
        """``source, stage, reason, files, records, first_at, last_at``; the largest first."""
        counted = 'count(*) FILTER (WHERE q."row" IS NULL) AS files, count(q."row") AS records'
        spans = "min(q.quarantined_at) AS first_at, max(q.quarantined_at) AS last_at"
        return self._ask(
            f"SELECT q.source, q.stage, q.reason, {counted}, {spans} FROM {{}} WHERE {which.sql()} "
            "GROUP BY q.source, q.stage, q.reason ORDER BY records DESC, q.source, q.stage, q.reason",
            which,
        )

    def entries(self, which: Filter, most: int = MOST) -> list[Row]:
        """Entries in the order of file and row: ``stage, source, file, row, reason, detail, record, quarantined_at``."""
        columns = ", ".join(f'q."{c}"' for c in (*KEY, "reason", "detail", "record", "quarantined_at"))
        order = 'q.source, q.stage, q.file, q."row", q.record'
        return self._ask(f"SELECT {columns} FROM {{}} WHERE {which.sql()} ORDER BY {order} LIMIT {most}", which)

    def _ask(self, query: str, which: Filter) -> list[Row]:
        """Run a query over the newest entry of each record; ``{}`` stands for them, as ``q``."""
        path = f"{self.root}/ops/{ops.QUARANTINE.entity}"
        if not DeltaTable.is_deltatable(path):
            return []
        builder = QueryBuilder().register("t", DeltaTable(path))
        again = f"{self.root}/ops/{feeds.QUARANTINE_REPLAY.entity}"
        entries = "SELECT * FROM t"
        if which.is_open:
            listed = ", ".join(f'"{c}"' for c in KEY)
            entries = (
                f"SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {listed}, "
                "CASE WHEN \"row\" IS NULL OR stage LIKE 'bronze.%' THEN '' ELSE record END "
                "ORDER BY quarantined_at DESC) AS nth FROM t) AS u WHERE nth = 1"
            )
        if which.is_open and DeltaTable.is_deltatable(again):
            builder = builder.register("r", DeltaTable(again))
            same = " AND ".join(f'(e."{c}" IS NOT DISTINCT FROM r."{c}")' for c in KEY)
            entries = (
                f"SELECT e.* FROM ({entries}) AS e WHERE NOT EXISTS "
                f"(SELECT 1 FROM r WHERE {same} AND r.replayed_at >= e.quarantined_at)"
            )
        rows: list[Row] = pa.table(builder.execute(query.format(f"({entries}) AS q"))).to_pylist()
        return rows


def as_delivered(source: Source, file: str, row: int) -> dict[str, object] | None:
    """The fields of a record as its file has them; None where the file is gone or of a kind that is not read by lines."""
    path = Path(plain(file))
    if source.format not in ("csv", "jsonl") or not path.is_file():
        return None
    with path.open(encoding=source.options.get("encoding", "utf-8-sig"), newline="") as stream:
        if source.format == "csv":
            rows = csv.DictReader(stream, delimiter=source.options.get("sep", ","))
            return next(iter([dict(found) for found in islice(rows, row - 1, row)]), None)
        line = next(islice(stream, row - 1, row), "")
    found = json.loads(line) if line.strip().startswith("{") else None
    return found if isinstance(found, dict) else None


def read_edited(path: Path) -> dict[tuple[str, str, int | None], str | dict[str, object]]:
    """Edited records by source, file and row, from the lines that ``kith quarantine show --out`` wrote.

    Raises :class:`KithError` naming file and line.
    """
    found: dict[tuple[str, str, int | None], str | dict[str, object]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            record = entry["record"]
            key = (str(entry["source"]), str(entry["file"]), entry["row"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise KithError("a line is {source, file, row, record}", file=path, row=number, rule=str(error)) from error
        if not isinstance(record, str | dict):
            raise KithError("the record is a text or an object of fields", file=path, row=number, key="record")
        found[key] = record
    return found


def editable(entries: Sequence[Row], sources: dict[str, Source]) -> list[Row]:
    """Entries as lines to edit: of a row that a contract refused the record as its file has it, where that is there."""
    lines = []
    for entry in entries:
        line = {name: entry[name] for name in ("source", "stage", "file", "row", "reason", "detail", "record")}
        source = sources.get(entry["source"])
        if source and entry["row"] is not None and not entry["stage"].startswith("bronze."):
            line["record"] = as_delivered(source, entry["file"], entry["row"]) or line["record"]
        lines.append(line)
    return lines
