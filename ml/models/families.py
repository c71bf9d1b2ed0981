"""What every family of models can do, and which one a saved folder holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ml.models import hazard, valued
from ml.models.boosted import BoostedClassifier, Floats


class Model(Protocol):
    """A model over numeric ``features``, in order; ``rows`` are always (n, features) with NaN for missing."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Its trees, as LightGBM's text over the features in order."""

    @property
    def calibration_kind(self) -> str:
        """How probabilities were calibrated: none, sigmoid, isotonic."""

    def predict(self, rows: Floats) -> Floats:
        """Return the score, (n,)."""

    def probability(self, rows: Floats) -> Floats:
        """Return the probability of the label, (n,)."""

    def rank(self, rows: Floats) -> Floats:
        """Return what orders the rows, greater is better, with as few ties as there can be, (n,)."""

    def outputs(self, rows: Floats) -> dict[str, Floats]:
        """Return what the family tells beside the score, by column, each (n,)."""

    def told(self, rows: Floats) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Return what ``predict``, ``rank`` and ``outputs`` do, with each tree asked once."""

    def contributions(self, rows: Floats) -> Floats:
        """Return SHAP values, (n, features + 1), the base last."""

    def gain(self) -> dict[str, float]:
        """Return the total gain of the splits on each feature."""

    def save(self, folder: Path) -> None:
        """Write the model as plain files into an existing folder."""


OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "lightgbm": {},
    valued.FAMILY: {
        "probability": "probability of the label",
        "expected_spend": "amount expected of who has the label",
    },
    hazard.FAMILY: {
        "expected_days": "days until the event or the horizon, whichever is first (restricted mean)",
        "median_days": "days by which half are expected to have had the event; null beyond the horizon",
    },
}
"""The columns that a family tells beside the score, with what they mean."""


def load(folder: Path) -> Model:
    """Return the model that was saved in ``folder``, of whichever family."""
    if (folder / "value.json").exists():
        return valued.ValuedClassifier.load(folder)
    if (folder / "hazard.json").exists():
        return hazard.BoostedHazard.load(folder)
    return BoostedClassifier.load(folder)


class _Frame(Protocol):
    """The little of a pandas frame that prediction needs."""

    def __getitem__(self, columns: list[str]) -> "_Frame": ...

    def to_numpy(self, dtype: str) -> Floats: ...


class _Predictor:
    """What MLflow's ``pyfunc`` calls: a frame of features in, scores out."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, frame: _Frame) -> Floats:
        """Return scores for a pandas frame that has the model's features as columns."""
        return self._model.predict(frame[list(self._model.features)].to_numpy(dtype="float64"))


def _load_pyfunc(path: str) -> _Predictor:
    """Load the model from MLflow's ``data`` folder (MLflow looks for this name)."""
    return _Predictor(load(Path(path)))
