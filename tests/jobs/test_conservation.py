"""Every row is accounted for from file to silver: re-sent, corrected, late and broken files, and runs cut off in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.accounting import Counted, by_source, count_by_source, counted_in
from jobs.landing import NOTHING, quarantine
from lakehouse.checks import BROKEN, Measured, broken_rules, measure
from lakehouse.conservation import Balance
from lakehouse.runlog import JobRun
from lakehouse.tables import feeds, ops, silver
from tests.small_lake import CONSENT, CONSENT_JSON, HEADER, SmallLake, context_for, statements

CSV, LINES, BRONZE = "shop__consent", "app__consent", "bronze.shop__consent"
VERSIONED = CONSENT.replace("    columns:", "    sequence: $.at\n    columns:")
SILVER = silver.CONSENT_EVENT.name
FIGURES = ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate", "balance", "is_balanced")


def balances(small: SmallLake, stage: str) -> list[tuple[object, ...]]:
    """The figures of every batch of a stage, in the order of time."""
    rows = small.read(feeds.CONSERVATION).where(f"stage = '{stage}'").orderBy("checked_at", "source")
    return [tuple(row) for row in rows.select(*FIGURES).collect()]


def files(small: SmallLake) -> list[tuple[str, int, str]]:
    rows = small.read(feeds.LANDED_FILE).select("file", "rows", "outcome").collect()
    return sorted((Path(row[0]).name, row[1], row[2]) for row in rows)


def said(small: SmallLake) -> dict[str, str]:
    return {r[0]: r[1] for r in small.read(silver.CONSENT_EVENT).select("consent_id", "action").collect()}


def csv(lines: str) -> str:
    return f"{HEADER}\n{lines}"


@pytest.fixture(scope="module")
def told(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake after deliveries of two sources with every kind of fault."""
    small = SmallLake(spark, tmp_path_factory.mktemp("told"))
    small.source(CSV, VERSIONED)
    small.source(LINES, CONSENT_JSON)
    small.deliver(CSV, "1.csv", csv(statements(range(5)) + "c9,marke"))
    small.deliver(CSV, "wrong.csv", "id,purpose\n1,marketing\n")
    small.deliver(
        LINES, "1.jsonl", '{"id": "j1", "purpose": "p", "action": "maybe", "at": "2025-01-01T10:00:00Z"}\n' * 3
    )
    assert not small.run("bronze.*", SILVER).failures
    small.deliver(CSV, "1 again.csv", csv(statements(range(5)) + "c9,marke"), second=50)
    small.deliver(CSV, "2.csv", csv(statements(range(3, 8), action="deny", day=2)), second=60)
    small.deliver(CSV, "late.csv", csv(statements(range(3, 5), action="withdraw", day=1)), second=70)
    outcome = small.run("bronze.*", SILVER)
    assert not outcome.failures
    assert [(r.rows_in, r.rows_out, r.rows_duplicate) for r in outcome.runs[BRONZE]] == [(12, 7, 5)]
    return small


def test_what_is_read_of_files_is_in_bronze_in_quarantine_or_repeats(told: SmallLake) -> None:
    assert balances(told, "land") == [(3, 3, 0, 0, 0, True), (6, 5, 1, 0, 0, True), (12, 7, 0, 5, 0, True)]


def test_what_bronze_committed_is_what_the_mapping_saw_by_source(told: SmallLake) -> None:
    rows = told.read(feeds.CONSERVATION).where("stage = 'map'").orderBy("batch_id", "source")
    found = [tuple(row) for row in rows.select("source", *FIGURES).collect()]
    assert found == [(LINES, 3, 0, 3, 0, 0, True), (CSV, 5, 5, 0, 0, 0, True), (CSV, 7, 7, 0, 0, 0, True)]


def test_what_was_mapped_is_in_silver_in_quarantine_or_older(told: SmallLake) -> None:
    assert balances(told, "merge") == [(8, 5, 3, 0, 0, True), (7, 5, 0, 2, 0, True)]


def test_the_newer_version_wins_and_the_late_file_does_not(told: SmallLake) -> None:
    assert said(told) == {f"c{n}": "grant" if n < 3 else "deny" for n in range(8)}


def test_every_file_is_in_the_ledger_with_its_records(told: SmallLake) -> None:
    expected = [("1 again.csv", 5, "resent"), ("1.csv", 5, "landed"), ("1.jsonl", 3, "landed"), ("2.csv", 5, "landed")]
    assert files(told) == [*expected, ("late.csv", 2, "landed"), ("wrong.csv", 0, "refused")]


def test_freshness_is_told_by_source_and_history_breaks_no_promise(told: SmallLake) -> None:
    rows = told.read(feeds.FRESHNESS).orderBy("measured_at").collect()
    assert [(r["source"], r["table"], r["rows"], r["is_breached"]) for r in rows] == [
        (CSV, SILVER, 5, None),
        (CSV, SILVER, 7, True),
    ]
    assert all(r["p95_lag_seconds"] >= r["p50_lag_seconds"] > 0 and r["source_to_gold_hours"] < 1 for r in rows)


def test_a_file_that_returns_to_an_earlier_state_lands_where_its_time_is_its_version(small: SmallLake) -> None:
    small.source(CSV, CONSENT)
    small.deliver(CSV, "1.csv", csv(statements([1])))
    small.deliver(CSV, "2.csv", csv(statements([1], action="deny")), second=10)
    small.run(BRONZE, SILVER)
    assert said(small) == {"c1": "deny"}
    small.deliver(CSV, "3.csv", csv(statements([1])), second=20)
    small.run(BRONZE, SILVER)
    assert said(small) == {"c1": "grant"}
    small.deliver(CSV, "3 again.csv", csv(statements([1])), second=30)
    small.run(BRONZE, SILVER)
    assert [f for f in files(small) if f[2] == "resent"] == [("3 again.csv", 1, "resent")]


def test_a_run_cut_off_after_the_commit_is_counted_anew_and_lands_nothing_twice(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(4)) + "c9,marke"))

    def cut(*_: object, **__: object) -> None:
        raise RuntimeError("killed between write and commit")

    with monkeypatch.context() as patch:
        patch.setattr("jobs.landing.close_batch", cut)
        assert small.run(BRONZE).failures
    assert not small.run(BRONZE, SILVER).failures
    assert balances(small, "land") == [(5, 4, 1, 0, 0, True)]
    assert small.quarantined() == [("1.csv", 5, "malformed_record")]
    small.deliver(CSV, "1 again.csv", csv(statements(range(4)) + "c9,marke"), second=9)
    small.run(BRONZE, SILVER)
    assert files(small) == [("1 again.csv", 4, "resent"), ("1.csv", 4, "landed")]


def test_what_a_killed_run_did_not_write_down_is_told_by_the_next(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(4)) + "c9,marke"))
    with monkeypatch.context() as patch:
        patch.setattr("lakehouse.runlog.RunLog.flush", lambda _log, _lake: None)
        small.run(BRONZE)
    small.deliver(CSV, "1 again.csv", csv(statements(range(4)) + "c9,marke"), second=9)
    assert not small.run(BRONZE, SILVER).failures
    assert files(small) == [("1 again.csv", 4, "resent"), ("1.csv", 4, "landed")]
    assert sorted(balances(small, "land"), key=str) == [(4, 0, 0, 4, 0, True), (5, 4, 1, 0, 0, True)]


def test_a_full_rebuild_lands_every_file_again(small: SmallLake) -> None:
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(4))))
    small.run(BRONZE, SILVER)
    outcome = small.run(BRONZE, SILVER, full=True)
    assert [(r.rows_in, r.rows_duplicate) for r in outcome.runs[BRONZE]] == [(4, 0)]
    assert len(said(small)) == 4


def test_rows_that_go_missing_stop_the_job_and_are_told(small: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(4))))

    def loses_one(sources: list[str], measured: Measured) -> dict[str, Counted]:
        found = counted_in(sources, measured) or {}
        return {name: replace(counted, rows=counted.rows - 1) for name, counted in found.items()}

    with monkeypatch.context() as patch:
        patch.setattr("jobs.runner.counted_in", loses_one)
        outcome = small.run(BRONZE, SILVER)
    assert "map: 4 rows in" in str(outcome.failures[0])
    assert "1 rows lost" in str(outcome.failures[0])
    assert [b[-1] for b in balances(small, "map")] == [False]
    failed = small.read(ops.JOB_RUN).where("status = 'failed'").select("job").collect()
    assert [row[0] for row in failed] == [SILVER]


@pytest.mark.parametrize("apart", [False, True])
def test_rows_by_source_come_with_the_audit_and_equal_a_count_of_their_own(spark: SparkSession, *, apart: bool) -> None:
    table = silver.CONSENT_EVENT
    rows = [("a", "c1", 9), ("a", "c2", 5), ("a", None, 1), ("b's", None, 7), ("gone", "c3", 3)]
    given = spark.createDataFrame(rows, "source string, consent_id string, hour int").selectExpr(
        "*", "timestamp_seconds(hour * 3600) AS occurred_at", "'grant' AS action", "'marketing' AS purpose"
    )
    frame = given.selectExpr(
        "*", *[f"CAST(NULL AS {c.type}) AS {c.name}" for c in table.columns if c.name not in given.columns]
    )
    judged = frame.withColumn(BROKEN, broken_rules(table))
    for sources, adds_up in ((["a", "b's", "gone", "none"], True), (["a", "b's"], False), (list("abcdefgh"), False)):
        found = counted_in(sources, measure(table, frame, mapped=by_source(table, sources), apart=apart))
        assert found == (count_by_source(judged, table) if adds_up else None)


def test_a_lost_record_at_landing_stops_the_job(small: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(4))))

    def one_more(job: str, stage: str, source: str, batch: int, rows: int, *rest: int, **more: int) -> Balance:
        return Balance(job, stage, source, batch, rows + 1, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("jobs.delivered.Balance", one_more)
    failures = small.run(BRONZE).failures
    assert "land: 5 rows in" in str(failures[0])


def test_a_job_counts_the_rows_it_set_aside_not_those_of_the_jobs_beside_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    small = SmallLake(spark, tmp_path)
    context = context_for(spark, small.settings)
    context.lake.ensure(ops.QUARANTINE)

    def set_aside(rows: int) -> int:
        frame = spark.createDataFrame([("s", "x", "f", n, "r", "d", None) for n in range(rows)], NOTHING)
        return quarantine(context, frame, JobRun("run", f"job{rows}", 1, 0))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(set_aside, range(1, 9))) == list(range(1, 9))
    assert small.read(ops.QUARANTINE).count() == sum(range(1, 9))


def test_larger_sessions_land_the_same_and_leave_no_batch_behind(spark: SparkSession, tmp_path: Path) -> None:
    small = SmallLake(spark, tmp_path)
    small.source(CSV, VERSIONED)
    small.deliver(CSV, "1.csv", csv(statements(range(5)) * 2 + statements([5], action="maybe")))
    assert not small.run("bronze.*", SILVER, spark_size="m").failures
    small.deliver(CSV, "2.csv", csv(statements(range(3, 8), action="deny", day=2)), second=60)
    assert not small.run("bronze.*", SILVER, spark_size="m").failures
    assert said(small) == {f"c{n}": "grant" if n < 3 else "deny" for n in range(8)}
    assert balances(small, "merge") == [(11, 5, 1, 5, 0, True), (5, 5, 0, 0, 0, True)]
    assert not [path for path in Path(small.lake.root, "_staging").rglob("*") if path.is_file()]
