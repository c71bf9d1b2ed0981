"""What the models read of a customer: how often, how lately, and for how long they could have bought."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Frame(Protocol):
    """A table with named columns: pandas, Arrow, or a mapping of arrays."""

    def __getitem__(self, name: str) -> ArrayLike: ...


@dataclass(frozen=True)
class Histories:
    """Customers' ``frequency`` (repeat purchases), ``recency`` (time of the last one) and ``T`` (time observed), each (n,).

    All times are measured from the first purchase, in one unit. As in Fader, Hardie and Lee (2005): x, t_x and T.
    """

    frequency: Floats
    recency: Floats
    T: Floats

    @classmethod
    def of(
        cls,
        frequency: ArrayLike | Frame,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,  # noqa: N803
    ) -> "Histories":
        """Three arrays (n,), or one frame with these columns.

        Raises ``ValueError`` that names the first wrong row (from 1) and the rule that it breaks.
        """
        if recency is None or T is None:
            frame = cast("Mapping[str, ArrayLike]", frequency)
            columns = [frame[name] for name in ("frequency", "recency", "T")]
        else:
            columns = [cast("ArrayLike", frequency), recency, T]
        x, seen, age = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in columns)
        if not x.shape == seen.shape == age.shape or x.ndim != 1:
            raise ValueError(f"frequency {x.shape}, recency {seen.shape} and T {age.shape} must be of one length")
        refuse(~np.isfinite(x) | ~np.isfinite(seen) | ~np.isfinite(age), "frequency, recency and T are finite numbers")
        refuse((x < 0) | (x != np.floor(x)), "frequency is a whole number of 0 or more")
        refuse((seen < 0) | (seen > age), "recency is between 0 and T")
        refuse((x == 0) & (seen > 0), "recency is 0 where frequency is 0")
        return cls(x, seen, age)

    def distinct(self, weights: Floats | None = None) -> tuple["Histories", Floats]:
        """The different histories, and how many customers have each; ``weights`` (n,): how many each row stands for."""
        rows, where = np.unique(np.column_stack([self.frequency, self.recency, self.T]), axis=0, return_inverse=True)
        counts = np.bincount(where.ravel(), weights=weights, minlength=len(rows))
        return Histories(rows[:, 0], rows[:, 1], rows[:, 2]), counts.astype(np.float64)

    def scaled(self, unit: float) -> "Histories":
        """The same with times in another unit."""
        return Histories(self.frequency, self.recency / unit, self.T / unit)


def counted(weights: ArrayLike | None, n: int) -> Floats:
    """How many customers each of ``n`` rows stands for: by default one. Raises ``ValueError`` unless all are above 0."""
    if weights is None:
        return np.ones(n)
    found = np.atleast_1d(np.asarray(weights, dtype=np.float64))
    if found.shape != (n,):
        raise ValueError(f"weights {found.shape} must be ({n},)")
    refuse(~np.isfinite(found) | (found <= 0), "weights are numbers above 0")
    return found


def refuse(wrong: NDArray[np.bool_], rule: str) -> None:
    """Raise ``ValueError`` with the rule and the first row that breaks it."""
    if wrong.any():
        raise ValueError(f"row {int(np.argmax(wrong)) + 1}: {rule} ({int(wrong.sum())} rows break this)")
