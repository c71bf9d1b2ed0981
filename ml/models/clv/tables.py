"""A fitted purchase model as tables over whole numbers, so that predicting is looking up: no special function a customer.

What is dear in these models never depends on all of a history at once: the purchases of who is alive depend on frequency
and T, the odds of having stopped on a product of a part of (frequency, recency) and a part of (frequency, T). With times in
whole units each part is one table. Both parts are kept within the range of doubles by a factor for each frequency.
"""

from dataclasses import dataclass

import numpy as np

from ml.models.clv.fitted import PurchaseModel
from ml.models.clv.histories import Floats

LARGEST_LOG = 700.0
"""Factors are kept where their logarithms are all smaller than this: each must stay within the range of doubles, with all digits.

The product of two may leave it upwards, as the exponential function of their sum would: then nobody is alive.
"""
MOST_CELLS = 1_000_000
"""Of one table, or of those of all cohorts together: three of this size are 24 MB, which go to every task."""


@dataclass(frozen=True)
class Tables:
    """Each table is (frequencies * times,), the cell of frequency ``x`` and time ``t`` at ``x * times + t``.

    ``times`` is a power of two, so that a cell is found by shifting bits, without arithmetic that might overflow.

    ``P(alive) = 1 / (1 + odds)`` and expected purchases are ``bought[x, T] * P(alive)``. For frequencies below ``factors`` the
    odds are ``last[x, t_x] * now[x, T]``, from there on ``exp(last[x, t_x] + now[x, T])``, less ``rest[x, T]`` if there is one.
    """

    frequencies: int
    times: int
    factors: int
    last: Floats
    now: Floats
    rest: Floats | None
    bought: Floats

    def predict(self, frequency: Floats, recency: Floats, T: Floats) -> tuple[Floats, Floats]:  # noqa: N803
        """Expected purchases and P(alive), both (n,), of histories (n,) of whole numbers that the tables hold."""
        row = np.asarray(frequency, dtype=np.intp) * self.times
        end, seen = row + np.asarray(T, dtype=np.intp), row + np.asarray(recency, dtype=np.intp)
        last, now = self.last[seen], self.now[end]
        with np.errstate(over="ignore"):
            odds = np.where(frequency < self.factors, last * now, np.exp(last + now))
        alive = 1 / (1 + (odds if self.rest is None else np.maximum(odds - self.rest[end], 0)))
        return self.bought[end] * alive, alive


def tabulate(
    model: PurchaseModel,
    t: float,
    *,
    most_purchases: int,
    longest: int,
    most_factors: int | None = None,
    most_cells: int = MOST_CELLS,
) -> Tables:
    """Tables of ``model`` for ``t`` ahead, frequencies up to ``most_purchases`` and whole times up to ``longest``.

    They hold fewer frequencies where they would have more than ``most_cells``: customers beyond are few, and computed directly.
    ``most_factors``: frequencies that may be kept as factors, for tables that must agree in that.
    """
    times = longest + 1
    rows = min(most_purchases + 1, max(1, most_cells // times))
    width = 1 << longest.bit_length()

    def padded(values: Floats) -> Floats:
        return np.pad(values.reshape(rows, times), ((0, 0), (0, width - times))).ravel()

    x, at = (part.ravel().astype(np.float64) for part in np.meshgrid(np.arange(rows), np.arange(times), indexing="ij"))
    odds = model.odds(x, at)
    now, last = odds.now.reshape(rows, times), odds.last.reshape(rows, times)
    middle = (now.max(axis=1, keepdims=True) + now.min(axis=1, keepdims=True)) / 2
    now, last = now - middle, last + middle
    sizes = np.maximum(np.abs(now), np.where(np.isneginf(last), 0, np.abs(last))).max(axis=1)
    factors = int(np.argmax(sizes > LARGEST_LOG)) if (sizes > LARGEST_LOG).any() else rows
    factors = min(factors, rows if most_factors is None else most_factors)
    now[:factors], last[:factors] = np.exp(now[:factors]), np.exp(last[:factors])
    rest = None if odds.rest is None else padded(np.exp(odds.rest))
    return Tables(rows, width, factors, padded(last), padded(now), rest, padded(model.if_alive(t, x, at)))
