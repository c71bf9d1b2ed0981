"""An MLflow store of its own for a test, and trainings into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from ml.spec import ModelSpec, load_spec
from ml.train import TrainedModel, train
from tests.ml.planted import TODAY, Brand

SPEC = load_spec(Path(__file__).parents[2] / "conf" / "models" / "repurchase_30d.yml")


@dataclass(frozen=True)
class Store:
    """An MLflow store of its own, in a folder."""

    folder: Path

    @property
    def uri(self) -> str:
        """The tracking and registry URI."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def train(self, rows: pa.Table, spec: ModelSpec = SPEC) -> TrainedModel:
        """Train on rows as known before ``TODAY``."""
        return train(
            rows,
            spec,
            tracking_uri=self.uri,
            artifacts=self.folder / "artifacts",
            data_versions={"gold.fct_order_line": 7},
            as_of=TODAY,
        )


def named(name: str, **changes: object) -> ModelSpec:
    """Return the project's model under another name, with changes."""
    return SPEC.model_copy(update={"name": name, **changes})


def cutoffs(days: Sequence[int] = SPEC.cutoffs_days_ago) -> list[date]:
    """Return the dates that are so many days before ``TODAY``."""
    return [TODAY - timedelta(days=n) for n in days]


@dataclass(frozen=True)
class Trained:
    """A store, the brand and its labelled past, and what the first training of it gave."""

    store: Store
    brand: Brand
    rows: pa.Table
    model: TrainedModel
