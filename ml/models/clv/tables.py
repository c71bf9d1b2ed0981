"""A fitted purchase model as tables over whole numbers, so that predicting is looking up: no special function a customer.

What is dear in these models never depends on all of a history at once: the purchases of who is alive depend on frequency
and T, the odds of having stopped on a product of a part of (frequency, recency) and a part of (frequency, T). With times in
whole units each part is one table. The product is kept within the range of doubles by a factor for each frequency.
"""

from dataclasses import dataclass

import numpy as np

from ml.models.clv.fitted import PurchaseModel
from ml.models.clv.histories import Floats

LARGEST_LOG = 300.0
"""Logarithms of the factors beyond this are not tabulated: their product would leave the range of doubles."""
MOST_CELLS = 2_000_000


@dataclass(frozen=True)
class Tables:
    """Each table is (frequencies * times,), the row of frequency ``x`` and time ``t`` at ``x * times + t``.

    ``P(alive) = 1 / (1 + max(last[x, t_x] * now[x, T] - rest[x, T], 0))`` (no ``rest``: nothing is subtracted);
    expected purchases are ``bought[x, T] * P(alive)``.
    """

    frequencies: int
    times: int
    last: Floats
    now: Floats
    rest: Floats | None
    bought: Floats

    def predict(self, frequency: Floats, recency: Floats, T: Floats) -> tuple[Floats, Floats]:  # noqa: N803
        """Expected purchases and P(alive), both (n,), of histories (n,) of whole numbers that the tables hold."""
        row = np.asarray(frequency, dtype=np.intp) * self.times
        end, seen = row + np.asarray(T, dtype=np.intp), row + np.asarray(recency, dtype=np.intp)
        odds = self.last[seen] * self.now[end]
        alive = 1 / (1 + (odds if self.rest is None else np.maximum(odds - self.rest[end], 0)))
        return self.bought[end] * alive, alive


def tabulate(model: PurchaseModel, t: float, *, most_purchases: int, longest: int) -> Tables:
    """Tables of ``model`` for ``t`` ahead, frequencies up to ``most_purchases`` and whole times up to ``longest``.

    They hold fewer frequencies where the numbers would leave the range of doubles, or the tables memory: customers
    beyond ``frequencies`` are few and are computed directly.
    """
    times = longest + 1
    rows = min(most_purchases + 1, max(1, MOST_CELLS // times))
    x, at = (part.ravel().astype(np.float64) for part in np.meshgrid(np.arange(rows), np.arange(times), indexing="ij"))
    odds = model.odds(x, at)
    now, last = odds.now.reshape(rows, times), odds.last.reshape(rows, times)
    middle = (now.max(axis=1, keepdims=True) + now.min(axis=1, keepdims=True)) / 2
    now, last = now - middle, last + middle
    sizes = np.maximum(np.abs(now), np.where(np.isneginf(last), 0, np.abs(last))).max(axis=1)
    fits = int(np.argmax(sizes > LARGEST_LOG)) if (sizes > LARGEST_LOG).any() else rows
    kept = fits * times
    rest = None if odds.rest is None else np.exp(odds.rest[:kept])
    bought = model.if_alive(t, x[:kept], at[:kept])
    return Tables(fits, times, np.exp(last.ravel()[:kept]), np.exp(now.ravel()[:kept]), rest, bought)
