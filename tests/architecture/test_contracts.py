"""The cheapest strong test: every job on empty frames of its inputs' contracts gives its own contract's schema."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.bronze import landing_job
from jobs.catalogue import build_graph, declared_jobs
from jobs.plan import empty, mismatches, plan_jobs, rehearse
from lakehouse import checks
from lakehouse.job import Job
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from lakehouse.table import Table
from lakehouse.tables import gold, silver
from tests.small_lake import context_for, settings_for

TRAINING = {"ops.model_run", "ops.value_run"}  # see tests/ml
JOBS = [job for job in declared_jobs() if job.name not in TRAINING]


@pytest.mark.parametrize("job", JOBS, ids=lambda j: j.name)
def test_empty_inputs_give_the_contracts_schema(job: Job, spark: SparkSession, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, ROOT / "conf")
    assert mismatches(job, rehearse(job, spark, settings)) == []


@pytest.mark.parametrize("table", [*silver.ALL, *gold.ALL], ids=lambda t: t.name)
def test_the_rules_of_a_contract_can_be_evaluated(table: Table, spark: SparkSession) -> None:
    frame = empty(spark, table)
    assert frame.select(checks.broken_rules(table)).schema[0].dataType.simpleString() == "array<string>"
    measured = checks.measure(table, frame)
    assert (measured.rows, set(measured.violations.values())) in ((0, {0}), (0, set()))


def test_the_dry_run_finds_nothing_and_writes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    context = context_for(spark, settings_for(tmp_path, ROOT / "conf"))
    graph = build_graph(load_sources(ROOT / "conf" / "sources"))
    told: list[str] = []
    assert plan_jobs(context, graph.select(["silver.order_line", "silver.identifier_observation"]), told.append) == 0
    assert sorted(told) == ["ok silver.identifier_observation: new table", "ok silver.order_line: new table"]
    assert not (tmp_path / "lake").exists()


def test_a_landing_job_is_named_and_told_like_its_source() -> None:
    source = load_sources(ROOT / "conf" / "sources")["crm__member"]
    job = landing_job(source)
    assert job.name == "bronze.crm__member"
    assert job.doc.startswith("Land ")
