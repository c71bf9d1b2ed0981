"""A lake of a test's own: settings, context, source files and deliveries below one temporary folder."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.schedule import Outcome, run_graph
from lakehouse.lake import Lake
from lakehouse.settings import ROOT, Settings
from lakehouse.table import Table
from lakehouse.tables import feeds, ops

TOKEN_KEY = "a made-up key for the tests, 32 bytes and more"
CONSENT = """
description: Statements of consent for a test.
format: csv
required: [id, purpose, action, at]
maps:
  silver.consent_event:
    columns: {consent_id: $.id, purpose: $.purpose, action: $.action, occurred_at: $.at}
"""
CONSENT_JSON = CONSENT.replace("format: csv", "format: jsonl").replace("required: [id, purpose, action, at]", "")
HEADER = "id,purpose,action,at"
LOG_TABLES = (
    *(ops.JOB_RUN, ops.LINEAGE_EDGE, ops.QUARANTINE, ops.DQ_RESULT, ops.DQ_PROFILE),
    *(feeds.LANDED_FILE, feeds.CONSERVATION, feeds.FRESHNESS),
)


def settings_for(home: Path, conf: Path, **more: object) -> Settings:
    """Settings of a lake in ``home`` with the configuration of ``conf``."""
    values = {"env": "test", "home": str(home), "conf": str(conf), "token_key_ref": "env:KITH_TOKEN_KEY"}
    return Settings(**(values | more))  # type: ignore[arg-type]


def context_for(spark: SparkSession, settings: Settings, *, full: bool = False) -> Context:
    """A context as a new process would have it, over the tests' one session."""
    context = Context(settings, full=full)
    context.spark = spark
    return context


def statements(numbers: Iterable[int], action: str = "grant", day: int = 1) -> str:
    """Lines of consent statements, one for each number."""
    return "".join(f"c{n},marketing,{action},2025-01-{day:02} 10:00:00\n" for n in numbers)


@lru_cache(maxsize=1)
def log_tables(spark: SparkSession) -> Path:
    """A lake with the empty tables that every run writes to: to make them anew for each test takes longer than most runs."""
    root = Path(tempfile.mkdtemp(prefix="kith-tables-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    lake = Lake(spark, str(root))
    for table in LOG_TABLES:
        lake.ensure(table)
    return root


@dataclass
class SmallLake:
    """Deliveries and runs of one test; every run has a context of its own, as every process has.

    Its sources are those of ``conf``, where that is given, else those that the test writes.
    """

    spark: SparkSession
    root: Path
    conf: Path | None = None

    def __post_init__(self) -> None:
        own = self.root / "conf"
        self.settings = settings_for(self.root, self.conf or own)
        if not Path(self.settings.lake_path).exists():
            shutil.copytree(log_tables(self.spark), self.settings.lake_path)
        if not self.conf:
            (own / "sources").mkdir(parents=True)
            for shared in ("identity.yml", "survivorship.yml", "household.yml", "models", "value", "spark"):
                (own / shared).symlink_to(ROOT / "conf" / shared)

    @property
    def lake(self) -> Lake:
        """The lake, seen by nobody before."""
        return Lake(self.spark, self.settings.lake_path)

    def source(self, name: str, text: str) -> None:
        """Write (or change) a source file; no text takes it away."""
        path = self.root / "conf" / "sources" / f"{name}.yml"
        path.write_text(text, encoding="utf-8") if text else path.unlink()

    def deliver(self, name: str, file: str, content: str | bytes, second: int = 0) -> Path:
        """Deliver a file of a source, written at so many seconds of a fixed day."""
        path = self.root / "landing" / name.replace("__", "/", 1) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        at = 1_735_689_600 + second
        os.utime(path, (at, at))
        return path

    def deliver_copy(self, name: str, files: Iterable[Path]) -> None:
        """Deliver copies of files as they are, with the times that they have."""
        folder = self.root / "landing" / name.replace("__", "/", 1)
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy2(file, folder / file.name)

    def run(self, *select: str, full: bool = False, **more: object) -> Outcome:
        """Run a selection as a new process would."""
        settings = self.settings.model_copy(update=more)
        context = context_for(self.spark, settings, full=full)
        graph = build_graph(context.sources, context.models)
        return run_graph(context, graph, graph.select(select), lambda _job, _state: None)

    def read(self, table: Table) -> DataFrame:
        """A table as it is now."""
        return self.lake.read(table)

    def quarantined(self) -> list[tuple[str, int | None, str]]:
        """``(file name, row, reason)`` of what was refused, sorted."""
        rows = self.read(ops.QUARANTINE).select("file", "row", "reason").collect()
        return sorted(((Path(r[0]).name, r[1], r[2]) for r in rows), key=str)

    def versions(self) -> dict[str, int]:
        """Delta version of every table in the lake, from its log."""
        logs = Path(self.settings.lake_path).glob("*/*/_delta_log")
        return {str(log.parent): max((int(f.stem) for f in log.glob("*.json")), default=-1) for log in logs}
