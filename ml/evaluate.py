"""How good a ranking of people is: metrics, tables, intervals and the leak guard, on plain arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOP_SHARE = 0.1


@dataclass(frozen=True)
class Metrics:
    """Of scores against outcomes, and on how many people with which rate of positives.

    ``auc``, ``ap`` (average precision) and ``lift10`` (of the best tenth) judge the ranking; ``brier`` and
    ``calibration_error`` (mean distance of predicted and actual rate over deciles) the probabilities.
    """

    auc: float
    ap: float
    lift10: float
    brier: float
    calibration_error: float
    base_rate: float
    rows: int


@dataclass(frozen=True)
class Decile:
    """A tenth of the people by score, 1 the best; ``gain``: share of all positives in it and better ones."""

    decile: int
    rows: int
    mean_score: float
    actual_rate: float
    lift: float
    gain: float


@dataclass(frozen=True)
class CalibrationBin:
    """People with scores in ``[low, high)``: what was predicted for them and what came."""

    low: float
    high: float
    rows: int
    mean_score: float
    actual_rate: float


@dataclass(frozen=True)
class Interval:
    """A difference of two models on the same people, with a paired bootstrap's bounds."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Leak:
    """A feature that tells the outcome, and its AUC (the better of both directions).

    ``reason`` says why it must have been known only afterwards; empty where the AUC alone says too much.
    """

    feature: str
    auc: float
    reason: str = ""


@dataclass(frozen=True)
class _Groups:
    """Rows grouped by equal score, best first: each row's group, and how many groups there are."""

    index: NDArray[np.intp]
    size: int

    def counts(self, labels: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Positives and negatives of each group under row weights."""
        positive = np.bincount(self.index, weights=weights * labels, minlength=self.size).astype(np.float64)
        everyone = np.bincount(self.index, weights=weights, minlength=self.size).astype(np.float64)
        return positive, everyone - positive


def metrics(labels: Floats, scores: Floats) -> Metrics:
    """Return all metrics for ``labels`` (n,) of 0 and 1 and ``scores`` (n,) in [0, 1].

    Equal scores count as half right (AUC) and as in random order (lift). Ranking metrics are NaN where all
    labels are equal.
    """
    positive, negative = _groups(scores).counts(labels, np.ones_like(labels))
    table = deciles(labels, scores)
    return Metrics(
        auc=_auc(positive, negative),
        ap=_ap(positive, negative),
        lift10=_lift10(positive, negative),
        brier=float(np.mean((scores - labels) ** 2)),
        calibration_error=sum(d.rows * abs(d.mean_score - d.actual_rate) for d in table) / len(labels),
        base_rate=float(labels.mean()),
        rows=len(labels),
    )


def deciles(labels: Floats, scores: Floats) -> list[Decile]:
    """Return the tenths of the people by score, best first; fewer than ten people give fewer rows."""
    order = np.argsort(-scores, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    base, total, found, table = float(labels.mean()), float(labels.sum()), 0.0, []
    for number, part in enumerate(parts, start=1):
        rate = float(labels[part].mean())
        found += float(labels[part].sum())
        lift, gain = (rate / base, found / total) if total else (float("nan"), float("nan"))
        table.append(Decile(number, len(part), float(scores[part].mean()), rate, lift, gain))
    return table


def calibration_bins(labels: Floats, scores: Floats, bins: int = 10) -> list[CalibrationBin]:
    """Return what was predicted and what came, by equal widths of score; empty widths are left out."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.digitize(scores, edges) - 1, 0, bins - 1)
    return [
        CalibrationBin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            rows=int((place == i).sum()),
            mean_score=float(scores[place == i].mean()),
            actual_rate=float(labels[place == i].mean()),
        )
        for i in range(bins)
        if (place == i).any()
    ]


def gain_interval(
    labels: Floats,
    ours: Floats,
    theirs: Floats,
    *,
    metric: str,
    confidence: float,
    seed: int,
    rounds: int = 400,
) -> Interval:
    """Return by how much ``ours`` beats ``theirs`` in ``auc``, ``ap`` or ``lift10`` on the same people.

    ``low`` and ``high`` are one-sided bounds at ``confidence`` from a paired bootstrap over people (rows):
    both scores are measured on the same resample. Resamples without both outcomes are left out.
    """
    measure = _RANKING[metric]
    groups = (_groups(ours), _groups(theirs))

    def difference(weights: Floats) -> float:
        mine, other = (measure(*group.counts(labels, weights)) for group in groups)
        return mine - other

    draws = np.random.default_rng(seed)
    n = len(labels)
    resamples = [
        difference(np.bincount(draws.integers(0, n, n), minlength=n).astype(np.float64)) for _ in range(rounds)
    ]
    low, high = np.nanquantile(resamples, [1 - confidence, confidence])
    return Interval(low=float(low), value=difference(np.ones_like(labels)), high=float(high))


def leaks(rows: Floats, labels: Floats, features: Sequence[str], *, max_auc: float) -> list[Leak]:
    """Return the features of ``rows`` (n, features) whose AUC alone is above ``max_auc``, worst first.

    Missing values are tried as the lowest and as the highest value, so that a field filled in only after the
    outcome is found by its being there.
    """
    found = [Leak(name, _single_auc(rows[:, i], labels)) for i, name in enumerate(features)]
    return sorted((leak for leak in found if leak.auc > max_auc), key=lambda leak: (-leak.auc, leak.feature))


def _single_auc(values: Floats, labels: Floats) -> float:
    ones = np.ones_like(labels)
    low, high = (
        _auc(*_groups(np.where(np.isnan(values), filler, values)).counts(labels, ones)) for filler in (-np.inf, np.inf)
    )
    return max(low, 1 - low, high, 1 - high)


def _groups(scores: Floats) -> _Groups:
    different, index = np.unique(-scores, return_inverse=True)
    return _Groups(index=index, size=len(different))


def _auc(positive: Floats, negative: Floats) -> float:
    pairs = positive.sum() * negative.sum()
    above = np.cumsum(positive) - positive / 2
    return float((negative * above).sum() / pairs) if pairs else float("nan")


def _ap(positive: Floats, negative: Floats) -> float:
    total = positive.sum()
    taken = np.cumsum(positive + negative)
    precision = np.divide(np.cumsum(positive), taken, out=np.zeros_like(taken), where=taken > 0)
    return float((positive * precision).sum() / total) if total else float("nan")


def _lift10(positive: Floats, negative: Floats) -> float:
    total = positive.sum()
    taken = np.concatenate(([0.0], np.cumsum(positive + negative)))
    found = np.concatenate(([0.0], np.cumsum(positive)))
    return float(np.interp(TOP_SHARE * taken[-1], taken, found) / (TOP_SHARE * total)) if total else float("nan")


_RANKING: Mapping[str, Callable[[Floats, Floats], float]] = {"auc": _auc, "ap": _ap, "lift10": _lift10}
