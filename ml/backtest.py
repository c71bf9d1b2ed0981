"""Rolling back-tests: at each of several past days, learn from what was known then, and be judged by what came after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ml.earnings import Contest, Earned, compare, earned
from ml.evaluate import Floats, Metrics, metrics
from ml.fairness import Slice, Texts, slices
from ml.fitting import Fitted, baseline, fit
from ml.models.families import Model
from ml.samples import Rows
from ml.spec import ModelSpec
from ml.stability import shift


@dataclass(frozen=True)
class Backtest:
    """One back-test: who was held out as of ``as_of``, and what a model fitted on ``past`` said of them.

    ``rank`` orders people, ``scores`` is what would be published, ``chances`` the probability of the label, ``simple`` what the
    baseline says; all (n,).
    """

    as_of: date
    fitted: Fitted
    past: Rows
    held: Rows
    rank: Floats
    scores: Floats
    chances: Floats
    simple: Floats
    is_valued: bool = False

    @property
    def target(self) -> Floats:
        """What a higher score promises more of: the label, or the worth for models that score a value."""
        return self.held.worth if self.is_valued else self.held.labels

    def result(self, budget: float) -> "Result":
        """Return the back-test's figures for the card."""
        worth = self.held.worth
        return Result(
            as_of=self.as_of,
            training_rows=len(self.past.labels),
            metrics=metrics(self.held.labels, self.chances),
            baseline=metrics(self.held.labels, self.simple),
            earned=earned(worth, self.rank, budget),
            baseline_earned=earned(worth, self.simple, budget),
            everything=float(worth.sum()),
        )


@dataclass(frozen=True)
class Result:
    """A back-test in figures; ``earned`` within the budget by the model and by the baseline, of ``everything`` there was."""

    as_of: date
    training_rows: int
    metrics: Metrics
    baseline: Metrics
    earned: float
    baseline_earned: float
    everything: float


def split(rows: Rows, spec: ModelSpec, as_of: date, days_ago: int) -> tuple[Rows, Rows]:
    """Return the rows known on the day of a back-test, and those held out, for a training on ``as_of``."""
    held_on = np.datetime64(as_of - timedelta(days=days_ago))
    last = held_on - np.timedelta64(spec.needed_days, "D")
    labelled = ~np.isnan(rows.labels)
    taken_then = rows.known == held_on
    today = rows.known == np.datetime64(as_of)
    past = (taken_then if taken_then.any() else today) & (rows.at <= last) & labelled
    return rows.take(past), rows.take((rows.at == held_on) & today & labelled)


def run(rows: Rows, spec: ModelSpec, as_of: date) -> tuple[Backtest, ...]:
    """Return the back-tests of a training on ``as_of``, the latest first: its model is the one that may be published.

    Back-tests before the latest are left out where their rows are too few to learn from or to judge by.
    """
    found: list[Backtest] = []
    for days_ago in spec.backtest_days_ago:
        past, held = split(rows, spec, as_of, days_ago)
        if not found or not missing(past, held, spec):
            found.append(_one(spec, past, held, as_of - timedelta(days=days_ago)))
    return tuple(found)


def _one(spec: ModelSpec, past: Rows, held: Rows, day: date) -> Backtest:
    simple = baseline(spec, past, held)
    fitted = fit(spec, past)
    scores = fitted.model.predict(held.values)
    is_valued = spec.score == "value"
    chances = fitted.model.probability(held.values) if is_valued else scores
    return Backtest(day, fitted, past, held, fitted.model.rank(held.values), scores, chances, simple, is_valued)


def missing(past: Rows, held: Rows, spec: ModelSpec) -> str:
    """What is too few of, in words; empty if nothing is."""
    gate, faults = spec.gate, []
    for name, side in (("training", past), ("hold-out", held)):
        rows, positives = len(side.labels), int(side.labels.sum())
        if rows < gate.min_rows:
            faults.append(f"{rows} {name} rows, needs {gate.min_rows}")
        elif min(positives, rows - positives) < gate.min_positives:
            faults.append(f"{positives} of {rows} {name} rows are positive, needs {gate.min_positives} of each outcome")
    return "; ".join(faults)


def over_baseline(tests: Sequence[Backtest], spec: ModelSpec) -> Earned | None:
    """Return what the model earns within the budget against the baseline, over all back-tests."""
    contests = [Contest(t.held.worth, t.held.people, t.rank, t.simple) for t in tests]
    return compare(contests, budget=spec.gate.budget, confidence=spec.gate.confidence, seed=spec.seed)


def over_champion(tests: Sequence[Backtest], spec: ModelSpec, champion: Model, since: date) -> Earned | None:
    """Return what the model earns against the champion, over the back-tests that the champion has not learned from.

    ``since`` is the champion's own hold-out: its labels before that day are known to it. None where it cannot score them.
    """
    contests = [
        Contest(t.held.worth, t.held.people, t.rank, champion.rank(t.held.of(champion.features)))
        for t in tests
        if t.as_of >= since and set(champion.features) <= set(t.held.features)
    ]
    return compare(contests, budget=spec.gate.budget, confidence=spec.gate.confidence, seed=spec.seed)


def pooled(tests: Sequence[Backtest]) -> Metrics:
    """Return the metrics over all back-tests together."""
    return metrics(np.concatenate([t.held.labels for t in tests]), np.concatenate([t.chances for t in tests]))


@dataclass(frozen=True)
class Rise:
    """A decile where more came than in the better one before it, by ``z`` standard errors."""

    decile: int
    z: float


def rises(tests: Sequence[Backtest]) -> list[Rise]:
    """Return the deciles that did better than the better-scored one before, over all back-tests, the greatest first."""
    parts = [np.array_split(t.target[np.argsort(-t.rank, kind="stable")], 10) for t in tests]
    tenths = [np.concatenate([part[n] for part in parts]) for n in range(10)]
    means = [float(tenth.mean()) if len(tenth) else 0.0 for tenth in tenths]
    errors = [float(tenth.var()) / max(len(tenth), 1) for tenth in tenths]
    found = [
        Rise(n + 1, (means[n] - means[n - 1]) / max(float(np.sqrt(errors[n] + errors[n - 1])), 1e-12))
        for n in range(1, 10)
        if means[n] > means[n - 1]
    ]
    return sorted(found, key=lambda rise: -rise.z)


def shifts(tests: Sequence[Backtest]) -> dict[date, float]:
    """Return the stability index of the latest model's scores since each earlier cut-off, by its day.

    One model ranks the people of both days: two models would differ by their own steps, whatever people do.
    """
    latest, *earlier = tests
    model = latest.fitted.model
    return {test.as_of: shift(model.rank(test.held.values), latest.rank) for test in earlier}


def by_slice(tests: Sequence[Backtest], spec: ModelSpec) -> list[Slice]:
    """Return how the model does in each declared slice, over all back-tests."""
    fairness = spec.gate.fairness
    columns: dict[str, Texts] = {
        name: np.concatenate([t.held.slices[name] for t in tests])
        for name in fairness.slices
        if all(name in t.held.slices for t in tests)
    }
    labels = np.concatenate([t.held.labels for t in tests])
    chances = np.concatenate([t.chances for t in tests])
    return slices(labels, chances, columns, budget=spec.gate.budget, min_rows=fairness.min_rows)
