"""What a ranking earns: the value found in the share of people that there is budget for, ours against theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate import Floats, Interval


@dataclass(frozen=True)
class Contest:
    """Two rankings of the same people at one cut-off: ``worth`` (n,), ``people`` (n,) a number each, two scores (n,)."""

    worth: Floats
    people: NDArray[np.int64]
    ours: Floats
    theirs: Floats


@dataclass(frozen=True)
class Earned:
    """Value within the budget, summed over the contests, and the gain as a share of what theirs earned.

    ``gain`` has the one-sided bounds of a paired bootstrap over people, who stand in every contest that they were in.
    """

    ours: float
    theirs: float
    everything: float
    gain: Interval


@dataclass(frozen=True)
class _Ranked:
    """Rows grouped by equal score, best first, ready to be weighed again and again."""

    group: NDArray[np.intp]
    groups: int
    values: Floats

    def earned(self, weights: Floats, budget: float) -> float:
        """Value of the best ``budget`` of the weight; a tie at the edge counts in proportion."""
        taken = np.concatenate(([0.0], np.cumsum(np.bincount(self.group, weights, self.groups))))
        found = np.concatenate(([0.0], np.cumsum(np.bincount(self.group, weights * self.values, self.groups))))
        return float(np.interp(budget * taken[-1], taken, found))


def earned(values: Floats, scores: Floats, budget: float) -> float:
    """Return the sum of ``values`` (n,) over the best ``budget`` (a share) of people by ``scores`` (n,)."""
    return _ranked(values, scores).earned(np.ones_like(values), budget)


def compare(
    contests: Sequence[Contest], *, budget: float, confidence: float, seed: int, rounds: int = 300
) -> Earned | None:
    """Return what both rankings earn within ``budget`` over all contests; None where there is no contest.

    The bootstrap draws people, not rows: somebody drawn twice counts twice at every cut-off, and both rankings are
    measured on the same draw, so that neither luck with people nor their recurrence passes for a gain. Source: Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8 (clustered data).
    """
    if not contests:
        return None
    everyone, where = np.unique(np.concatenate([c.people for c in contests]), return_inverse=True)
    ends = np.cumsum([len(c.people) for c in contests])[:-1]
    places = np.split(where, ends)
    pairs = [(_ranked(c.worth, c.ours), _ranked(c.worth, c.theirs)) for c in contests]

    def both(weights: Floats) -> tuple[float, float]:
        rows = [weights[place] for place in places]
        found = [[side.earned(w, budget) for side in pair] for pair, w in zip(pairs, rows, strict=True)]
        ours, theirs = np.sum(found, axis=0)
        return float(ours), float(theirs)

    draws, n = np.random.default_rng(seed), len(everyone)
    gains = [_gain(*both(np.bincount(draws.integers(0, n, n), minlength=n).astype(np.float64))) for _ in range(rounds)]
    low, high = np.nanquantile(gains, [1 - confidence, confidence])
    ours, theirs = both(np.ones(n))
    total = float(sum(c.worth.sum() for c in contests))
    return Earned(ours, theirs, total, Interval(float(low), _gain(ours, theirs), float(high)))


def _gain(ours: float, theirs: float) -> float:
    """As a share of theirs; where theirs earned nothing, all or nothing."""
    if theirs > 0:
        return ours / theirs - 1
    return 1.0 if ours > 0 else 0.0


def _ranked(values: Floats, scores: Floats) -> _Ranked:
    different, group = np.unique(-scores, return_inverse=True)
    return _Ranked(group, len(different), values)
