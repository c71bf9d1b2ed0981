"""The leak guard: features that tell the outcome too well, or that are known only once it has come."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.evaluate import Floats, Leak, leaks

Mask = NDArray[np.bool_]

MIN_ROWS = 30
"""Rows that a value must have to be judged by it."""
CHANCE = 1e-9
"""How improbable it must be that all rows with more than the usual value have one outcome by luck."""
FADED = 0.25
"""A feature that is filled in this much less often on the latest cut-off than before has been filled in afterwards."""


def find(
    rows: Floats, labels: Floats, features: Sequence[str], *, max_auc: float, latest: Floats | None = None
) -> list[Leak]:
    """Return the leaking features of ``rows`` (n, features), worst first; the words of each say which rule found it.

    Three rules: a feature that alone is above ``max_auc``; one whose unusual values all have the rarer outcome (a field that
    is written when the outcome is); and, where ``latest`` (m, features) has rows whose outcome has not come yet, one that
    goes with the outcome and is hardly ever filled in there, although it was before.
    """
    alone = {leak.feature: leak.auc for leak in leaks(rows, labels, features, max_auc=0.0)}
    found: dict[str, str] = {name: "" for name, auc in alone.items() if auc > max_auc}
    for number, name in enumerate(features):
        if name not in found and (reason := _afterwards(rows[:, number], labels, _column(latest, number))):
            found[name] = reason
    return sorted(
        (Leak(name, alone[name], reason) for name, reason in found.items()), key=lambda leak: (-leak.auc, leak.feature)
    )


def _column(rows: Floats | None, number: int) -> Floats | None:
    return None if rows is None or not len(rows) else rows[:, number]


def _afterwards(values: Floats, labels: Floats, latest: Floats | None) -> str:
    """Why the feature is known only after the outcome; empty where nothing says so."""
    usual = _usual(values)
    filled = _filled(values, usual)
    n = int(filled.sum())
    if n < MIN_ROWS or n > 0.5 * len(values):
        return ""
    if _decides(labels[filled], float(labels.mean())):
        return f"where it is not its usual value, all {n} outcomes are the same"
    if latest is not None and _fades(filled, labels, _filled(latest, usual)):
        return (
            f"it goes with the outcome and is filled in for {filled.mean():.1%} of the past, "
            f"but for {_filled(latest, usual).mean():.1%} of those whose outcome is to come"
        )
    return ""


def _usual(values: Floats) -> float:
    """The most frequent value; NaN where most are missing."""
    known = values[~np.isnan(values)]
    if len(known) * 2 < len(values):
        return float("nan")
    different, counts = np.unique(known, return_counts=True)
    return float(different[np.argmax(counts)])


def _filled(values: Floats, usual: float) -> Mask:
    return np.asarray(~np.isnan(values) & (values != usual))


def _decides(labels: Floats, base: float) -> bool:
    """Whether all have the rarer outcome, and not by luck: the commoner one is what idle people have anyway."""
    rate, n = float(labels.mean()), len(labels)
    rarer = base if base <= 0.5 else 1 - base
    return rate == (1.0 if base <= 0.5 else 0.0) and rarer**n < CHANCE


def _fades(filled: Mask, labels: Floats, latest: Mask) -> bool:
    with_it, without = float(labels[filled].mean()), float(labels[~filled].mean())
    n, p = float(filled.sum()), float(labels.mean())
    noise = np.sqrt(max(p * (1 - p), 1e-12) * (1 / n + 1 / max(len(labels) - n, 1)))
    expected = float(filled.mean()) * len(latest)
    return abs(with_it - without) > 5 * noise and expected >= MIN_ROWS and latest.mean() < FADED * filled.mean()
