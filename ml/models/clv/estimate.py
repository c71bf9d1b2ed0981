"""Maximum likelihood of positive parameters: several starts, logarithms inside, standard errors from the Hessian."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats]]
"""Parameters (k,) → log-likelihood and its gradient (k,)."""

LARGEST_ERROR = 1.0
"""A standard error above this share of its parameter: the data do not tell the parameter."""
FARTHEST = 1e3
"""A parameter this large (or its reciprocal) has run away along a flat likelihood."""

OUT_OF_REASON = float(np.log(2e3))
"""A search is stopped where the logarithm of a parameter is larger than this."""


@dataclass(frozen=True)
class Estimate:
    """Parameters (k,) at the maximum, log-likelihood there, standard errors (k,; NaN where the Hessian gives none)."""

    params: Floats
    loglik: float
    stderr: Floats
    was_stopped: bool = False

    def degenerate(self, names: Sequence[str], unit: float = 1.0) -> str:
        """Why the estimate must not be believed, in words; empty for a sound one. ``unit``: a usual value of a time."""
        for name, value, error in zip(names, self.params, self.stderr, strict=True):
            size = value / unit if name in {"alpha", "beta"} else value
            far = abs(float(np.log(value))) > OUT_OF_REASON if self.was_stopped else not 1 / FARTHEST < size < FARTHEST
            if far:
                return f"{name} has run away to {value:.4g}: the likelihood is flat there"
            if not error < LARGEST_ERROR * value:
                return f"{name} is {value:.4g} with a standard error of {error:.4g}: the data do not tell it"
        return ""


def maximise(likelihood: Likelihood, starts: Sequence[Sequence[float]], size: float) -> Estimate:
    """The best maximum from several starts; ``size``: number of observations, by which the objective is scaled.

    Raises ``ValueError`` where no start leads to a finite likelihood.
    """

    def objective(logs: Floats) -> tuple[float, Floats]:
        params = np.exp(np.clip(logs, -30, 30))
        with np.errstate(all="ignore"):
            value, gradient = likelihood(params)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return 1e10, np.zeros_like(logs)
        return -value / size, -gradient * params / size

    def run_away(logs: Floats) -> None:
        """Stop a search that has left all reason: the estimate is degenerate, and there the likelihood costs seconds."""
        if np.abs(logs).max() > OUT_OF_REASON:
            raise StopIteration

    best = None
    for start in starts:
        found = optimize.minimize(
            objective,
            np.log(start),
            jac=True,
            method="BFGS",
            callback=run_away,
            options={"gtol": 1e-8, "maxiter": 200},
        )
        if best is None or found.fun < best.fun - 1e-9:
            best = found
    if best is None or best.fun >= 1e10:
        raise ValueError("the likelihood has no finite maximum on these data")
    params = np.exp(np.clip(best.x, -30, 30))
    stopped = bool(np.abs(best.x).max() > OUT_OF_REASON)
    return Estimate(params, float(-best.fun * size), _standard_errors(likelihood, params), stopped)


def numeric(loglik: Callable[[Floats], float]) -> Likelihood:
    """The likelihood with a gradient by central differences, for one whose derivatives have no closed form."""

    def both(params: Floats) -> tuple[float, Floats]:
        gradient = np.empty_like(params)
        for i, value in enumerate(params):
            step = 1e-5 * value
            above, below = params.copy(), params.copy()
            above[i] += step
            below[i] -= step
            gradient[i] = (loglik(above) - loglik(below)) / (2 * step)
        return loglik(params), gradient

    return both


def _standard_errors(likelihood: Likelihood, params: Floats) -> Floats:
    """Roots of the diagonal of the inverse of the negative Hessian, which is taken by differences of the gradient."""
    k = len(params)
    hessian = np.empty((k, k))
    with np.errstate(all="ignore"):
        for i, value in enumerate(params):
            step = 1e-3 * value
            above, below = params.copy(), params.copy()
            above[i] += step
            below[i] -= step
            hessian[i] = (likelihood(above)[1] - likelihood(below)[1]) / (2 * step)
        try:
            variances = np.diag(np.linalg.inv(-(hessian + hessian.T) / 2))
        except np.linalg.LinAlgError:
            variances = np.full(k, np.nan)
        return np.sqrt(np.where(variances > 0, variances, np.nan))
