"""One DAG run for real: Airflow submits the platform's own jobs to Spark, and their rows are in the lake."""

import json
from pathlib import Path

import pytest

from jobs.catalogue import build_graph, manifest
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from tests.airflow.conftest import AirflowRun

pytestmark = pytest.mark.slow

EVENTS = """\
{"messageId": "m1", "type": "track", "event": "Product Viewed", "receivedAt": "2026-01-01T08:00:00Z"}
{"messageId": "m2", "type": "track", "event": "Product Viewed", "receivedAt": "2026-01-01T08:00:01Z"}
{"messageId": "m3", "type": "track", "event": "Product Vi
"""
SPEND = """\
day,channel,campaign_id,impressions,clicks,cost,currency
2026-01-01,search,c1,1000,20,12.50,CNY
"""


def _two_landing_jobs(path: Path) -> Path:
    """The platform's own manifest, cut down to two jobs: each costs a start of Spark."""
    whole = manifest(build_graph(load_sources(ROOT / "conf" / "sources")))
    wanted = {"bronze.app__event", "bronze.ads__spend"}
    jobs = [job for job in whole["jobs"] if job["name"] in wanted]  # type: ignore[attr-defined]
    path.write_text(json.dumps({**whole, "jobs": jobs}), encoding="utf-8")
    return path


def _rows(table: Path) -> int:
    """Rows of a Delta table that was only ever appended to, from its log."""
    actions = [json.loads(line) for log in table.glob("_delta_log/*.json") for line in log.open(encoding="utf-8")]
    return sum(json.loads(action["add"]["stats"])["numRecords"] for action in actions if "add" in action)


def test_a_dag_lands_files_through_spark_submit(airflow: AirflowRun, tmp_path: Path) -> None:
    for name, text in (("app/event/1.jsonl", EVENTS), ("ads/spend/2026-01-01.csv", SPEND)):
        file = tmp_path / "landing" / name
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    more = {
        "KITH_HOME": str(tmp_path),
        "KITH_MANIFEST": str(_two_landing_jobs(tmp_path / "manifest.json")),
        "KITH_DRIVER_MEMORY": "2g",
    }
    words = ("airflow", "dags", "test", "kith_daily_bronze", "--conf", '{"as_of": "2026-01-01"}')
    run = airflow(*words, more=more, seconds=300)
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert "run_duration" in said
    assert "state=success" in said
    for job in ("bronze.app__event", "bronze.ads__spend"):
        assert f"run {job} --as-of 2026-01-01" in said
    lake = tmp_path / "lake"
    assert _rows(lake / "bronze" / "app__event") == 2
    assert _rows(lake / "bronze" / "ads__spend") == 1
    assert _rows(lake / "ops" / "quarantine") == 1
