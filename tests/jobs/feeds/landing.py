"""What the tests of the feeds share: a source of consents from somewhere, runs of its job, and what has landed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from pyspark.sql import Row

import jobs.landing
from lakehouse.table import Table
from lakehouse.tables import ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.small_lake import SmallLake

SILVER = "silver.consent_event"
KILLED = "killed by the test"
MOMENTS = (pytest.param("_land_records", marks=pytest.mark.slow), "_quarantine")
"""Before a batch's rows are committed, and after."""

MAP = """
maps:
  silver.consent_event:
    columns: {{consent_id: {at}.id, purpose: {at}.purpose, action: {at}.action, occurred_at: {at}.at}}
"""


class Landing:
    """One source in a lake that the tests of a file share: a test begins with a source, and takes its file away again."""

    def __init__(self, small: SmallLake, request: pytest.FixtureRequest) -> None:
        self.small = small
        self.name = f"crm__t{abs(hash(request.node.nodeid))}"
        request.addfinalizer(partial(small.source, self.name, ""))

    @property
    def job(self) -> str:
        """The name of its landing job."""
        return f"bronze.{self.name}"

    @property
    def table(self) -> Table:
        """Its bronze table."""
        return bronze_table(self.name, "")

    def source(self, feed: str, more: str = "", at: str = "$") -> None:
        """Write the source file: what stands under ``from``, more keys, and where a record's fields are."""
        text = f"description: Consents from elsewhere.\n{more}from:\n{feed}\n{MAP.format(at=at)}"
        self.small.source(self.name, text)

    def land(self, files_a_batch: int = 1000) -> list[tuple[int, int, int]]:
        """Run the source's job; returns rows landed, quarantined and known already, of each batch."""
        outcome = self.small.run(self.job, max_files_per_batch=files_a_batch)
        assert not outcome.failures, outcome.failures
        return [(run.rows_out, run.rows_quarantined, run.rows_duplicate) for run in outcome.runs[self.job]]

    def failure(self) -> str:
        """What the source's job, which must fail, says."""
        (error,) = self.small.run(self.job).failures
        return str(error)

    def rows(self) -> list[Row]:
        """The bronze rows with their payload as ``json`` text."""
        return self.small.read(self.table).selectExpr("to_json(payload) json", "*").drop("payload").collect()

    def payloads(self) -> list[dict[str, object]]:
        """The payloads, decoded."""
        return [json.loads(row["json"]) for row in self.rows()]

    def ids(self) -> list[int]:
        """The field ``id`` of every payload, sorted, as often as it is there."""
        return sorted(int(str(payload["id"])) for payload in self.payloads())

    def refused(self) -> list[Row]:
        """Its rows in quarantine."""
        return self.small.read(ops.QUARANTINE).where(f"source = '{self.name}'").orderBy("file", "row").collect()

    def in_silver(self) -> list[str]:
        """Its consents in silver, after a run of that table's job."""
        outcome = self.small.run(SILVER)
        assert not outcome.failures, outcome.failures
        rows = self.small.read(silver.CONSENT_EVENT).where(f"source = '{self.name}'").select("consent_id").collect()
        return sorted(row[0] for row in rows)

    @contextmanager
    def killed(self, moment: str) -> Iterator[None]:
        """In the block the landing dies at a moment of :data:`MOMENTS`."""

        def die(*_: object) -> None:
            raise RuntimeError(KILLED)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs.landing, moment, die)
            yield


def consent(number: int, **more: object) -> dict[str, object]:
    """A consent as a record of any feed."""
    return {"id": number, "purpose": "marketing", "action": "grant", "at": f"2025-01-01T10:00:{number:02}Z"} | more
