"""Trainings of several models on one day: one pass over the facts for all, one row of ops.model_run for each."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from jobs.modelling import morning_after
from lakehouse.settings import Settings
from ml.features.people import Inputs
from ml.registry import prepare
from ml.spec import ModelSpec
from ml.train import TrainedModel, train
from ml.training_set import model_rows, sample, training_sets


def train_models(
    specs: Sequence[ModelSpec], facts: Inputs, *, as_of: date, settings: Settings, versions: Mapping[str, int]
) -> list[TrainedModel]:
    """Train the models as of a day and register what came of it.

    Features and outcomes of all cut-offs of all models are computed once and brought here as one bounded sample of people.
    """
    day = morning_after(as_of)
    most = max(spec.max_rows for spec in specs) * (2 if len(specs) > 1 else 1)  # their populations overlap, mostly
    with ThreadPoolExecutor(1) as beside:
        beside.submit(prepare, settings.mlflow_uri)
        sampled = sample(training_sets(specs, as_of=day, inputs=facts), max_rows=most)
    return [
        train(
            model_rows(sampled, specs, spec, day),
            spec,
            tracking_uri=settings.mlflow_uri,
            artifacts=Path(settings.home) / "mlartifacts",
            data_versions=versions,
            as_of=day,
        )
        for spec in specs
    ]


def run_row(trained: TrainedModel, as_of: date) -> tuple[object, ...]:
    """A training as a row of ops.model_run."""
    return (
        trained.name,
        as_of,
        trained.version,
        trained.alias,
        trained.reason,
        json.dumps(dict(trained.metrics), sort_keys=True),
        trained.card.to_json() if trained.card else None,
        trained.run_id,
    )
