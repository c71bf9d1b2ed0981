"""Whom it moves: uplift of a treatment from one file of a randomised test, judged against a response model."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LassoCV, LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from threadpoolctl import threadpool_limits

from ml.flat.leaks import Leak, certain
from ml.flat.table import Features, Floats
from ml.models.uplift import ClassTransformation, DRLearner
from ml.models.uplift.measure import Curve, Judged, Ranked, Trial, auuc, curve, judge, policy_value, uplift_at

SPLITS, TEST = 5, 0.3
Sides = tuple[NDArray[np.intp], NDArray[np.intp]]
CHANCE = 0.05
"""Probability of calling a ranking usable that is no better than a response model's."""


@dataclass(frozen=True)
class Split:
    """One split: the held-out trial, scores (n,) of uplift and of response, and what they were worth."""

    trial: Trial
    scores: Floats
    response: Floats
    judged: Judged

    def curve(self, scores: Floats) -> Curve:
        """The Qini curve of a ranking of this split's people."""
        return curve(self.trial, Ranked.by(scores))


@dataclass(frozen=True)
class Uplift:
    """Means over the splits, and the verdict: ``usable`` or ``no usable uplift`` with the ``reason``.

    ``qini_low`` and ``qini_high``: means of the bounds of each split's bootstrap over people (95 %); ``p_value``: that the
    ranking is no better than a response model's, by the corrected resampled t-test (Nadeau and Bengio, 2003).
    """

    qini: float
    qini_low: float
    qini_high: float
    qini_response: float
    auuc: float
    uplift30: float
    effect: float
    policy_gain: float
    p_value: float
    verdict: str
    reason: str
    leaks: tuple[Leak, ...]
    splits: tuple[Split, ...]


def measure(found: Features, treated: Floats, outcome: Floats, people: NDArray[np.object_] | None = None) -> Uplift:
    """Judge uplift models of ``outcome`` (n,) of 0 and 1 on five splits (70/30, stratified by arm and outcome, seeds 0-4).

    Features that decide the outcome are left out: they came after the treatment. Raises ``ValueError`` for a cell of arm and
    outcome with fewer than 20 people.

    ``people`` (n,): who each row is of, where people have several; all rows of a person are then on one side of a split.
    """
    cells = np.bincount((2 * treated + outcome).astype(int), minlength=4)
    if cells.min() < 20:
        raise ValueError(f"an arm has {cells.min()} people with one of the outcomes, 20 are needed")
    leaks = tuple(certain(found, outcome))
    clean = found.without([leak.feature for leak in leaks])
    with threadpool_limits(1):  # hundreds of small fits: a second thread would only wait, and burn a core
        splits = tuple(
            _split(clean, treated, outcome, _sides(treated, outcome, people, seed), seed) for seed in range(SPLITS)
        )
    value, low, high, gain = (
        float(np.mean([getattr(s.judged, name) for s in splits])) for name in ("value", "low", "high", "gain")
    )
    p = _p_value(np.array([s.judged.gain for s in splits]))
    reason = _reason(low, gain, p)
    return Uplift(
        qini=value,
        qini_low=low,
        qini_high=high,
        qini_response=value - gain,
        auuc=float(np.mean([auuc(s.trial, s.scores) for s in splits])),
        uplift30=float(np.mean([uplift_at(s.trial, s.scores) for s in splits])),
        effect=float(outcome[treated == 1].mean() - outcome[treated == 0].mean()),
        policy_gain=float(np.mean([_policy_gain(s) for s in splits])),
        p_value=p,
        verdict="no usable uplift" if reason else "usable",
        reason=reason or "the ranking beats a response model's",
        leaks=leaks,
        splits=splits,
    )


def _sides(treated: Floats, outcome: Floats, people: NDArray[np.object_] | None, seed: int) -> Sides:
    rows = np.arange(len(outcome))
    if people is None:
        train, test = train_test_split(rows, test_size=TEST, random_state=seed, stratify=2 * treated + outcome)
    else:
        train, test = next(GroupShuffleSplit(1, test_size=TEST, random_state=seed).split(rows, groups=people))
    return np.asarray(train), np.asarray(test)


def _split(found: Features, treated: Floats, outcome: Floats, sides: Sides, seed: int) -> Split:
    train, test = sides
    X = found.linear(train)  # noqa: N806
    scores = _scores(X, treated, outcome, train, test)
    in_train = train[treated[train] == 1]
    response = LogisticRegression(C=0.1, max_iter=1000).fit(X[in_train], outcome[in_train]).predict_proba(X[test])[:, 1]
    trial = Trial(outcome[test], treated[test])
    return Split(trial, scores, response, judge(trial, scores, response, seed=seed, rounds=200))


def _scores(
    X: Floats,  # noqa: N803
    treated: Floats,
    outcome: Floats,
    train: np.ndarray,
    test: np.ndarray,
) -> Floats:
    found = [one.predict(X[test]) for one in fitted(X[train], treated[train], outcome[train])]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def fitted(
    X: Floats,  # noqa: N803
    treated: Floats,
    outcome: Floats,
) -> tuple[ClassTransformation, DRLearner]:
    """The two learners, fitted to rows (n, features)."""
    agrees, robust = learners()
    with threadpool_limits(1), warnings.catch_warnings():  # a lasso that stops a hair before its optimum ranks the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        return agrees.fit(X, treated, outcome), robust.fit(X, treated, outcome)


def learners() -> tuple[ClassTransformation, DRLearner]:
    """The two sparse linear learners whose mean is the score: class transformation and doubly robust."""
    lasso = LogisticRegressionCV(
        Cs=np.logspace(-2.6, -1, 6),
        l1_ratios=(1,),
        solver="liblinear",
        scoring="neg_log_loss",
        cv=5,
        use_legacy_attributes=False,
    )
    return ClassTransformation(lasso), DRLearner(LogisticRegression(C=0.1, max_iter=1000), LassoCV(cv=5))


def _p_value(gains: Floats) -> float:
    spread = float(gains.var(ddof=1)) * (1 / SPLITS + TEST / (1 - TEST))
    return float(student.sf(gains.mean() / np.sqrt(max(spread, 1e-18)), SPLITS - 1))


def _reason(low: float, gain: float, p: float) -> str:
    """Why the ranking is not to be used; empty when it is."""
    if low <= 0:
        return f"its Qini may be 0: 95 % interval from {low:.4f}"
    if gain <= 0:
        return f"a response model ranks no worse: Qini {gain:+.4f} against it"
    if p > CHANCE:
        return f"that it beats a response model (Qini {gain:+.4f}) may be chance: p {p:.3f}"
    return ""


def _policy_gain(split: Split) -> float:
    """Outcome per person when the best 30 % are treated, less that of as many drawn by lot."""
    top = np.zeros(len(split.scores), dtype=bool)
    top[np.argsort(-split.scores, kind="stable")[: int(0.3 * len(top))]] = True
    everyone, nobody = (policy_value(split.trial, np.full(len(top), flag)) for flag in (True, False))
    return policy_value(split.trial, top) - (0.3 * everyone + 0.7 * nobody)
