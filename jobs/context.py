"""What a run is handed: settings, session, lake, sources, token key, day and log, each made when it is first needed."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.drift import DriftLog
from lakehouse.job import Group, Job
from lakehouse.lake import Lake
from lakehouse.quality import Quality, load_quality
from lakehouse.runlog import RunLog
from lakehouse.session import build_session
from lakehouse.settings import Settings, token_key
from lakehouse.sources.spec import Source, load_sources
from lakehouse.standardise.user_rules import UserRule, install
from lakehouse.table import Table
from lakehouse.tables import silver
from ml.spec import ModelSpec, load_specs

EPOCH = "kith.epoch"
OWN_SOURCES = "sources"
CLOCKS: tuple[tuple[Table, str], ...] = ((silver.ORDER_LINE, "ordered_at"), (silver.EVENT, "occurred_at"))


def own_rules(settings: Settings) -> dict[str, UserRule]:
    """A user's rules with their examples, put beside the library's: ``conf/standardise``, and the modules of the settings."""
    return install(Path(settings.conf) / "standardise", settings.rule_modules)


def _digest(job: Job) -> str:
    return sha256(",".join(sorted(table.name for table in job.inputs())).encode()).hexdigest()[:8]


@dataclass
class Context:
    """The composition root's one object; tests replace its parts by passing them in.

    ``replay``: days of the past are gone through, so that freshness is measured in the time of the data.
    """

    settings: Settings
    day: date | None = None
    full: bool = False
    replay: bool = False
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @cached_property
    def spark(self) -> SparkSession:
        """The session; started when first asked for."""
        Path(self.settings.home).mkdir(parents=True, exist_ok=True)
        return build_session(self.settings)

    @cached_property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.spark, self.settings.lake_path)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The feeds of ``conf/sources`` and, of this lake alone, ``<home>/sources``; a user's own rules are installed first."""
        own_rules(self.settings)
        own = Path(self.settings.home) / OWN_SOURCES
        return load_sources(self.settings.sources_path) | (load_sources(own) if own.is_dir() else {})

    @cached_property
    def models(self) -> dict[str, ModelSpec]:
        """The models of ``conf/models``."""
        return load_specs(Path(self.settings.conf) / "models")

    @cached_property
    def quality(self) -> dict[str, Quality]:
        """What ``conf/quality`` adds to the contracts, by table."""
        return load_quality(Path(self.settings.conf) / "quality")

    @cached_property
    def key(self) -> bytes:
        """The key of the identifier tokens."""
        return token_key(self.settings)

    @cached_property
    def log(self) -> RunLog:
        """The run's log."""
        return RunLog(self.run_id, is_replay=self.replay)

    @cached_property
    def drift(self) -> DriftLog:
        """The fields that the sources have shown."""
        return DriftLog(self.lake)

    def renew(self) -> None:
        """Begin another run in the same session: a new run id and an empty log."""
        self.run_id = uuid.uuid4().hex[:12]
        self.log = RunLog(self.run_id, is_replay=self.replay)

    def version(self, job: Job) -> str:
        """The job's version as checkpoints and transaction ids carry it: ``v<version>``, and the epoch of full rebuilds.

        A deleted checkpoint with a kept transaction id would silently lose rows, so both always change together. What models
        read follows from their files, and Spark binds a checkpoint to what it read: their jobs begin another with other tables.
        """
        read = f"-{_digest(job)}" if job.group is Group.ML else ""
        epoch = self.lake.properties(job.writes).get(EPOCH, "0") if self.lake.exists(job.writes) else "0"
        return f"v{job.version}{read}" + (f".{epoch}" if epoch != "0" else "")

    def checkpoint(self, job: Job, part: str = "") -> str:
        """Where the job's stream keeps its place."""
        return self.lake.checkpoint(job.name, self.version(job), part)

    def app_id(self, job: Job, part: str = "") -> str:
        """The Delta transaction application id of the job's writes."""
        return ":".join(filter(None, ("kith", job.name, self.version(job), part)))

    def rebuild(self, job: Job) -> None:
        """Begin a new epoch of the job: its rows go (a ledger's stay) and its next run starts from the first input row."""
        if not self.lake.exists(job.writes):
            return
        epoch = int(self.lake.properties(job.writes).get(EPOCH, "0")) + 1
        self.lake.set_property(job.writes, EPOCH, str(epoch))  # first: killed in between, rows come twice, never not
        if not job.is_ledger:
            self.lake.truncate(job.writes)

    def as_of(self) -> date:
        """The day that as-of jobs compute for: the one given, else the latest day in the data (never the clock)."""
        if self.day:
            return self.day
        for table, column in CLOCKS:
            day = self._latest(table, column) if self.lake.exists(table) else None
            if day:
                return day
        return date(1970, 1, 1)

    def _latest(self, table: Table, column: str) -> date | None:
        found = self.lake.read(table).agg(F.max(column).cast("date")).collect()[0][0]
        return found if isinstance(found, date) else None
