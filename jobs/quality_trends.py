"""The history of quality as series: of each rule its violations, of each column its nulls and mean, batch by batch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.auditing import TABLES
from jobs.reporting.store import Row, Shelf
from lakehouse.errors import KithError
from lakehouse.table import Severity
from lakehouse.tables import ops
from lakehouse.verdicts import Checked, Verdict

BARS = "▁▂▃▄▅▆▇█"
LONGEST = 40
"""Batches of a series that are shown, the latest."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one rule, or one metric of a column, was in one batch."""

    at: datetime
    run_id: str
    rows: int
    verdict: Verdict

    @property
    def value(self) -> float:
        """What is drawn: the statistic, else the share of rows that break the rule."""
        if self.verdict.value is not None:
            return self.verdict.value
        return self.verdict.violations / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """One rule of one table (and part), its batches oldest first."""

    table: str
    part: str
    rule: str
    batches: tuple[Batch, ...]

    @property
    def last(self) -> Batch:
        """The latest batch."""
        return self.batches[-1]

    @property
    def values(self) -> list[float]:
        """The series that is drawn."""
        return [batch.value for batch in self.batches[-LONGEST:]]

    @property
    def state(self) -> str:
        """``passed``, ``warned`` or ``stopped``, of the latest batch."""
        verdict = self.last.verdict
        return "passed" if verdict.passed else "stopped" if verdict.stops else "warned"


def trends(root: str, table: str = "") -> list[Trend]:
    """Every rule's history in the lake at ``root``, by table and in order of the rule's name; without Spark.

    Raises :class:`KithError` where nothing was checked yet, or ``table`` never was.
    """
    shelf = Shelf(root, ops.ALL)
    there = shelf.columns("ops.dq_result")
    names = [f'"{c}"' if c in there else f'NULL AS "{c}"' for c in ops.DQ_RESULT.column_names]
    where = f"\"table\" = '{table}'" if table in TABLES else ""
    rows = shelf.select("ops.dq_result", names, where=where) if there else []
    if not rows or (table and table not in TABLES):
        raise KithError("nothing was checked yet: `kith run` checks what it publishes", table=table or None)
    return grouped(rows)


def grouped(rows: Iterable[Row]) -> list[Trend]:
    """Rows of ``ops.dq_result`` as series."""
    found: dict[tuple[str, str, str], list[Batch]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["checked_at"], row["run_id"])):
        batch = Batch(row["checked_at"], row["run_id"], row["rows"], verdict_of(row))
        found[row["table"], row["part"] or "", row["rule"]].append(batch)
    return [Trend(*key, tuple(batches)) for key, batches in sorted(found.items())]


def verdict_of(row: Row) -> Verdict:
    """A row of ``ops.dq_result`` as it was judged."""
    severity = Severity(row["severity"] or Severity.STOP)
    numbers = (row["allowed"] or 0.0, row["value"], row["low"], row["high"])
    return Verdict(row["rule"], row["rows"], row["violations"], row["passed"], severity, *numbers)


def latest(found: Sequence[Trend]) -> list[Checked]:
    """Each table's verdicts of its latest batch, as Great Expectations is told of them."""
    by_table: dict[str, list[Trend]] = defaultdict(list)
    for trend in found:
        by_table[trend.table].append(trend)
    checked = []
    for table, of in by_table.items():
        newest = max(of, key=lambda trend: trend.last.at).last
        part = next(trend.part for trend in of if trend.last is newest)
        now = [t.last.verdict for t in of if t.part == part and t.last.run_id == newest.run_id]
        checked.append(Checked(table, newest.run_id, newest.at, now))
    return checked


def sparkline(values: Sequence[float]) -> str:
    """A series as one line of bars; a series that never moves is flat at the bottom."""
    if not values:
        return ""
    low, high = min(values), max(values)
    span = high - low
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] if span else BARS[0] for value in values)


def failures(root: str) -> dict[tuple[str, str], int]:
    """Rows of ``ops.dq_failure`` by table and rule."""
    counted = ('"table"', "rule", "COUNT(*) AS n")
    rows = Shelf(root, ops.ALL).select("ops.dq_failure", counted, group=('"table"', "rule"))
    return {(row["table"], row["rule"]): row["n"] for row in rows}
