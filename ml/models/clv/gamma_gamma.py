"""Gamma-Gamma: what customers spend at a purchase, gamma-distributed around a mean that varies by a gamma law.

Fader, Hardie and Lee, RFM and CLV: Using Iso-Value Curves for Customer Base Analysis (JMR 42, 2005); Fader and Hardie, The
Gamma-Gamma Model of Monetary Value (2013).
"""

from collections.abc import Mapping
from typing import Self, cast

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from ml.models.clv.estimate import Likelihood, maximise
from ml.models.clv.histories import Floats, Frame, counted, refuse

NAMES = ("p", "q", "v")
STARTS = ((2.0, 3.0, 1.0), (6.0, 4.0, 0.5), (1.0, 1.5, 1.0))


class GammaGammaModel:
    """Gamma-Gamma with parameters ``p, q, v``.

    After :meth:`fit`: ``params_``, ``stderr_``, ``loglik_``, ``degenerate_`` and ``n_``, the customers that it saw.
    """

    params_: Mapping[str, float]
    stderr_: Mapping[str, float]
    loglik_: float
    degenerate_: str
    n_: int

    def fit(
        self,
        frequency: ArrayLike | Frame,
        monetary_value: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> Self:
        """Fit to purchases and their mean value by customer: arrays (n,) or a frame ``frequency, monetary_value``.

        Customers without a repeat purchase say nothing and are left out. ``weights`` (n,): how many customers each row stands
        for. Raises ``ValueError`` where there is no money: a value missing, zero or negative with a purchase behind it, or nobody
        with both.
        """
        x, money = _columns(frequency, monetary_value)
        bought = x > 0
        if not (bought & (np.nan_to_num(money) > 0)).any():
            raise ValueError("there is no money in the data: nobody has a repeat purchase with an amount above 0")
        refuse(bought & ~(np.isfinite(money) & (money > 0)), "monetary_value is above 0 where frequency is")
        counts = counted(weights, len(x))[bought]
        x, money = x[bought], money[bought]
        unit, customers = float(np.median(money)), float(counts.sum())
        found = maximise(_likelihood(x, money / unit, counts), STARTS, customers)
        scale = np.array([1.0, 1.0, unit])
        self.params_ = dict(zip(NAMES, (found.params * scale).tolist(), strict=True))
        self.stderr_ = dict(zip(NAMES, (found.stderr * scale).tolist(), strict=True))
        self.loglik_ = found.loglik - customers * float(np.log(unit))
        self.degenerate_, self.n_ = found.degenerate(NAMES), round(customers)
        return self

    @classmethod
    def of(cls, params: Mapping[str, float]) -> Self:
        """A model with parameters that were fitted before. Raises ``ValueError`` for other names, or one that is not above 0."""
        if set(params) != set(NAMES) or not all(value > 0 for value in params.values()):
            raise ValueError(f"Gamma-Gamma needs {', '.join(NAMES)} above 0, not {dict(params)}")
        model = cls()
        model.params_ = {name: float(params[name]) for name in NAMES}
        return model

    def expected_value(self, frequency: ArrayLike | Frame, monetary_value: ArrayLike | None = None) -> Floats:
        """Expected mean value of a customer's purchases, (n,): between what was seen of them and what all spend."""
        p, q, v = self.params_.values()
        x, money = _columns(frequency, monetary_value)
        seen = np.where(x > 0, money, 0.0)
        if not p * x.min(initial=np.inf) + q > 1:
            raise ValueError(f"q is {q:.3g}: the mean of what all spend is not finite")
        return np.asarray(p * (v + x * seen) / (p * x + q - 1), dtype=np.float64)


def _columns(frequency: ArrayLike | Frame, monetary_value: ArrayLike | None) -> tuple[Floats, Floats]:
    if monetary_value is None:
        frame = cast("Mapping[str, ArrayLike]", frequency)
        frequency, monetary_value = frame["frequency"], frame["monetary_value"]
    x, money = (np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (cast("ArrayLike", frequency), monetary_value))
    if x.shape != money.shape:
        raise ValueError(f"frequency {x.shape} and monetary_value {money.shape} must be of one length")
    return x, money


def _likelihood(x: Floats, money: Floats, weights: Floats) -> Likelihood:
    def both(params: Floats) -> tuple[float, Floats]:
        p, q, v = params
        spent = x * money
        value = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v) + (p * x - 1) * np.log(money)
        value += p * x * np.log(x) - (p * x + q) * np.log(spent + v)
        share = np.log(spent / (spent + v))
        by_p = x * (digamma(p * x + q) - digamma(p * x) + share)
        by_q = digamma(p * x + q) - digamma(q) + np.log(v / (spent + v))
        by_v = q / v - (p * x + q) / (spent + v)
        return float(weights @ value), np.array([weights @ part for part in (by_p, by_q, by_v)])

    return both
