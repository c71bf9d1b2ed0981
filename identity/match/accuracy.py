"""How right pairs and clusters are against true clusters or true pairs: precision, recall, F1, and B-cubed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall, shares of 1; with nothing claimed precision is 1, with nothing to find recall is 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def pairs_of_clusters(found: Ints, truth: Ints) -> Score:
    """Pairwise accuracy of clusters: a pair is claimed where two records share a cluster. Pairs are never listed."""
    cells = np.unique(np.stack([found, truth]), axis=1, return_counts=True)[1]
    return _score(
        _pairs(cells), _pairs(np.unique(found, return_counts=True)[1]), _pairs(np.unique(truth, return_counts=True)[1])
    )


def bcubed(found: Ints, truth: Ints) -> Score:
    """B-cubed accuracy (Bagga, Baldwin 1998): each record's share of its cluster that is right, and of its truth."""
    _, inverse, counts = np.unique(np.stack([found, truth]), axis=1, return_inverse=True, return_counts=True)
    common = counts[inverse.ravel()]
    size = _sizes(found)
    whole = _sizes(truth)
    return Score(float((common / size).mean()), float((common / whole).mean())) if len(found) else Score(1.0, 1.0)


def scored_pairs(found: Ints, truth: Ints) -> Score:
    """Accuracy of listed pairs: both are codes of pairs, each pair once."""
    return _score(len(np.intersect1d(found, truth)), len(np.unique(found)), len(np.unique(truth)))


def _score(common: float, claimed: float, true: float) -> Score:
    return Score(common / claimed if claimed else 1.0, common / true if true else 1.0)


def _pairs(sizes: NDArray[np.intp]) -> float:
    return float((sizes * (sizes - 1) // 2).sum())


def _sizes(labels: Ints) -> NDArray[np.intp]:
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sizes: NDArray[np.intp] = counts[inverse]
    return sizes
