"""The DAGs, rendered from ``manifest.json``: one for each cadence and group, with assets between them."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

# Types are checked in the core environment, which has no Airflow; Airflow itself puts `launch` on the path.
from airflow.providers.apache.spark.operators import spark_submit  # type: ignore[import-not-found]
from airflow.sdk import DAG, Asset, Param  # type: ignore[import-not-found]
from launch import (  # type: ignore[import-not-found]
    Job,
    Pipeline,
    Platform,
    as_of,
    launch,
    manifest_path,
    platform,
    read_manifest,
)

AS_OF = Param(None, type=["null", "string"], format="date", description="Data date; empty: the latest day in the data.")
RETRY = {
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=20),
}


def build(pipeline: Pipeline, where: Platform) -> DAG:
    """One DAG of tasks and edges; it starts by its assets or by its cron, and never runs twice at a time.

    A DAG with a cron is paused until a person wants it; those that it wakes are ready.
    """
    dag = DAG(
        dag_id=pipeline.dag_id,
        schedule=[_asset(job) for job in pipeline.wakes] or pipeline.cron,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=pipeline.cron is not None,
        params={"as_of": AS_OF},
        default_args=RETRY,
        tags=["kith", pipeline.cadence, pipeline.group],
        doc_md=_pipeline_text(pipeline),
    )
    tasks = {job.name: _task(job, dag, where) for job in pipeline.jobs}
    for above, below in pipeline.edges:
        tasks[below].set_upstream(tasks[above])
    return dag


def _task(job: Job, dag: DAG, where: Platform) -> spark_submit.SparkSubmitOperator:
    return spark_submit.SparkSubmitOperator(
        task_id=job.task_id,
        dag=dag,
        outlets=[_asset(job)],
        doc_md=_job_text(job),
        pre_execute=_give_date,
        post_execute=_pass_date_on,
        **launch(job, where),
    )


def _asset(job: Job) -> Asset:
    return Asset(name=job.name, uri=job.asset, group="kith")


def _date(context: Mapping[str, Any]) -> str | None:
    woken_by = [event.extra for events in context["triggering_asset_events"].values() for event in events]
    day: str | None = as_of(context["params"]["as_of"], woken_by)
    return day


def _give_date(context: Mapping[str, Any]) -> None:
    if day := _date(context):
        context["task"].application_args = [*context["task"].application_args, "--as-of", day]


def _pass_date_on(context: Mapping[str, Any], _: object) -> None:
    if day := _date(context):
        for outlet in context["task"].outlets:
            context["outlet_events"][outlet].extra = {"as_of": day}


def _pipeline_text(pipeline: Pipeline) -> str:
    start = f"by cron `{pipeline.cron}` (UTC)"
    if pipeline.wakes:
        start = "when all of these have landed anew: " + ", ".join(f"`{job.name}`" for job in pipeline.wakes)
    return f"Jobs of the group **{pipeline.group}**, {pipeline.cadence}. Starts {start}."


def _job_text(job: Job) -> str:
    reads = ", ".join(f"`{name}`" for name in job.upstream) or "files"
    return f"{job.doc}\n\nWrites `{job.name}` (version {job.version}, size {job.size}); reads {reads}."


DAGS = {p.dag_id: build(p, platform(os.environ)) for p in read_manifest(manifest_path(os.environ))}
globals().update(DAGS)
