"""The log of a run: what each write did, which edges of lineage it made, what its checks found; landed at the end."""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime

from pyspark.sql import Row

from lakehouse.conservation import Balance
from lakehouse.freshness import Events, freshness
from lakehouse.lake import Lake
from lakehouse.profile import Profile
from lakehouse.table import Table
from lakehouse.tables import feeds, ops
from lakehouse.verdicts import Verdict


@dataclass(slots=True)
class JobRun:
    """One write of one job; filled while the batch runs. Seconds are wall time, core-seconds executor run time."""

    run_id: str
    job: str
    job_version: int
    batch_id: int
    status: str = "succeeded"
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    core_seconds: float = 0.0
    rows_in: int | None = None
    rows_out: int = 0
    rows_deleted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    versions_in: Mapping[str, int] = field(default_factory=dict)
    version_out: int | None = None
    message: str | None = None
    as_of: date | None = None
    part: str = ""

    def close(self) -> None:
        """Stop the clock."""
        self.seconds = (datetime.now(UTC) - self.started_at).total_seconds()


class RunLog:
    """Collects the run's records in memory (they grow with jobs, not with data) and appends them in one commit a table.

    A run that wrote nothing logs nothing, so that a repeated run leaves no new version anywhere.
    """

    def __init__(self, run_id: str, *, is_replay: bool = False) -> None:
        self.run_id = run_id
        self.is_replay = is_replay
        self.runs: list[JobRun] = []
        self.files: list[dict[str, object]] = []
        self.balances: list[Balance] = []
        self.events: list[Events] = []
        self._checks: list[dict[str, object]] = []
        self._profiles: list[dict[str, object]] = []
        self._lock = threading.Lock()

    def add(self, run: JobRun) -> None:
        """Take one write's record."""
        with self._lock:
            self.runs.append(run)

    def account(self, *balances: Balance) -> None:
        """Take the balances of a batch; raise :class:`ConservationError` where rows are missing, once all are taken."""
        with self._lock:
            self.balances.extend(balances)
        for balance in balances:
            balance.hold()

    def arrived(self, files: list[dict[str, object]]) -> None:
        """Take rows of the ledger of files."""
        with self._lock:
            self.files.extend(files)

    def happened(self, events: list[Events]) -> None:
        """Take when the events of a batch's rows happened."""
        with self._lock:
            self.events.extend(events)

    def checked(self, table: str, verdicts: Iterable[Verdict], part: str = "") -> None:
        """Take what a gate found."""
        now = datetime.now(UTC)
        place = {"run_id": self.run_id, "table": table, "checked_at": now, "part": part or None}
        rows = [place | asdict(verdict) for verdict in verdicts]
        with self._lock:
            self._checks.extend(rows)

    def profiled(self, table: str, profiles: Sequence[Profile], day: date, part: str = "") -> None:
        """Take what a batch was like."""
        place = {"run_id": self.run_id, "table": table, "part": part or None, "day": day}
        place["measured_at"] = datetime.now(UTC)
        rows = [place | asdict(profile) for profile in profiles]
        with self._lock:
            self._profiles.extend(rows)

    def flush(self, lake: Lake) -> None:
        """Append what was collected, one commit for each table of the log."""
        landed: dict[Table, list[dict[str, object]]] = {
            ops.JOB_RUN: [_job_row(run) for run in self.runs],
            ops.LINEAGE_EDGE: [edge for run in self.runs for edge in _edges(run)],
            ops.DQ_RESULT: self._checks,
            ops.DQ_PROFILE: self._profiles,
            feeds.LANDED_FILE: self.files,
            feeds.CONSERVATION: [_balance_row(self.run_id, balance) for balance in self.balances],
            feeds.FRESHNESS: freshness(self.run_id, self.events, self.runs, is_replay=self.is_replay),
        }
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(lambda item: append_rows(lake, *item), landed.items()))
        self.runs, self._checks, self._profiles = [], [], []
        self.files, self.balances, self.events = [], [], []


def _job_row(run: JobRun) -> dict[str, object]:
    row = asdict(run)
    row["version_in"] = json.dumps(dict(row.pop("versions_in")), sort_keys=True)
    return row


def _balance_row(run_id: str, balance: Balance) -> dict[str, object]:
    found = asdict(balance) | {"balance": balance.balance, "is_balanced": balance.is_balanced}
    return found | {"run_id": run_id, "checked_at": datetime.now(UTC)}


def _edges(run: JobRun) -> list[dict[str, object]]:
    if run.version_out is None or run.version_out < 0:
        return []
    return [
        {
            "run_id": run.run_id,
            "job": run.job,
            "input": name,
            "output": run.job,
            "version_in": version,
            "version_out": run.version_out,
            "written_at": run.started_at,
        }
        for name, version in run.versions_in.items()
    ]


def append_rows(lake: Lake, table: Table, rows: list[dict[str, object]]) -> None:
    """Append rows, given by column, to a table of the platform's own; nothing where there are none."""
    if not rows:
        return
    lake.ensure(table)
    lake.conform(table)
    ordered = [Row(*[row.get(name) for name in table.column_names]) for row in rows]
    frame = lake.spark.createDataFrame(ordered, table.schema_ddl)
    frame.coalesce(1).write.format("delta").mode("append").save(lake.path(table))
