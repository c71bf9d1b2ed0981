"""Pareto/NBD: buying at a gamma-mixed Poisson rate for a gamma-mixed exponential lifetime.

Schmittlein, Morrison and Colombo, Counting Your Customers (Management Science 33, 1987); the likelihood as in Fader and Hardie,
A Note on Deriving the Pareto/NBD Model (2005).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, hyp2f1

from ml.models.clv.estimate import Likelihood, numeric
from ml.models.clv.fitted import Odds, PurchaseModel
from ml.models.clv.histories import Floats, Histories


class ParetoNBDModel(PurchaseModel):
    """Pareto/NBD with parameters ``r, alpha`` of the rate and ``s, beta`` of the lifetime."""

    names = ("r", "alpha", "s", "beta")
    times = ("alpha", "beta")
    starts = ((0.5, 3.0, 0.6, 3.0), (1.0, 10.0, 1.0, 10.0))

    def _likelihood(self, some: Histories, weights: Floats) -> Likelihood:
        x = some.frequency
        last, end = _Pairs.of(x, some.recency), _Pairs.of(x, some.T)

        def loglik(params: Floats) -> float:
            r, alpha, s, beta = params
            alive, stopped = _compared(params, some, last.ended(params), end.ended(params))
            value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.logaddexp(alive, stopped)
            return float(weights @ value)

        return numeric(loglik)

    def _alive(self, told: Histories) -> Floats:
        alive, stopped = _terms(np.array(list(self.params_.values())), told)
        with np.errstate(over="ignore"):  # odds beyond all numbers: not alive
            return np.asarray(1 / (1 + np.exp(stopped - alive)), dtype=np.float64)

    def _expected(self, told: Histories, t: Floats) -> Floats:
        return self.if_alive(t, told.frequency, told.T) * self._alive(told)

    def if_alive(self, t: float | Floats, frequency: Floats, T: Floats) -> Floats:  # noqa: N803
        """As the base class says; Schmittlein, Morrison and Colombo (1987), equation 22."""
        r, alpha, s, beta = self.params_.values()
        s = s + 1e-7 if abs(s - 1) < 1e-7 else s
        rate = (r + frequency) / (alpha + T)
        left = (beta + T) / (s - 1) * -np.expm1((s - 1) * np.log((beta + T) / (beta + T + t)))
        return np.asarray(rate * left, dtype=np.float64)

    def odds(self, frequency: Floats, at: Floats) -> Odds:
        """As the base class says."""
        params = np.array(list(self.params_.values()))
        last, now = _ended(params, frequency, at), -_alive(params, frequency, at)
        return Odds(last=last, now=now, rest=last + now)


def _terms(params: Floats, told: Histories) -> tuple[Floats, Floats]:
    """Logarithms of what is alive and of what has stopped, up to a common factor."""
    return _compared(params, told, *(_ended(params, told.frequency, at) for at in (told.recency, told.T)))


@dataclass(frozen=True)
class _Pairs:
    """Distinct pairs of frequency and a time, and where each row's pair stands: far fewer than distinct histories."""

    x: Floats
    at: Floats
    where: NDArray[np.intp]

    @classmethod
    def of(cls, x: Floats, at: Floats) -> "_Pairs":
        rows, where = np.unique(np.column_stack([x, at]), axis=0, return_inverse=True)
        return cls(rows[:, 0], rows[:, 1], where.ravel())

    def ended(self, params: Floats) -> Floats:
        """``_ended`` for each row."""
        return _ended(params, self.x, self.at)[self.where]


def _compared(params: Floats, told: Histories, last: Floats, end: Floats) -> tuple[Floats, Floats]:
    """What is alive and what stopped between the last purchase and the end, from the ends after each."""
    between = last + np.log(np.maximum(-np.expm1(np.minimum(end - last, 0)), 1e-300))
    return _alive(params, told.frequency, told.T), between


def _ended(params: Floats, x: Floats, at: Floats) -> Floats:
    """Logarithm of all ends after a time, up to the factor of ``_alive``."""
    r, alpha, s, beta = params
    total, larger, gap = r + s + x, max(alpha, beta), abs(alpha - beta)
    second = s + 1 if alpha >= beta else r + x
    found = np.log(hyp2f1(total, second, total + 1, gap / (larger + at)))
    return np.asarray(np.log(s) - np.log(total) + found - total * np.log(larger + at), dtype=np.float64)


def _alive(params: Floats, x: Floats, at: Floats) -> Floats:
    r, alpha, s, beta = params
    return np.asarray(-(r + x) * np.log(alpha + at) - s * np.log(beta + at), dtype=np.float64)
