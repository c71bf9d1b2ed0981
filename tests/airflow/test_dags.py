"""The DAGs as Airflow itself parses them, in its own environment."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.conftest import ROOT, AirflowRun

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parsed(airflow: AirflowRun, small_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("parsed") / "dags.json"
    script = str(Path(__file__).with_name("describe_dags.py"))
    run = airflow("python", script, str(ROOT / "airflow_dags"), str(out), more={"KITH_MANIFEST": str(small_manifest)})
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert found["errors"] == {}
    return found


def test_ids_and_schedules(parsed: dict[str, Any]) -> None:
    assert {name: dag["schedule"] for name, dag in parsed["dags"].items()} == {
        "kith_daily_bronze": "0 2 * * *",
        "kith_daily_silver": {"AssetAll": ["kith://bronze/crm__member", "kith://bronze/pos__receipt_north"]},
        "kith_daily_identity": {"AssetAll": ["kith://silver/identifier_observation"]},
        "kith_daily_gold": {"AssetAll": ["kith://silver/identity_map", "kith://silver/order_line"]},
        "kith_weekly_ml": "0 6 * * 1",
    }


def test_only_what_has_a_cron_waits_for_a_person(parsed: dict[str, Any]) -> None:
    waiting = {name for name, dag in parsed["dags"].items() if dag["paused"]}
    assert waiting == {"kith_daily_bronze", "kith_weekly_ml"}
    assert {dag["runs"] for dag in parsed["dags"].values()} == {1}


def test_every_task_publishes_its_table_and_follows_what_it_reads(parsed: dict[str, Any]) -> None:
    silver = parsed["dags"]["kith_daily_silver"]["tasks"]
    assert {name: task["assets"] for name, task in silver.items()} == {
        "silver__customer_record": ["kith://silver/customer_record"],
        "silver__identifier_observation": ["kith://silver/identifier_observation"],
        "silver__order_line": ["kith://silver/order_line"],
    }
    assert silver["silver__identifier_observation"]["upstream"] == [
        "silver__customer_record",
        "silver__order_line",
    ]
    assert silver["silver__order_line"]["upstream"] == []


def test_a_task_carries_the_job_s_text_and_its_launch(parsed: dict[str, Any]) -> None:
    task = parsed["dags"]["kith_daily_gold"]["tasks"]["gold__mart_customer_360"]
    assert task["doc"].startswith("One row for each person.")
    assert (task["pool"], task["retries"], task["hours"]) == ("kith_lake", 2, 12)
    assert task["launch"]["conn_id"] == "spark_local"
    assert task["launch"]["application_args"] == ["run", "gold.mart_customer_360"]
    assert task["launch"]["spark_binary"].endswith("/.venv/bin/spark-submit")
    assert Path(task["launch"]["env_vars"]["SPARK_HOME"], "bin", "spark-class").is_file()


def test_parsing_is_quick(parsed: dict[str, Any]) -> None:
    # Airflow parses every DAG file again and again. Imports of Airflow and its operator are not counted.
    assert parsed["seconds"] < 0.3
