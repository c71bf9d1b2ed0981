"""Break, quarantine, mend, replay: silver is what it would have been without the fault, and a second replay changes nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyspark.sql import SparkSession

from jobs.context import Context
from jobs.land_command import land
from jobs.quarantine_command import quarantine
from jobs.quarantined import Filter, Quarantine
from lakehouse.errors import KithError
from lakehouse.settings import Settings
from lakehouse.tables import feeds, ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.small_lake import CONSENT, HEADER, SmallLake, context_for, statements

CSV = "shop__consent"
STRICT = CONSENT.replace("    columns:", "    sequence: $.at\n    columns:")
WRONG = STRICT.replace("action: $.action", "action: upper($.action)")
BROKEN_LINE = 'c7,"marketing,grant,2025-01-01 10:00:00'
BUSINESS = ("source", "consent_id", "purpose", "action", "occurred_at", "_sequence")


def content(small: SmallLake) -> list[tuple[object, ...]]:
    """What silver says, without the place from where it came."""
    return sorted(tuple(row) for row in small.read(silver.CONSENT_EVENT).select(*BUSINESS).collect())


@pytest.fixture
def kith(small: SmallLake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> "Kith":
    return Kith(small, spark, monkeypatch)


class Kith:
    """The command line over a test's lake: a context of its own for each command, the tests' one session."""

    def __init__(self, small: SmallLake, spark: SparkSession, patch: pytest.MonkeyPatch) -> None:
        self.small = small
        for module in ("land_command", "quarantine_command"):
            patch.setattr(f"jobs.{module}.load_settings", lambda _env: small.settings)
            patch.setattr(f"jobs.{module}.Context", self._context)
        self.spark = spark

    def _context(self, settings: Settings) -> Context:
        return context_for(self.spark, settings)

    def quarantine(self, *words: str) -> str:
        return self._said(CliRunner().invoke(quarantine, words))

    def land(self, *words: str) -> str:
        return self._said(CliRunner().invoke(land, words))

    @staticmethod
    def _said(result: Result) -> str:
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output


def open_entries(small: SmallLake) -> list[tuple[str, int | None, str]]:
    found = Quarantine(small.settings.lake_path).entries(Filter())
    return sorted(((Path(row["file"]).name, row["row"], row["reason"]) for row in found), key=str)


def faultless(small: SmallLake, spark: SparkSession, root: Path) -> list[tuple[object, ...]]:
    """What silver says of the same deliveries without faults."""
    other = SmallLake(spark, root)
    other.source(CSV, STRICT)
    other.deliver(CSV, "1.csv", f"{HEADER}\n{statements(range(8))}")
    other.deliver(CSV, "2.csv", f"{HEADER}\n{statements(range(20, 23), day=3)}", second=5)
    other.run("bronze.*", "silver.consent_event")
    return content(other)


def test_what_a_mended_source_and_edited_records_give_is_as_if_nothing_had_been_wrong(
    kith: Kith, small: SmallLake, spark: SparkSession, tmp_path: Path
) -> None:
    small.source(CSV, WRONG.replace("required: [id, ", "required: [ident, id, "))
    small.deliver(CSV, "2.csv", f"{HEADER}\n{statements(range(20, 23), day=3)}", second=5)
    small.run("bronze.*", "silver.consent_event")
    small.source(CSV, WRONG)
    small.deliver(CSV, "1.csv", f"{HEADER}\n{statements(range(7))}{BROKEN_LINE}\n")
    small.run("bronze.*", "silver.consent_event")
    assert open_entries(small) == [
        *[("1.csv", n, "action_valid") for n in range(1, 8)],
        ("1.csv", 8, "malformed_record"),
        ("2.csv", None, "wrong_header"),
    ]
    listed = kith.quarantine("list")
    assert "silver.consent_event" in listed
    assert "malformed_record" in listed
    assert "1.csv:8" in kith.quarantine("show", "--reason", "malformed_record")

    small.source(CSV, STRICT)
    said = kith.quarantine("replay", "--reason", "wrong_header")
    assert "taken again: shop__consent bronze.shop__consent wrong_header: 1" in said
    said = kith.quarantine("replay", "--reason", "action_valid")
    assert "silver.consent_event: 7 rows written" in said
    out = tmp_path / "edit.jsonl"
    kith.quarantine("show", "--out", str(out))
    line = json.loads(out.read_text(encoding="utf-8"))
    out.write_text(json.dumps(line | {"record": line["record"].replace('"', "")}) + "\n", encoding="utf-8")
    kith.quarantine("replay", "--edited", str(out))

    assert content(small) == faultless(small, spark, tmp_path / "other")
    assert open_entries(small) == []
    assert "nothing is in quarantine" in kith.quarantine("list")
    assert small.read(ops.QUARANTINE).count() == 9
    before = small.versions()
    assert "nothing to replay" in kith.quarantine("replay")
    assert small.versions() == before
    with pytest.raises(KithError, match="no longer"):
        kith.quarantine("replay", "--edited", str(out))


def test_what_fails_again_returns_with_the_new_reason_and_lands_once(kith: Kith, small: SmallLake) -> None:
    small.source(CSV, WRONG)
    small.deliver(CSV, "1.csv", f"{HEADER}\n{statements(range(3))}{BROKEN_LINE}\n")
    small.run("bronze.*", "silver.consent_event")
    small.source(CSV, WRONG.replace("$.id", "\"nullif($.id, 'c1')\""))
    said = kith.quarantine("replay")
    assert "refused again: silver.consent_event consent_id_required,action_valid: 1" in said
    assert "refused again: bronze.shop__consent malformed_record: 1" in said
    assert len(open_entries(small)) == 4
    assert small.read(silver.CONSENT_EVENT).count() == 0
    small.source(CSV, STRICT + 'options: {quote: "\'"}\n')
    kith.quarantine("replay")
    assert open_entries(small) == []
    assert {row[1] for row in content(small)} == {"c0", "c1", "c2", "c7"}
    assert small.read(bronze_table(CSV, "")).count() == 4


def test_a_replay_that_was_cut_off_is_taken_up_and_takes_nothing_twice(
    kith: Kith, small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.source(CSV, WRONG)
    small.deliver(CSV, "1.csv", f"{HEADER}\n{statements(range(3))}{BROKEN_LINE}\n")
    small.run("bronze.*", "silver.consent_event")
    small.source(CSV, STRICT + 'options: {quote: "\'"}\n')

    def cut(*_: object, **__: object) -> None:
        raise RuntimeError("killed before the mark")

    with monkeypatch.context() as patch:
        patch.setattr("jobs.replaying._mark", cut)
        with pytest.raises(RuntimeError):
            kith.quarantine("replay")
    first = content(small)
    assert len(open_entries(small)) == 4
    kith.quarantine("replay")
    assert content(small) == first
    assert open_entries(small) == []
    assert small.read(bronze_table(CSV, "")).count() == 4


def test_landing_one_source_tells_each_file(kith: Kith, small: SmallLake, tmp_path: Path) -> None:
    small.source(CSV, STRICT)
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"{HEADER}\n{statements(range(3))}{statements([9], action='maybe')}", encoding="utf-8")
    bad.write_text("id\n1\n", encoding="utf-8")
    said = kith.land(CSV, str(good), str(bad), "--map")
    assert "silver.consent_event: 4 rows in, 3 written, 0 older or repeated, 1 quarantined (action_valid 1)" in said
    assert [line.split() for line in said.splitlines()[1:3]] == [
        ["bad.csv", "0", "1", "0", "wrong_header", "1"],
        ["good.csv", "4", "0", "0"],
    ]
    assert "had been delivered before" in kith.land(CSV, str(good))
    good.write_text(f"{HEADER}\n{statements(range(3), action='deny', day=2)}", encoding="utf-8")
    assert "good~" in kith.land(CSV, str(good), "--map")
    assert {row[3] for row in content(small)} == {"deny"}
    again = tmp_path / "again.csv"
    again.write_bytes(good.read_bytes())
    assert "the same as good~" in kith.land(CSV, str(again), "--map")
    outcomes = small.read(feeds.LANDED_FILE).select("outcome").collect()
    assert sorted(row[0] for row in outcomes) == ["landed", "landed", "refused", "resent"]
