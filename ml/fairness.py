"""Whether a model keeps its word in every slice of people, not only on the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate import Floats

Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Slice:
    """People who share a value of a column: what was predicted for them, what came, and how many got into the budget.

    ``selected`` is the share of the slice within the budget, ``found`` the share of its positives in there.
    """

    column: str
    value: str
    rows: int
    mean_score: float
    actual_rate: float
    selected: float
    found: float

    @property
    def gap(self) -> float:
        """Mean prediction less actual rate."""
        return self.mean_score - self.actual_rate


def slices(
    labels: Floats, scores: Floats, columns: Mapping[str, Texts], *, budget: float, min_rows: int
) -> list[Slice]:
    """Return the slices of ``columns`` (each (n,) of text or None) that have ``min_rows``, the largest gap first.

    ``labels`` (n,) of 0 and 1, ``scores`` (n,) probabilities, ``budget`` the share of people that is acted upon.
    """
    chosen = scores >= np.quantile(scores, 1 - budget)
    found = [
        _slice(name, str(value), values == value, labels, scores, chosen)
        for name, values in columns.items()
        for value in sorted({str(v) for v in values if v is not None})
        if int((values == value).sum()) >= min_rows
    ]
    return sorted(found, key=lambda part: (-abs(part.gap), part.column, part.value))


def _slice(
    column: str, value: str, member: NDArray[np.bool_], labels: Floats, scores: Floats, chosen: NDArray[np.bool_]
) -> Slice:
    positives = float(labels[member].sum())
    return Slice(
        column=column,
        value=value,
        rows=int(member.sum()),
        mean_score=float(scores[member].mean()),
        actual_rate=float(labels[member].mean()),
        selected=float(chosen[member].mean()),
        found=float(labels[member & chosen].sum()) / positives if positives else 0.0,
    )


def unfair(found: Sequence[Slice], max_gap: float) -> list[Slice]:
    """Return the slices whose mean prediction is further from what came than ``max_gap``."""
    return [part for part in found if abs(part.gap) > max_gap]
