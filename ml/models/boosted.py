"""A calibrated LightGBM classifier as plain files: LightGBM's text and the calibration in JSON.

MLflow carries this one file with the model (``code_paths``), so it imports nothing of ours: a registered
model predicts wherever LightGBM is installed, and nothing is pickled. LightGBM takes three seconds to import
and is imported on first use, so that the graph of jobs loads without it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import lightgbm as lgb

Floats = NDArray[np.float64]
CalibrationKind = Literal["none", "sigmoid", "isotonic"]


@dataclass(frozen=True)
class Calibration:
    """A non-decreasing map from margin (log odds) to probability.

    ``none`` is the logistic function and has no numbers; ``sigmoid`` has ``x = (a, b)`` for
    ``1 / (1 + exp(-(a m + b)))``; ``isotonic`` has points ``(x, y)`` to interpolate between, flat outside.
    """

    kind: CalibrationKind = "none"
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def apply(self, margin: Floats) -> Floats:
        """Return probabilities for margins, same shape, in [0, 1]."""
        if self.kind == "isotonic":
            return np.asarray(np.interp(margin, self.x, self.y), dtype=np.float64)
        slope, shift = self.x if self.kind == "sigmoid" else (1.0, 0.0)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(slope * margin + shift, -500, 500))), dtype=np.float64)


@dataclass(frozen=True)
class BoostedClassifier:
    """LightGBM trees (``text``, its own format) over ``features`` in order, and their calibration."""

    text: str
    features: tuple[str, ...]
    calibration: Calibration = Calibration()

    def margin(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return uncalibrated log odds, shape (n,), for ``rows`` (n, features); NaN means missing."""
        raw = _booster(self.text).predict(rows, raw_score=True, num_threads=threads)
        return np.asarray(raw, dtype=np.float64)

    def predict(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return probabilities, shape (n,), for ``rows`` of shape (n, features)."""
        return self.calibration.apply(self.margin(rows, threads=threads))

    def contributions(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return each feature's share of the margin (the trees' SHAP values), shape (n, features + 1).

        The last column is the base; a row sums to its margin. Source: Lundberg et al., 2020, tree SHAP.
        """
        raw = _booster(self.text).predict(rows, pred_contrib=True, num_threads=threads)
        return np.asarray(raw, dtype=np.float64)

    def gain(self) -> dict[str, float]:
        """Return the total gain of the splits on each feature, as LightGBM counts it."""
        values = _booster(self.text).feature_importance(importance_type="gain")
        return dict(zip(self.features, map(float, values), strict=True))

    def save(self, folder: Path) -> None:
        """Write ``trees.txt`` and ``model.json`` into an existing folder."""
        (folder / "trees.txt").write_text(self.text, encoding="utf-8")
        calibration = {"kind": self.calibration.kind, "x": self.calibration.x, "y": self.calibration.y}
        head = {"features": self.features, "calibration": calibration}
        (folder / "model.json").write_text(json.dumps(head, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "BoostedClassifier":
        """Read what ``save`` wrote."""
        head = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        stored = head["calibration"]
        calibration = Calibration(stored["kind"], tuple(stored["x"]), tuple(stored["y"]))
        text = (folder / "trees.txt").read_text(encoding="utf-8")
        return cls(text=text, features=tuple(head["features"]), calibration=calibration)


def fit_booster(
    rows: Floats,
    labels: Floats,
    features: Sequence[str],
    *,
    params: dict[str, bool | int | float | str],
    rounds: int,
    seed: int,
    threads: int = 2,
) -> BoostedClassifier:
    """Fit trees by log loss and return them uncalibrated; the same input gives the same trees.

    ``rows`` (n, features) with NaN for missing, ``labels`` (n,) of 0 and 1. ``params`` go before our own
    settings, so that they cannot change objective, seed or determinism.
    """
    import lightgbm as lgb

    fixed = {
        "objective": "binary",
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(rows, label=labels, feature_name=list(features), free_raw_data=True)
    booster = lgb.train({**params, **fixed}, data, num_boost_round=rounds)
    return BoostedClassifier(text=booster.model_to_string(), features=tuple(features))


@lru_cache(maxsize=8)
def _booster(text: str) -> "lgb.Booster":
    """Parse the trees once per process, so that a Spark worker that is used again has them ready."""
    import lightgbm as lgb

    return lgb.Booster(model_str=text)


class _Frame(Protocol):
    """The little of a pandas frame that prediction needs."""

    def __getitem__(self, columns: list[str]) -> "_Frame": ...

    def to_numpy(self, dtype: str) -> Floats: ...


class _Predictor:
    """What MLflow's ``pyfunc`` calls: a frame of features in, probabilities out."""

    def __init__(self, model: BoostedClassifier) -> None:
        self._model = model

    def predict(self, frame: _Frame) -> Floats:
        """Return probabilities for a pandas frame that has the model's features as columns."""
        return self._model.predict(frame[list(self._model.features)].to_numpy(dtype="float64"))


def _load_pyfunc(path: str) -> _Predictor:
    """Load the model from MLflow's ``data`` folder (MLflow looks for this name)."""
    return _Predictor(BoostedClassifier.load(Path(path)))
