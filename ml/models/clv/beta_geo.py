"""BG/NBD and MBG/NBD: buying at a gamma-mixed Poisson rate, stopping after a purchase with a beta-mixed probability.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way (Marketing Science 24, 2005); Batislam, Denizel and Filiztekin,
Empirical validation and comparison of models for customer base analysis (IJRM 24, 2007), where one may stop at once.
"""

from typing import ClassVar

import numpy as np
from scipy.special import digamma, gammaln, hyp2f1

from ml.models.clv.estimate import Likelihood
from ml.models.clv.fitted import Odds, PurchaseModel
from ml.models.clv.histories import Floats, Histories


class BetaGeoModel(PurchaseModel):
    """BG/NBD with parameters ``r, alpha`` of the rate and ``a, b`` of stopping; who never came back is alive."""

    names = ("r", "alpha", "a", "b")
    times = ("alpha",)
    starts = ((0.5, 3.0, 0.7, 2.0), (1.0, 10.0, 1.0, 5.0), (0.2, 1.0, 2.0, 8.0))
    chances: ClassVar[int] = 0
    """Chances to stop besides one after each repeat purchase."""

    def _likelihood(self, some: Histories, weights: Floats) -> Likelihood:
        x, last, age, m = some.frequency, some.recency, some.T, self.chances

        def both(params: Floats) -> tuple[float, Floats]:
            r, alpha, a, b = params
            alive, stopped = self._terms(params, some)
            total = np.logaddexp(alive, stopped)
            p = np.exp(stopped - total)
            value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(a + b + x + m)
            value += gammaln(b + x + m) - gammaln(b) + total
            rest = digamma(a + b) - digamma(a + b + x + m)
            by_r = (
                digamma(r + x) - digamma(r) + np.log(alpha) - (1 - p) * np.log(alpha + age) - p * np.log(alpha + last)
            )
            by_alpha = r / alpha - (r + x) * ((1 - p) / (alpha + age) + p / (alpha + last))
            by_b = rest + digamma(b + x + m) - digamma(b) - p / np.maximum(b + x + m - 1, 1e-300)
            gradient = [by_r, by_alpha, rest + p / a, by_b]
            return float(weights @ value), np.array([weights @ part for part in gradient])

        return both

    def _terms(self, params: Floats, told: Histories) -> tuple[Floats, Floats]:
        """Logarithms of what is alive and of what has stopped, up to a common factor; minus infinity: cannot have stopped."""
        r, alpha, a, b = params
        x, m = told.frequency, self.chances
        may = x + m > 0
        odds = np.log(a) - np.log(np.where(may, b + x + m - 1, 1.0))
        stopped = np.where(may, odds - (r + x) * np.log(alpha + told.recency), -np.inf)
        return -(r + x) * np.log(alpha + told.T), stopped

    def _alive(self, told: Histories) -> Floats:
        alive, stopped = self._terms(np.array(list(self.params_.values())), told)
        with np.errstate(over="ignore"):  # odds beyond all numbers: not alive
            return np.asarray(1 / (1 + np.exp(stopped - alive)), dtype=np.float64)

    def _expected(self, told: Histories, t: Floats) -> Floats:
        return self.if_alive(t, told.frequency, told.T) * self._alive(told)

    def if_alive(self, t: float | Floats, frequency: Floats, T: Floats) -> Floats:  # noqa: N803
        """As the base class says; Fader, Hardie and Lee (2005), equation 10, without the probability of being alive.

        By Euler's transformation the hypergeometric function has no large numerators, so nothing leaves the range of doubles.
        """
        r, alpha, a, b = self.params_.values()
        a = a + 1e-7 if abs(a - 1) < 1e-7 else a  # the limit at 1 is smooth, the formula is not
        x, m = frequency, self.chances
        z = t / (alpha + T + t)
        bought = (1 - z) ** (a - 1) * hyp2f1(a + b + m - 1 - r, a - 1, a + b + x + m - 1, z)
        return np.asarray((a + b + x + m - 1) / (a - 1) * (1 - bought), dtype=np.float64)

    def odds(self, frequency: Floats, at: Floats) -> Odds:
        """As the base class says."""
        alive, stopped = self._terms(np.array(list(self.params_.values())), Histories(frequency, at, at))
        return Odds(last=stopped, now=-alive)


class ModifiedBetaGeoModel(BetaGeoModel):
    """MBG/NBD: as BG/NBD, but one may stop right after the first purchase too."""

    chances = 1
