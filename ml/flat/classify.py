"""Who will: a boosted and a logistic model side by side, judged by cross-validation, after a search for leaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from ml.evaluate import Metrics, metrics
from ml.flat.leaks import Leak, certain, doubtful, suspects
from ml.flat.table import Features, Floats

FOLDS, SEED = 5, 42
THREADED = 20_000
"""Rows from which a second thread pays."""
TREES: dict[str, Any] = {
    "n_estimators": 150,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 40,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.7,
    "reg_lambda": 5.0,
    "verbose": -1,
}


@dataclass(frozen=True)
class Classified:
    """``scores`` (n,) out of fold, the mean of the folds' metrics by model, what leaked, and what the trees used."""

    label: Floats
    scores: Floats
    metrics: Metrics
    auc_std: float
    by_model: dict[str, float]
    leaks: tuple[Leak, ...]
    importance: dict[str, float] = field(default_factory=dict)


def classify(found: Features, label: Floats, *, keep: Sequence[str] = ()) -> Classified:
    """Judge the features' models for ``label`` (n,) by stratified cross-validation (5 folds, seed 42), leaks left out.

    ``keep``: features that are no leaks, whatever it looks like. Raises ``ValueError`` for an outcome that is too rare.
    """
    if min(label.sum(), len(label) - label.sum()) < 2 * FOLDS:
        raise ValueError(
            f"the rarer outcome has {int(min(label.sum(), len(label) - label.sum()))} rows, {2 * FOLDS} are needed"
        )
    leaks = [leak for leak in certain(found, label) if leak.feature not in keep]
    clean = found.without([leak.feature for leak in leaks])
    asked = [name for name in suspects(clean, label) if name not in keep and len(clean.all_names) > 1]
    rest = {name: metrics(label, _trees_out_of_fold(clean.without([name]), label)).auc for name in asked}
    leaks += doubtful(clean, label, rest)
    clean = found.without([leak.feature for leak in leaks])
    if not clean.all_names:
        raise ValueError("no feature is left")
    return _judged(clean, label, tuple(leaks))


def _judged(found: Features, label: Floats, leaks: tuple[Leak, ...]) -> Classified:
    trees, linear = np.empty_like(label), np.empty_like(label)
    gain = np.zeros(len(found.all_names))
    folds = _folds(label)
    for train, test in folds:
        trees[test], used = _trees(found, label, train, test)
        gain += used
        linear[test] = _logistic(found, label, train, test)
    scores = np.empty_like(label)
    for others, test in folds:  # the weight of a fold comes from the scores of the other folds
        scores[test] = _mixed(trees, linear, _weight(trees[others], linear[others], label[others]))[test]
    parts = [metrics(label[test], scores[test]) for _, test in folds]
    mean = {name: float(np.mean([getattr(part, name) for part in parts])) for name in ("auc", "ap", "lift10", "brier")}
    whole = metrics(label, scores)
    share = dict(zip(found.all_names, (gain / max(gain.sum(), 1e-9)).tolist(), strict=True))
    return Classified(
        label,
        scores,
        Metrics(**mean, calibration_error=whole.calibration_error, base_rate=whole.base_rate, rows=whole.rows),
        float(np.std([part.auc for part in parts])),
        {"boosted": metrics(label, trees).auc, "logistic": metrics(label, linear).auc},
        leaks,
        dict(sorted(share.items(), key=lambda item: -item[1])),
    )


def _mixed(trees: Floats, linear: Floats, weight: float) -> Floats:
    return weight * trees + (1 - weight) * linear


def _weight(trees: Floats, linear: Floats, label: Floats) -> float:
    """The share of the trees in the mean that ranks best."""
    return max((0.5, 0.75, 0.25, 1.0, 0.0), key=lambda w: round(metrics(label, _mixed(trees, linear, w)).auc, 4))


def _folds(label: Floats) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(np.zeros(len(label)), label))


def _trees(
    found: Features, label: Floats, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.float64]]:
    from lightgbm import LGBMClassifier

    rows = found.trees()
    texts = list(range(len(found.names), rows.shape[1]))
    model = LGBMClassifier(**TREES, random_state=SEED, n_jobs=2 if len(train) > THREADED else 1, importance_type="gain")
    model.fit(rows[train], label[train], categorical_feature=texts)
    return np.asarray(model.predict_proba(rows[test]))[:, 1], np.asarray(model.feature_importances_, dtype=np.float64)


def _trees_out_of_fold(found: Features, label: Floats) -> Floats:
    scores = np.empty_like(label)
    for train, test in _folds(label):
        scores[test] = _trees(found, label, train, test)[0]
    return scores


def _logistic(found: Features, label: Floats, train: NDArray[np.intp], test: NDArray[np.intp]) -> Floats:
    rows = found.linear(train)
    model = LogisticRegression(C=0.1, max_iter=1000).fit(rows[train], label[train])
    return np.asarray(model.predict_proba(rows[test]), dtype=np.float64)[:, 1]
