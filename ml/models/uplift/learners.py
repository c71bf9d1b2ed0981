"""Meta-learners of uplift: S, T, X, DR and class transformation, over any base with scikit-learn's ``fit`` and ``predict``.

Künzel, Sekhon, Bickel and Yu, Metalearners for estimating heterogeneous treatment effects (PNAS 116, 2019): S, T, X. Kennedy,
Towards optimal doubly robust estimation of heterogeneous causal effects (2020): DR. Jaskowski and Jaroszewicz, Uplift modeling
for clinical trial data (2012): class transformation.

All take ``X`` (n, features), ``treatment`` (n,) of 0 and 1, ``y`` (n,), and predict the difference that the treatment makes to
the expected ``y``: (n,), in units of ``y``. ``ValueError`` names what is wrong with them. A base with ``predict_proba`` gives
the probability of 1.
"""

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold

Floats = NDArray[np.float64]
LEAST_CHANCE = 0.01
"""Propensities are kept this far from 0 and 1."""


class Base(Protocol):
    """What a learner needs of the models that it is made of."""

    def fit(self, X: Floats, y: Floats) -> Any:  # noqa: ANN401, N803
        """Learn ``y`` (n,) from ``X`` (n, features)."""

    def predict(self, X: Floats) -> Floats:  # noqa: N803
        """Give (n,) for ``X``."""


class SLearner:
    """One model with the treatment as a feature, asked with and without it."""

    def __init__(self, base: Base) -> None:
        self.base = base

    def fit(self, X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Fit; shapes as the module says."""
        rows, treated, outcome = checked(X, treatment, y)
        self.model_ = fitted(self.base, np.column_stack([rows, treated]), outcome)
        return self

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Uplift (n,)."""
        rows = np.asarray(X, dtype=np.float64)
        one, none = (np.column_stack([rows, np.full(len(rows), value)]) for value in (1.0, 0.0))
        return expected(self.model_, one) - expected(self.model_, none)


class TLearner:
    """A model of the treated and one of the others."""

    def __init__(self, base: Base) -> None:
        self.base = base

    def fit(self, X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Fit; shapes as the module says."""
        rows, treated, outcome = checked(X, treatment, y)
        self.models_ = tuple(fitted(self.base, rows[treated == arm], outcome[treated == arm]) for arm in (0, 1))
        return self

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Uplift (n,)."""
        rows = np.asarray(X, dtype=np.float64)
        without, with_it = (expected(model, rows) for model in self.models_)
        return with_it - without


class XLearner:
    """Each arm's outcomes against what the other arm's model expects of them; the two effects weighted by the propensity.

    ``effect`` (a regressor; by default a ridge regression) learns the effects.
    """

    def __init__(self, base: Base, effect: Base | None = None) -> None:
        self.base, self.effect = base, effect

    def fit(self, X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Fit; shapes as the module says."""
        rows, treated, outcome = checked(X, treatment, y)
        is_in = treated == 1
        without, with_it = (fitted(self.base, rows[treated == arm], outcome[treated == arm]) for arm in (0, 1))
        effect = ridge() if self.effect is None else self.effect
        self.of_treated_ = fitted(effect, rows[is_in], outcome[is_in] - expected(without, rows[is_in]))
        self.of_others_ = fitted(effect, rows[~is_in], expected(with_it, rows[~is_in]) - outcome[~is_in])
        self.share_ = float(treated.mean())
        return self

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Uplift (n,)."""
        rows = np.asarray(X, dtype=np.float64)
        return self.share_ * expected(self.of_others_, rows) + (1 - self.share_) * expected(self.of_treated_, rows)


class DRLearner:
    """A regression of doubly robust scores, whose models of outcome and propensity saw other folds.

    ``propensity`` (a classifier) is for data where who was treated was not drawn by lot; None: the treated share, as in a
    randomised test. ``effect`` (a regressor; by default a ridge regression) learns the scores; ``folds`` of the cross-fitting.
    """

    def __init__(
        self, base: Base, effect: Base | None = None, propensity: Base | None = None, folds: int = 5, seed: int = 0
    ) -> None:
        self.base, self.effect, self.propensity, self.folds, self.seed = base, effect, propensity, folds, seed

    def fit(self, X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Fit; shapes as the module says."""
        rows, treated, outcome = checked(X, treatment, y)
        scores = np.empty(len(rows))
        for train, test in KFold(self.folds, shuffle=True, random_state=self.seed).split(rows):
            scores[test] = self._scores(rows, treated, outcome, train, test)
        self.model_ = fitted(ridge() if self.effect is None else self.effect, rows, scores)
        return self

    def _scores(
        self, rows: Floats, treated: Floats, outcome: Floats, train: NDArray[np.intp], test: NDArray[np.intp]
    ) -> Floats:
        asked, arm = rows[test], treated[test]
        without, with_it = (
            expected(
                fitted(self.base, rows[train][treated[train] == one], outcome[train][treated[train] == one]), asked
            )
            for one in (0, 1)
        )
        chance = expected(fitted(self.propensity or DummyClassifier(), rows[train], treated[train]), asked)
        chance = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
        surprise = outcome[test] - np.where(arm == 1, with_it, without)
        weight = np.where(arm == 1, 1 / chance, -1 / (1 - chance))
        return np.asarray(with_it - without + weight * surprise, dtype=np.float64)

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Uplift (n,)."""
        return expected(self.model_, np.asarray(X, dtype=np.float64))


class ClassTransformation:
    """A classifier of "treated and came, or not treated and did not"; for outcomes of 0 and 1 in a randomised test.

    Rows are weighted so that both arms count the same where they are not of one size.
    """

    def __init__(self, base: Base) -> None:
        self.base = base

    def fit(self, X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Fit; ``y`` of 0 and 1; shapes as the module says."""
        rows, treated, outcome = checked(X, treatment, y)
        if not np.isin(outcome, (0, 1)).all():
            raise ValueError("class transformation needs outcomes of 0 and 1")
        agrees = (treated == outcome).astype(np.float64)
        share = float(treated.mean())
        weights = np.where(treated == 1, 0.5 / share, 0.5 / (1 - share))
        self.model_: Any = clone(self.base)
        if abs(share - 0.5) < 0.02:
            self.model_.fit(rows, agrees)
        else:
            self.model_.fit(rows, agrees, sample_weight=weights)
        return self

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Uplift (n,)."""
        return 2 * expected(self.model_, np.asarray(X, dtype=np.float64)) - 1


def ridge() -> Base:
    """The regression that learns effects by default: linear, since effects are small beside their noise."""
    model: Base = RidgeCV(alphas=np.logspace(-1, 5, 13))
    return model


def checked(X: ArrayLike, treatment: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats, Floats]:  # noqa: N803
    """The three as arrays of floats. Raises ``ValueError`` for other shapes, other treatments, or an empty arm."""
    rows, treated, outcome = (np.asarray(part, dtype=np.float64) for part in (X, treatment, y))
    if rows.ndim != 2 or treated.shape != (len(rows),) or outcome.shape != (len(rows),):
        raise ValueError(f"X {rows.shape} must be (n, features), treatment {treated.shape} and y {outcome.shape} (n,)")
    if not np.isin(treated, (0, 1)).all():
        raise ValueError("treatment must be 0 or 1 in every row")
    if not 0 < treated.mean() < 1:
        raise ValueError("treatment has one arm only: there must be treated people and others")
    if not np.isfinite(outcome).all():
        raise ValueError("y has missing or infinite values")
    return rows, treated, outcome


def fitted(base: Base, rows: Floats, outcome: Floats) -> Base:
    """A fresh copy of the base, fitted."""
    model: Base = clone(base)
    model.fit(rows, outcome)
    return model


def expected(model: Base, rows: Floats) -> Floats:
    """The expected outcome (n,): the probability of 1 where the model tells one."""
    if hasattr(model, "predict_proba"):
        chances = np.asarray(model.predict_proba(rows), dtype=np.float64)
        if chances.shape[1] == 2:
            return chances[:, 1]
        (only,) = model.classes_  # type: ignore[attr-defined]
        return np.full(len(rows), float(only))
    return np.asarray(model.predict(rows), dtype=np.float64)
