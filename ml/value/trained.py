"""What a training needs of the platform, and what comes of it, whatever the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MODEL_FILE = "model.json"


@dataclass(frozen=True)
class Store:
    """Where trainings are kept: MLflow's URI, the folder for artefacts, and the Delta versions that were read."""

    tracking_uri: str
    artifacts: Path
    data_versions: Mapping[str, int]


@dataclass(frozen=True)
class Trained:
    """What came of a training; where the data did not suffice nothing was registered and ``reason`` says what was missing."""

    name: str
    version: str | None
    alias: str | None
    reason: str
    metrics: Mapping[str, float]
    card: str | None
    run_id: str | None
