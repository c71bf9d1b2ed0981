"""NBD: buying at a gamma-mixed Poisson rate by customers who never stop; what is left where the data tell no stopping.

Ehrenberg, The Pattern of Consumer Purchases (Applied Statistics 8, 1959).
"""

import numpy as np
from scipy.special import digamma, gammaln

from ml.models.clv.estimate import Likelihood
from ml.models.clv.fitted import Odds, PurchaseModel
from ml.models.clv.histories import Floats, Histories


class NBDModel(PurchaseModel):
    """NBD with parameters ``r, alpha`` of the rate: everybody is alive, and recency says nothing."""

    names = ("r", "alpha")
    times = ("alpha",)
    starts = ((0.5, 3.0), (1.0, 10.0))

    def _likelihood(self, some: Histories, weights: Floats) -> Likelihood:
        x, age = some.frequency, some.T

        def both(params: Floats) -> tuple[float, Floats]:
            r, alpha = params
            value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
            by_r = digamma(r + x) - digamma(r) + np.log(alpha) - np.log(alpha + age)
            by_alpha = r / alpha - (r + x) / (alpha + age)
            return float(weights @ value), np.array([weights @ by_r, weights @ by_alpha])

        return both

    def _expected(self, told: Histories, t: Floats) -> Floats:
        return self.if_alive(t, told.frequency, told.T)

    def _alive(self, told: Histories) -> Floats:
        return np.ones(len(told.T))

    def if_alive(self, t: float | Floats, frequency: Floats, T: Floats) -> Floats:  # noqa: N803
        """As the base class says: the mean of the gamma law given what was seen, times ``t``."""
        r, alpha = self.params_.values()
        return np.asarray((r + frequency) / (alpha + T) * t, dtype=np.float64)

    def odds(self, frequency: Floats, at: Floats) -> Odds:
        """As the base class says: nobody has stopped."""
        return Odds(last=np.full(len(at), -np.inf), now=np.zeros(len(frequency)))
