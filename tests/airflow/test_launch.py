"""What Airflow is to run, tested without Airflow."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_dags import launch
from airflow_dags.launch import ManifestError, Pipeline, pipelines, platform

ROOT = Path(__file__).resolve().parents[2]
Content = dict[str, Any]


@pytest.fixture
def content(small_manifest: Path) -> Content:
    loaded: Content = json.loads(small_manifest.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def cut(content: Content) -> dict[str, Pipeline]:
    return {pipeline.dag_id: pipeline for pipeline in pipelines(content)}


def test_one_pipeline_for_each_cadence_and_group_that_has_jobs(cut: dict[str, Pipeline]) -> None:
    assert list(cut) == [
        "kith_daily_bronze",
        "kith_daily_silver",
        "kith_daily_identity",
        "kith_daily_gold",
        "kith_weekly_ml",
    ]


def test_edges_stay_inside_a_pipeline_and_assets_lead_between_them(cut: dict[str, Pipeline]) -> None:
    silver, gold = cut["kith_daily_silver"], cut["kith_daily_gold"]
    assert set(silver.edges) == {
        ("silver.customer_record", "silver.identifier_observation"),
        ("silver.order_line", "silver.identifier_observation"),
    }
    # bronze.ads__spend is read by nobody, and wakes nobody.
    assert {job.name for job in silver.wakes} == {"bronze.pos__receipt_north", "bronze.crm__member"}
    assert {job.name for job in gold.wakes} == {"silver.order_line", "silver.identity_map"}
    assert gold.edges == (("gold.fct_order_line", "gold.mart_customer_360"),)


def test_what_nobody_wakes_starts_by_its_cadence(cut: dict[str, Pipeline]) -> None:
    assert cut["kith_daily_bronze"].cron == "0 2 * * *"
    assert cut["kith_daily_silver"].cron is None
    # A daily table must not start a weekly job every day.
    assert cut["kith_weekly_ml"].wakes == ()
    assert cut["kith_weekly_ml"].cron == "0 6 * * 1"


def test_the_checked_in_manifest_is_runnable() -> None:
    manifest = launch.manifest_path({})
    assert manifest == ROOT / "airflow_dags" / "manifest.json"
    where = platform({"KITH_AIRFLOW_POOLS": "table"})
    found = launch.read_manifest(manifest)
    jobs = [job for pipeline in found for job in pipeline.jobs]
    assert len(launch.pools(found, where)) == len(jobs) == len({job.task_id for job in jobs})
    for job in jobs:
        arguments = launch.launch(job, where)
        assert job.task_id == job.name.replace(".", "__", 1)
        assert job.asset == "kith://" + job.name.replace(".", "/", 1)
        assert Path(str(arguments["application"])).is_file()
        assert Path(str(arguments["properties_file"])).is_file()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: m.update(version=2), "version 2"),
        (lambda m: m["jobs"].append(m["jobs"][0]), "declared twice"),
        (lambda m: m["jobs"][3].update(upstream=["bronze.nobody"]), r"silver\.order_line.*bronze\.nobody"),
        (lambda m: m["jobs"][0].update(upstream=["gold.fct_order_line"]), r"pos__receipt_north.*later group"),
        (lambda m: m["jobs"][0].update(group="lead"), "group 'lead'"),
        (lambda m: m["jobs"][0].update(size="xl"), "'xl'"),
        (lambda m: m["jobs"][0].pop("doc"), r"pos__receipt_north.*doc"),
        (lambda m: m["jobs"][0].update(colour="red"), r"pos__receipt_north.*colour"),
    ],
)
def test_a_contradictory_manifest_is_refused_by_name(
    content: Content, spoil: Callable[[Content], object], message: str
) -> None:
    spoiled = copy.deepcopy(content)
    spoil(spoiled)
    with pytest.raises(ManifestError, match=message):
        pipelines(spoiled)


def test_a_missing_or_broken_manifest_says_how_to_write_it(tmp_path: Path) -> None:
    broken = tmp_path / "manifest.json"
    with pytest.raises(ManifestError, match="kith graph --write"):
        launch.read_manifest(broken)
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(ManifestError, match="kith graph --write"):
        launch.read_manifest(broken)


def _core(root: Path) -> dict[str, str]:
    for folder in ("conf/spark", "jars/delta", "jars/sources", "jars/s3", "venv/lib/python3.11/site-packages/pyspark"):
        (root / folder).mkdir(parents=True)
    (root / "conf" / "base.yml").write_text("driver_memory: 3g\n", encoding="utf-8")
    far = '# the lake: far away\nlake: "s3a://kith/lake"  # a bucket\nspark_size: l\ndriver_memory: 8g\n'
    (root / "conf" / "far.yml").write_text(far, encoding="utf-8")
    return {"KITH_ROOT": str(root), "KITH_JARS": "jars", "KITH_VENV": "venv"}


def _every_jar(root: Path) -> str:
    return ",".join(f"{root}/jars/{name}/*.jar" for name in ("delta", "sources", "s3"))


def test_a_launch_names_the_core_environment_and_nothing_of_airflows(tmp_path: Path, cut: dict[str, Pipeline]) -> None:
    job = cut["kith_daily_gold"].jobs[0]
    arguments = launch.launch(job, platform(_core(tmp_path)))
    python = f"{tmp_path}/venv/bin/python"
    assert arguments.pop("execution_timeout") == launch.TIMEOUT["s"]
    assert arguments.pop("env_vars") == {
        "KITH_ROOT": str(tmp_path),
        "KITH_HOME": f"{tmp_path}/.kith",
        "KITH_CONF": f"{tmp_path}/conf",
        "KITH_JARS": f"{tmp_path}/jars",
        "KITH_SPARK_SIZE": "s",
        "PYTHONPATH": str(tmp_path),
        "PYSPARK_PYTHON": python,
        "PYSPARK_DRIVER_PYTHON": python,
        "SPARK_HOME": f"{tmp_path}/venv/lib/python3.11/site-packages/pyspark",
        "SPARK_DRIVER_MEMORY": "3g",
    }
    assert arguments == {
        "conn_id": "spark_local",
        "spark_binary": f"{tmp_path}/venv/bin/spark-submit",
        "application": f"{tmp_path}/jobs/main.py",
        "application_args": ["run", "gold.fct_order_line"],
        "name": "kith:gold.fct_order_line",
        "jars": _every_jar(tmp_path),
        "properties_file": f"{tmp_path}/conf/spark/s.conf",
        "pool": "kith_lake",
        "owner": "sales",
    }


def test_settings_of_the_environment_reach_the_launch(tmp_path: Path, cut: dict[str, Pipeline]) -> None:
    medium = cut["kith_daily_identity"].jobs[0]
    environment = _core(tmp_path)
    small = launch.launch(medium, platform(environment))
    assert small["properties_file"] == f"{tmp_path}/conf/spark/m.conf"
    far = platform({**environment, "KITH_ENV": "far"})
    assert far.jars == _every_jar(tmp_path)
    assert (far.size, far.memory) == ("l", "8g")
    assert launch.launch(medium, far)["properties_file"] == f"{tmp_path}/conf/spark/l.conf"
    nearer = platform({**environment, "KITH_ENV": "far", "KITH_LAKE": "/lake", "KITH_DRIVER_MEMORY": "2g"})
    assert (nearer.jars, nearer.memory) == (_every_jar(tmp_path), "2g")


def test_no_table_has_two_drivers_at_a_time(cut: dict[str, Pipeline]) -> None:
    everything = tuple(cut.values())
    jobs = [job for pipeline in everything for job in pipeline.jobs]
    for choice in ("lake", "table"):
        where = platform({"KITH_AIRFLOW_POOLS": choice})
        pools = launch.pools(everything, where)
        assert {pool["slots"] for pool in pools.values()} == {1}
        assert {str(launch.launch(job, where)["pool"]) for job in jobs} == set(pools)
        assert len(pools) == (1 if choice == "lake" else len(jobs))


@pytest.mark.parametrize(
    ("given", "events", "expected"),
    [
        (None, [], None),
        ("", [{}], None),
        ("2026-01-05", [{"as_of": "2026-02-01"}], "2026-01-05"),
        (None, [{}, {"as_of": "2026-01-31"}, {"as_of": "2026-02-01"}, {"as_of": "2026-01-01"}], "2026-02-01"),
    ],
)
def test_the_data_date_is_what_a_person_gave_else_what_woke_the_run(
    given: object, events: list[dict[str, object]], expected: str | None
) -> None:
    assert launch.as_of(given, events) == expected


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        launch.as_of("yesterday", [])


def test_the_pools_are_printed_for_airflow_to_import(small_manifest: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-S", launch.__file__],
        env={"KITH_MANIFEST": str(small_manifest), "KITH_AIRFLOW_POOLS": "table"},
        capture_output=True,
        text=True,
        check=True,
    )
    pools = json.loads(printed.stdout)
    assert len(pools) == 10
    assert pools["kith_silver__order_line"]["slots"] == 1
