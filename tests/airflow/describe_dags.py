"""Run by Airflow's own Python: parse a folder of DAGs as Airflow does, and print as JSON what was found."""

import json
import sys
import time
from pathlib import Path

# Types are checked in the core environment, which has no Airflow.
from airflow.dag_processing.dagbag import BundleDagBag  # type: ignore[import-not-found]
from airflow.providers.apache.spark.operators import spark_submit  # type: ignore[import-not-found]
from airflow.sdk import DAG  # type: ignore[import-not-found]

ARGUMENTS = (
    "_conn_id",
    "_spark_binary",
    "application",
    "application_args",
    "properties_file",
    "jars",
    "env_vars",
)


def described(task: spark_submit.SparkSubmitOperator) -> dict[str, object]:
    """A task's edges, asset, pool, limits and what it submits."""
    return {
        "upstream": sorted(task.upstream_task_ids),
        "assets": [outlet.uri for outlet in task.outlets],
        "pool": task.pool,
        "retries": task.retries,
        "hours": task.execution_timeout.total_seconds() / 3600,
        "doc": task.doc_md,
        "launch": {name.strip("_"): getattr(task, name) for name in ARGUMENTS},
    }


def schedule(dag: DAG) -> object:
    """A cron expression, or the URIs of the assets that all must have landed."""
    condition = getattr(dag.timetable, "asset_condition", None)
    if condition is None:
        return dag.timetable.expression
    return {type(condition).__name__: sorted(asset.uri for asset in condition.objects)}


def main(folder: Path) -> dict[str, object]:
    """Everything about the DAGs of ``folder``, import errors and seconds of parsing included."""
    start = time.monotonic()
    bag = BundleDagBag(dag_folder=str(folder), bundle_path=folder)
    seconds = time.monotonic() - start
    dags = {
        name: {
            "schedule": schedule(dag),
            "paused": dag.is_paused_upon_creation,
            "runs": dag.max_active_runs,
            "tasks": {task.task_id: described(task) for task in dag.tasks},
        }
        for name, dag in bag.dags.items()
    }
    return {"errors": bag.import_errors, "seconds": seconds, "dags": dags}


if __name__ == "__main__":
    found = main(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
