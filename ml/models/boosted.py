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
Longs = NDArray[np.int64]
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

    @property
    def texts(self) -> tuple[str, ...]:
        """The trees, as LightGBM's text."""
        return (self.text,)

    @property
    def calibration_kind(self) -> str:
        """How the probabilities are calibrated."""
        return self.calibration.kind

    def margin(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return uncalibrated log odds, shape (n,), for ``rows`` (n, features); NaN means missing."""
        return raw_scores(self.text, rows, threads=threads)

    def rank(self, rows: Floats) -> Floats:
        """Return what orders the rows, greater is better, shape (n,): the margin, which has fewer ties."""
        return self.margin(rows)

    def probability(self, rows: Floats) -> Floats:
        """The same as ``predict``."""
        return self.predict(rows)

    def outputs(self, rows: Floats) -> dict[str, Floats]:
        """Nothing but the score: a classifier has no more to tell."""
        del rows
        return {}

    def told(self, rows: Floats) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Return probabilities and margins, each (n,), and no more outputs: the trees are asked once."""
        margin = self.margin(rows)
        return self.calibration.apply(margin), margin, {}

    def predict(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return probabilities, shape (n,), for ``rows`` of shape (n, features)."""
        return self.calibration.apply(self.margin(rows, threads=threads))

    def contributions(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Return each feature's share of the margin (the trees' SHAP values), shape (n, features + 1).

        The last column is the base; a row sums to its margin. Source: Lundberg et al., 2020, tree SHAP.
        """
        return raw_scores(self.text, rows, threads=threads, contributions=True)

    def gain(self) -> dict[str, float]:
        """Return the total gain of the splits on each feature, as LightGBM counts it."""
        found = split_gain(self.text)
        return {name: found[name] for name in self.features}

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
    fixed: dict[str, bool | int | float | str] = {"objective": "binary", "seed": seed}
    text = fit_trees(rows, labels, features, params={**params, **fixed}, rounds=rounds, threads=threads)
    return BoostedClassifier(text=text, features=tuple(features))


def fit_trees(
    rows: Floats,
    targets: Floats,
    features: Sequence[str],
    *,
    params: dict[str, bool | int | float | str],
    rounds: int,
    threads: int = 1,
) -> str:
    """Fit trees on ``rows`` (n, features) and ``targets`` (n,) and return them as LightGBM's text, the same each time.

    ``params`` name the objective and the seed.
    """
    import lightgbm as lgb

    fixed = {"num_threads": threads, "deterministic": True, "force_row_wise": True, "verbosity": -1}
    data = lgb.Dataset(rows, label=targets, feature_name=list(features), free_raw_data=True)
    return str(lgb.train({**params, **fixed}, data, num_boost_round=rounds).model_to_string())


def raw_scores(text: str, rows: Floats, *, threads: int = 1, contributions: bool = False) -> Floats:
    """Return what trees say of ``rows`` (n, features) on their own scale, (n,); or each feature's SHAP, (n, features + 1)."""
    booster = _booster(text)
    if contributions:
        return np.asarray(booster.predict(rows, pred_contrib=True, num_threads=threads), dtype=np.float64)
    return np.asarray(booster.predict(rows, raw_score=True, num_threads=threads), dtype=np.float64)


def split_gain(text: str) -> dict[str, float]:
    """Return the total gain of the splits on each feature, as LightGBM counts it."""
    booster = _booster(text)
    values = booster.feature_importance(importance_type="gain")
    return dict(zip(booster.feature_name(), map(float, values), strict=True))


@lru_cache(maxsize=128)
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
