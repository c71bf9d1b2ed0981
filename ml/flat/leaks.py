"""Features that are known only after the outcome, told by how much one alone knows of it."""

from dataclasses import dataclass

import numpy as np

from ml.evaluate import leaks as by_auc
from ml.evaluate import metrics
from ml.flat.table import Features, Floats

CERTAIN_AUC = 0.95
"""A feature that alone reaches this is no forecast."""
DOUBTFUL_AUC = 0.75
"""From here on a feature is compared with all others together."""
MARGIN = 0.02
SLICE = 30
"""People that a value must have to be judged by it."""


@dataclass(frozen=True)
class Leak:
    """A feature, and in words why it cannot have been known before."""

    feature: str
    reason: str


def single_aucs(found: Features, label: Floats) -> dict[str, float]:
    """Of each feature alone, the better of both directions; a text's values are ranked by their rate, a third held out."""
    aucs = {leak.feature: leak.auc for leak in by_auc(found.numbers, label, found.names, max_auc=0.0)}
    held_out = np.arange(len(label)) % 3 == 0
    for name, codes in zip(found.text_names, found.texts.T, strict=True):
        shifted = codes + 1
        seen = np.bincount(shifted[~held_out], minlength=shifted.max() + 1)
        came = np.bincount(shifted[~held_out], weights=label[~held_out], minlength=shifted.max() + 1)
        rate = (came + label.mean()) / (seen + 1)
        aucs[name] = metrics(label[held_out], rate[shifted[held_out]]).auc
    return aucs


def certain(found: Features, label: Floats) -> list[Leak]:
    """Features that need no model to be suspect: nearly perfect alone, or with a value that decides the outcome."""
    aucs = single_aucs(found, label)
    leaks = [Leak(name, f"AUC {auc:.3f} alone") for name, auc in aucs.items() if auc > CERTAIN_AUC]
    known = {leak.feature for leak in leaks}
    for name, values in zip(found.all_names, found.trees().T, strict=True):
        if name not in known and (share := _deciding(values, label)):
            leaks.append(Leak(name, f"where it is above its usual value, all {share} outcomes are the same"))
    return leaks


def doubtful(found: Features, label: Floats, others: dict[str, float]) -> list[Leak]:
    """Features that alone tell as much as all others together; ``others``: the AUC of a model without each that was asked."""
    aucs = single_aucs(found, label)
    return [
        Leak(name, f"AUC {aucs[name]:.3f} alone, all others together {rest:.3f}")
        for name, rest in others.items()
        if aucs[name] >= rest - MARGIN
    ]


def suspects(found: Features, label: Floats) -> list[str]:
    """Features that are worth a model without them, most telling first; two at most."""
    aucs = single_aucs(found, label)
    return sorted((name for name, auc in aucs.items() if DOUBTFUL_AUC < auc <= CERTAIN_AUC), key=lambda n: -aucs[n])[:2]


def _deciding(values: Floats, label: Floats) -> int:
    """How many rows have more than the usual value, where that is rare and all of them have the same, rarer outcome; else 0."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0
    unique, counts = np.unique(known, return_counts=True)
    usual = unique[np.argmax(counts)]
    above = values > usual
    n = int(above.sum())
    if n < SLICE or counts.max() < 0.5 * len(values):
        return 0
    rate, base = float(label[above].mean()), float(label.mean())
    chance = base**n if rate == 1 else (1 - base) ** n if rate == 0 else 1.0
    return n if chance < 1e-9 else 0
