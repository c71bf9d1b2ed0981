"""A match's model, logged to MLflow."""

import json
from pathlib import Path

from lakehouse.settings import load_settings
from ml.registry import log_matching


def register_model(env: str | None, name: str, out: Path) -> str:
    """Log ``out/model.json`` and the report to the MLflow of the environment; returns a line that says where."""
    settings = load_settings(env)
    model = json.loads((out / "model.json").read_text(encoding="utf-8"))
    params = {c["output_column_name"]: c["comparison_description"] for c in model["comparisons"]}
    run_id = log_matching(
        name,
        out / "model.json",
        tracking_uri=settings.mlflow_uri,
        artifacts=Path(settings.home) / "mlartifacts",
        params=params,
        metrics={"probability_two_random_records_match": model["probability_two_random_records_match"]},
    )
    return f"model logged to MLflow: experiment kith/match/{name}, run {run_id}"
