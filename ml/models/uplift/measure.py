"""How good a ranking by uplift is: Qini, AUUC, uplift at k, value of a policy, with a paired bootstrap over people.

Radcliffe, Using control groups to target on predicted lift (2007); Devriendt, Guns and Verbeke, Learning to rank for uplift
modeling (2020). The coefficients are those of scikit-uplift: area between curve and diagonal, over that of the best ranking
that there could be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """Outcomes ``y`` (n,) of 0 and 1, and who was treated (n,) of 0 and 1, of people whose scores were made without them."""

    y: Floats
    treatment: Floats

    @cached_property
    def best(self) -> Floats:
        """The ranking with the largest Qini that there could be: treated who came first, others who came last."""
        return self.y * (2 * self.treatment - 1)

    @cached_property
    def best_uplift(self) -> Floats:
        """The same for the uplift curve, as scikit-uplift has it: ties go to what there is more of."""
        came_untreated = float(((self.y == 1) & (self.treatment == 0)).sum())
        treated_in_vain = float(((self.y == 0) & (self.treatment == 1)).sum())
        tie = self.y if came_untreated > treated_in_vain else self.treatment
        return np.asarray(2.0 * (self.y == self.treatment) + tie, dtype=np.float64)


@dataclass(frozen=True)
class Ranked:
    """People by score, best first: their order, and where a run of equal scores ends."""

    order: NDArray[np.intp]
    ends: NDArray[np.intp]

    @classmethod
    def by(cls, scores: Floats) -> "Ranked":
        """Rank scores (n,); equal ones are together."""
        order = np.argsort(-scores, kind="stable")
        return cls(order, np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1])


@dataclass(frozen=True)
class Curve:
    """Cumulative counts at the ends of runs, from nobody to all: people, gain in responders (Qini), gain (uplift)."""

    people: Floats
    qini: Floats
    uplift: Floats


def curve(trial: Trial, ranked: Ranked, weights: Floats | None = None) -> Curve:
    """The curves of a ranking; ``weights`` (n,) count each person several times, or not at all."""
    order, ends = ranked.order, ranked.ends
    w = np.ones(len(order)) if weights is None else weights[order]
    treated, came = w * trial.treatment[order], w * trial.y[order]
    n, n1, y1, y = (np.cumsum(part)[ends] for part in (w, treated, came * trial.treatment[order], came))
    n0, y0 = n - n1, y - y1
    ratio = np.divide(n1, n0, out=np.zeros_like(n1), where=n0 > 0)
    rate1 = np.divide(y1, n1, out=np.zeros_like(n1), where=n1 > 0)
    rate0 = np.divide(y0, n0, out=np.zeros_like(n0), where=n0 > 0)
    return Curve(np.r_[0, n], np.r_[0, y1 - y0 * ratio], np.r_[0, (rate1 - rate0) * n])


def qini(trial: Trial, scores: Floats) -> float:
    """The Qini coefficient: 0 for a ranking by lot, 1 for the best there could be."""
    return _coefficient(trial, Ranked.by(scores), Ranked.by(trial.best), None, lambda c: c.qini)


def auuc(trial: Trial, scores: Floats) -> float:
    """The area under the uplift curve, in the same scale."""
    return _coefficient(trial, Ranked.by(scores), Ranked.by(trial.best_uplift), None, lambda c: c.uplift)


def uplift_at(trial: Trial, scores: Floats, share: float = 0.3) -> float:
    """Rate of the treated less that of the others among the best ``share`` of people by score."""
    top = np.argsort(scores, kind="mergesort")[::-1][: int(len(scores) * share)]
    is_in = trial.treatment[top] == 1
    if is_in.all() or not is_in.any():
        return float("nan")
    return float(trial.y[top][is_in].mean() - trial.y[top][~is_in].mean())


def policy_value(trial: Trial, treats: NDArray[np.bool_]) -> float:
    """Expected outcome per person when exactly ``treats`` (n,) are treated, by inverse propensity of a randomised test."""
    share = float(trial.treatment.mean())
    follows = np.where(treats, trial.treatment / share, (1 - trial.treatment) / (1 - share))
    return float((follows * trial.y).sum() / follows.sum())


@dataclass(frozen=True)
class Judged:
    """A Qini coefficient with its interval, and the interval of its gain over another ranking of the same people."""

    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


def judge(trial: Trial, ours: Floats, theirs: Floats, *, seed: int, rounds: int = 400, level: float = 0.95) -> Judged:
    """Measure ``ours`` (n,) and its gain over ``theirs`` (n,) with a paired bootstrap over people, two-sided at ``level``."""
    mine, other, best = (Ranked.by(scores) for scores in (ours, theirs, trial.best))
    draws, n = np.random.default_rng(seed), len(ours)

    def both(weights: Floats | None) -> tuple[float, float]:
        a, b = (_coefficient(trial, one, best, weights, lambda c: c.qini) for one in (mine, other))
        return a, a - b

    samples = np.array(
        [both(np.bincount(draws.integers(0, n, n), minlength=n).astype(np.float64)) for _ in range(rounds)]
    )
    (low, gain_low), (high, gain_high) = np.nanquantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=0)
    value, gain = both(None)
    return Judged(value, float(low), float(high), gain, float(gain_low), float(gain_high))


def _coefficient(
    trial: Trial, ranked: Ranked, best: Ranked, weights: Floats | None, values: Callable[[Curve], Floats]
) -> float:
    found, ideal = curve(trial, ranked, weights), curve(trial, best, weights)
    line = values(ideal)[-1] * ideal.people[-1] / 2
    width = np.trapezoid(values(ideal), ideal.people) - line
    return float((np.trapezoid(values(found), found.people) - line) / width) if width else float("nan")
