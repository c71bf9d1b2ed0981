"""What the models of buying share: fitting on distinct histories in a unit that suits the optimiser, and asking afterwards."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from ml.models.clv.estimate import Estimate, Likelihood, maximise
from ml.models.clv.histories import Floats, Frame, Histories, counted


@dataclass(frozen=True)
class Odds:
    """Logarithms, each (n,): the odds of having stopped are ``exp(last + now) - exp(rest)``.

    ``last`` is taken at the time of the last purchase, ``now`` and ``rest`` (None: nothing is subtracted) at the end.
    """

    last: Floats
    now: Floats
    rest: Floats | None = None


class PurchaseModel(ABC):
    """A model of when customers buy and when they stop.

    After :meth:`fit`: ``params_`` and ``stderr_`` by name (times in the unit of the data), ``loglik_``, ``n_`` (customers)
    and ``degenerate_`` (why the fit must not be used, else empty).
    """

    names: ClassVar[tuple[str, ...]]
    times: ClassVar[tuple[str, ...]]
    """The parameters that are times; all others have no unit."""
    starts: ClassVar[tuple[tuple[float, ...], ...]]

    params_: Mapping[str, float]
    stderr_: Mapping[str, float]
    loglik_: float
    degenerate_: str
    n_: int

    def fit(
        self,
        frequency: ArrayLike | Frame,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,  # noqa: N803
        weights: ArrayLike | None = None,
    ) -> Self:
        """Fit to customers' histories, three arrays (n,) or one frame; see :class:`Histories`.

        ``weights`` (n,): how many customers have each history, for millions that were counted before. Raises ``ValueError`` for
        histories that cannot be, and where nobody ever came back.
        """
        told = Histories.of(frequency, recency, T)
        counts = counted(weights, len(told.T))
        if not told.frequency.any():
            raise ValueError("nobody bought a second time: there is nothing to fit")
        customers = float(counts.sum())
        unit = float(counts @ told.T) / customers / 10
        some, each = told.scaled(unit).distinct(counts)
        found = maximise(self._likelihood(some, each), self.starts, customers)
        scale = np.array([unit if name in self.times else 1.0 for name in self.names])
        shift = float(counts @ told.frequency) * np.log(unit)  # a density of times has their unit
        estimate = Estimate(found.params * scale, found.loglik - shift, found.stderr * scale)
        self._told, self.n_ = told, round(customers)
        self.params_ = dict(zip(self.names, estimate.params.tolist(), strict=True))
        self.stderr_ = dict(zip(self.names, estimate.stderr.tolist(), strict=True))
        self.loglik_, self.degenerate_ = estimate.loglik, found.degenerate(self.names, 10.0)
        return self

    @classmethod
    def of(cls, params: Mapping[str, float]) -> Self:
        """A model with parameters that were fitted before: it predicts for histories that are given.

        Raises ``ValueError`` for other names, or for a parameter that is not above 0.
        """
        if set(params) != set(cls.names) or not all(value > 0 for value in params.values()):
            raise ValueError(f"{cls.__name__} needs {', '.join(cls.names)} above 0, not {dict(params)}")
        model = cls()
        model.params_ = {name: float(params[name]) for name in cls.names}
        return model

    def loglik(
        self,
        frequency: ArrayLike | Frame,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,  # noqa: N803
    ) -> float:
        """Log-likelihood of other histories under the fitted parameters."""
        some, weights = Histories.of(frequency, recency, T).distinct()
        return self._likelihood(some, weights)(np.array(list(self.params_.values())))[0]

    def expected_purchases(
        self,
        t: ArrayLike,
        frequency: ArrayLike | Frame | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,  # noqa: N803
    ) -> Floats:
        """Expected purchases in the ``t`` after the observed time, of each customer: (n,); by default of those fitted."""
        return self._expected(self._histories(frequency, recency, T), np.asarray(t, dtype=np.float64))

    def probability_alive(
        self,
        frequency: ArrayLike | Frame | None = None,
        recency: ArrayLike | None = None,
        T: ArrayLike | None = None,  # noqa: N803
    ) -> Floats:
        """Probability that each customer has not stopped buying at the end of the observed time: (n,) in [0, 1]."""
        return self._alive(self._histories(frequency, recency, T))

    def _histories(
        self,
        frequency: ArrayLike | Frame | None,
        recency: ArrayLike | None,
        T: ArrayLike | None,  # noqa: N803
    ) -> Histories:
        if not hasattr(self, "params_"):
            raise ValueError("the model is not fitted: call fit first")
        if frequency is None and not hasattr(self, "_told"):
            raise ValueError("the model has parameters only: give it histories")
        return self._told if frequency is None else Histories.of(frequency, recency, T)

    @abstractmethod
    def _likelihood(self, some: Histories, weights: Floats) -> Likelihood: ...

    @abstractmethod
    def _expected(self, told: Histories, t: Floats) -> Floats: ...

    @abstractmethod
    def _alive(self, told: Histories) -> Floats: ...

    @abstractmethod
    def odds(self, frequency: Floats, at: Floats) -> Odds:
        """The odds of having stopped, taken apart into functions of a number of purchases (n,) and one time (n,)."""

    @abstractmethod
    def if_alive(self, t: float | Floats, frequency: Floats, T: Floats) -> Floats:  # noqa: N803
        """Expected purchases (n,) in the next ``t`` of who is alive: recency does not matter then."""
