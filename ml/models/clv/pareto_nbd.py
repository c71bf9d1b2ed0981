"""Pareto/NBD: buying at a gamma-mixed Poisson rate for a gamma-mixed exponential lifetime.

Schmittlein, Morrison and Colombo, Counting Your Customers (Management Science 33, 1987); the likelihood as in Fader and Hardie,
A Note on Deriving the Pareto/NBD Model (2005).
"""

import numpy as np
from scipy.special import gammaln, hyp2f1

from ml.models.clv.estimate import Likelihood, numeric
from ml.models.clv.fitted import PurchaseModel
from ml.models.clv.histories import Floats, Histories


class ParetoNBDModel(PurchaseModel):
    """Pareto/NBD with parameters ``r, alpha`` of the rate and ``s, beta`` of the lifetime."""

    names = ("r", "alpha", "s", "beta")
    times = ("alpha", "beta")
    starts = ((0.5, 3.0, 0.6, 3.0), (1.0, 10.0, 1.0, 10.0))

    def _likelihood(self, some: Histories, weights: Floats) -> Likelihood:
        x = some.frequency

        def loglik(params: Floats) -> float:
            r, alpha, s, beta = params
            alive, stopped = _terms(params, some)
            value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.logaddexp(alive, stopped)
            return float(weights @ value)

        return numeric(loglik)

    def _alive(self, told: Histories) -> Floats:
        alive, stopped = _terms(np.array(list(self.params_.values())), told)
        return np.asarray(1 / (1 + np.exp(stopped - alive)), dtype=np.float64)

    def _expected(self, told: Histories, t: Floats) -> Floats:
        r, alpha, s, beta = self.params_.values()
        s = s + 1e-7 if abs(s - 1) < 1e-7 else s
        rate = (r + told.frequency) / (alpha + told.T)
        left = (beta + told.T) / (s - 1) * -np.expm1((s - 1) * np.log((beta + told.T) / (beta + told.T + t)))
        return np.asarray(rate * left * self._alive(told), dtype=np.float64)


def _terms(params: Floats, told: Histories) -> tuple[Floats, Floats]:
    """Logarithms of what is alive and of what has stopped, up to a common factor."""
    r, alpha, s, beta = params
    x, total = told.frequency, r + s + told.frequency
    larger, gap = max(alpha, beta), abs(alpha - beta)
    second = s + 1 if alpha >= beta else r + x

    def part(time: Floats) -> Floats:
        found = np.log(hyp2f1(total, second, total + 1, gap / (larger + time)))
        return np.asarray(found - total * np.log(larger + time), dtype=np.float64)

    last, end = part(told.recency), part(told.T)
    between = last + np.log(np.maximum(-np.expm1(np.minimum(end - last, 0)), 1e-300))
    alive = -(r + x) * np.log(alpha + told.T) - s * np.log(beta + told.T)
    return alive, np.log(s) - np.log(total) + between
