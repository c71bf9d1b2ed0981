"""The lake: the only object that touches storage. Tables are found by name below one root, created from contracts."""

import json
import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from lakehouse import ddl, session
from lakehouse.table import Table
from lakehouse.textfiles import reader

ALL_FILES = str(10**6)
YOUNG_SECONDS = 86_400
SECONDS_TO_CREATE = 5  # a log without a commit that is younger may be another's, who is creating the table now


class Lake:
    """Reads and streams Delta tables at ``<root>/<layer>/<entity>``; creates and migrates them from their contracts.

    ``spark`` may be given to the reading methods where another session than the lake's own must plan the read (inside
    ``foreachBatch``).
    """

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark = spark
        self.root = root.rstrip("/")
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self._creating: dict[str, threading.Lock] = {}

    def path(self, table: Table) -> str:
        """Where the table stands."""
        return f"{self.root}/{table.layer}/{table.entity}"

    def checkpoint(self, name: str, version: str, part: str = "") -> str:
        """Where the stream of a job of that version keeps its place; ``part`` tells several streams of one job apart."""
        return f"{self.root}/_checkpoints/{name}/{version}" + (f"/{part}" if part else "")

    def exists(self, table: Table) -> bool:
        """Whether the table is there."""
        if table.name in self._known:
            return True
        path = self.path(table)
        commits = Path(path, "_delta_log").glob("[0-9]*.json")  # a run that was killed may leave a log without one
        there = DeltaTable.isDeltaTable(self.spark, path) if "://" in path else any(commits)
        if there:
            self._known.add(table.name)
        return there

    def ensure(self, table: Table, properties: Mapping[str, str] | None = None) -> None:
        """Create the table from its contract where it is missing. Safe to call from several threads."""
        if self.exists(table):
            return
        with self._lock:
            mutex = self._creating.setdefault(table.name, threading.Lock())
        with mutex:
            if not self.exists(table):
                self._clear(table)
                ddl.create(self.spark, table, self.path(table), properties)
                self._known.add(table.name)

    def _clear(self, table: Table) -> None:
        """Remove a log without a commit, which a run that was killed left behind: Delta takes it for a table."""
        log = Path(self.path(table), "_delta_log")
        if log.is_dir() and time.time() - log.stat().st_mtime > SECONDS_TO_CREATE:
            shutil.rmtree(log)

    def conform(self, table: Table) -> None:
        """Bring the table to its contract; additive changes only (:class:`lakehouse.errors.ContractError`)."""
        changes = self.drift(table)
        if changes:
            ddl.migrate(self.spark, table, self.path(table), changes)

    def drift(self, table: Table) -> list[ddl.Drift]:
        """Differences between the contract and the table as it is; empty also where there is no table yet."""
        return ddl.drift(table, self.read(table).schema) if self.exists(table) else []

    def read(self, table: Table, spark: SparkSession | None = None, version: int | None = None) -> DataFrame:
        """The table now, or as of a Delta version."""
        reader = (spark or self.spark).read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def appended(self, table: Table, max_files: int | None = None) -> DataFrame:
        """A stream of the rows appended to the table; commits that only change rows are skipped."""
        return self._stream(table, {"skipChangeCommits": "true"}, max_files)

    def changes(self, table: Table, max_files: int | None = None) -> DataFrame:
        """A stream of the table's change data feed, from its first version on."""
        if not table.change_feed:
            return self.appended(table, max_files)
        return self._stream(table, {"readChangeFeed": "true"}, max_files)

    def _stream(self, table: Table, options: dict[str, str], max_files: int | None) -> DataFrame:
        """A stream from the table's beginning (where a checkpoint exists, it says where to go on instead).

        Of a young table the commits are read one by one: Delta would begin an older one with a snapshot, which costs
        several Spark jobs, but of which nothing may have been vacuumed yet.
        """
        if self._is_young(table):
            options = options | {"startingVersion": "0"}
        stream = self.spark.readStream.format("delta").options(**options)
        return stream.option("maxFilesPerTrigger", max_files or ALL_FILES).load(self.path(table))

    def _is_young(self, table: Table) -> bool:
        path = f"{self.path(table)}/_delta_log/{0:020d}.json"
        entries = [json.loads(line) for line in reader(self.spark)(path) or [] if line]
        made = next((entry["commitInfo"]["timestamp"] for entry in entries if "commitInfo" in entry), 0)
        return time.time() - made / 1000 < YOUNG_SECONDS

    def delta(self, table: Table, spark: SparkSession | None = None) -> DeltaTable:
        """The table as a target of MERGE and DELETE."""
        return DeltaTable.forPath(spark or self.spark, self.path(table))

    def version(self, table: Table) -> int:
        """The table's Delta version as this driver last saw it; -1 where there is none."""
        return session.table_version(self.spark, self.path(table)) if self.exists(table) else -1

    def is_untouched(self, table: Table) -> bool:
        """Whether nothing was ever written to the table, as this driver last saw it. No Spark job."""
        if self.version(table) > 0:
            return False
        entries = reader(self.spark)(f"{self.path(table)}/_delta_log/{0:020d}.json")  # a clone begins with all its rows
        return entries is not None and not any("add" in json.loads(line) for line in entries if line)

    def commit_metrics(self, table: Table, version: int) -> dict[str, int]:
        """What a commit counted (rows inserted, updated …), read from its own entry of the log: no Spark job."""
        entries = reader(self.spark)(f"{self.path(table)}/_delta_log/{version:020d}.json") or []
        for entry in (json.loads(line) for line in entries if line):
            if "commitInfo" in entry:
                counted = entry["commitInfo"].get("operationMetrics", {})
                return {name: int(value) for name, value in counted.items() if value.isdigit()}
        return {}

    def properties(self, table: Table) -> dict[str, str]:
        """The table's properties as this driver last saw them."""
        return session.table_properties(self.spark, self.path(table))

    def truncate(self, table: Table) -> None:
        """Delete every row (history keeps them until it is vacuumed)."""
        self.delta(table).delete()

    def set_property(self, table: Table, key: str, value: str) -> None:
        """Set one table property (a commit)."""
        self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` SET TBLPROPERTIES ('{key}' = '{value}')")
