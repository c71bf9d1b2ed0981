"""Time to an event by discrete hazards: LightGBM on person-periods, as a survival curve in steps of days.

Source: Singer and Willett, It's About Time: Using Discrete-Time Survival Analysis, 1993: the chance that it happens in a
step for whom it has not happened before is an ordinary binary outcome, so that whoever is not watched to the end (censored)
teaches the steps that were seen.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.models.boosted import Floats, fit_trees, raw_scores, split_gain

FAMILY = "hazard"
STEP = "step"


@dataclass(frozen=True)
class BoostedHazard:
    """Trees (``text``) over ``features`` and the number of the step; ``steps`` of ``step_days`` days make the horizon."""

    text: str
    features: tuple[str, ...]
    steps: int
    step_days: int
    calibration_kind: str = "none"

    @property
    def texts(self) -> tuple[str, ...]:
        """The trees, as LightGBM's text; the last feature is the step."""
        return (self.text,)

    def survival(self, rows: Floats) -> Floats:
        """Return the chance that it has not happened by the end of each step, (n, steps), for ``rows`` (n, features)."""
        hazards = np.column_stack([self._hazard(rows, step) for step in range(self.steps)])
        return np.asarray(np.cumprod(1 - hazards, axis=1), dtype=np.float64)

    def _hazard(self, rows: Floats, step: int) -> Floats:
        margin = raw_scores(self.text, _with_step(rows, step))
        return np.asarray(1 / (1 + np.exp(-np.clip(margin, -500, 500))), dtype=np.float64)

    def predict(self, rows: Floats) -> Floats:
        """Return the probability that it happens within the horizon, (n,)."""
        return 1 - self.survival(rows)[:, -1]

    def probability(self, rows: Floats) -> Floats:
        """The same as ``predict``."""
        return self.predict(rows)

    def rank(self, rows: Floats) -> Floats:
        """Return what orders the rows, the soonest first: less the expected days, (n,)."""
        return -self.outputs(rows)["expected_days"]

    def outputs(self, rows: Floats) -> dict[str, Floats]:
        """Return ``expected_days`` and ``median_days``, each (n,).

        Expected days are those until the event or the horizon, whichever is first (the restricted mean); the median is
        missing where more than half are expected to get past the horizon.
        """
        return self._days(self.survival(rows))

    def told(self, rows: Floats) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Return the chance within the horizon, what orders the rows, and the days: each step is asked once."""
        survival = self.survival(rows)
        days = self._days(survival)
        return 1 - survival[:, -1], -days["expected_days"], days

    def _days(self, survival: Floats) -> dict[str, Floats]:
        curve = np.column_stack([np.ones(len(survival)), survival])
        mean = self.step_days * (curve[:, :-1] + curve[:, 1:]).sum(axis=1) / 2
        return {"expected_days": mean, "median_days": self._crossing(curve)}

    def _crossing(self, curve: Floats) -> Floats:
        """Days at which the curve falls to one half, between two steps on a straight line; NaN where it does not."""
        below = curve <= 0.5
        step = np.argmax(below, axis=1)
        who = np.arange(len(curve))
        before, after = curve[who, np.maximum(step - 1, 0)], curve[who, step]
        part = np.divide(before - 0.5, before - after, out=np.zeros(len(curve)), where=before > after)
        return np.where(below.any(axis=1), self.step_days * (step - 1 + part), np.nan)

    def contributions(self, rows: Floats) -> Floats:
        """Return each feature's share of the log odds of the first step, (n, features + 1); the last is the base."""
        shares = raw_scores(self.text, _with_step(rows, 0), contributions=True)
        return np.column_stack([shares[:, :-2], shares[:, -2] + shares[:, -1]])

    def gain(self) -> dict[str, float]:
        """Return the total gain of the splits on each feature (the step's own is left out)."""
        found = split_gain(self.text)
        return {name: found[name] for name in self.features}

    def save(self, folder: Path) -> None:
        """Write ``trees.txt`` and ``hazard.json`` into an existing folder."""
        (folder / "trees.txt").write_text(self.text, encoding="utf-8")
        head = {"family": FAMILY, "features": self.features, "steps": self.steps, "step_days": self.step_days}
        (folder / "hazard.json").write_text(json.dumps(head, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "BoostedHazard":
        """Read what ``save`` wrote."""
        head = json.loads((folder / "hazard.json").read_text(encoding="utf-8"))
        text = (folder / "trees.txt").read_text(encoding="utf-8")
        return cls(text, tuple(head["features"]), head["steps"], head["step_days"])


@dataclass(frozen=True)
class Spells:
    """How long each person was watched: ``days`` (n,) until the event, NaN where none was seen; ``observed`` (n,) days."""

    days: Floats
    observed: Floats


def fit_hazard(
    rows: Floats,
    spells: Spells,
    features: Sequence[str],
    *,
    horizon_days: int,
    step_days: int,
    params: dict[str, bool | int | float | str],
    rounds: int,
    seed: int,
) -> BoostedHazard:
    """Fit hazards on person-periods.

    ``rows`` (n, features) and a spell for each. A step counts for who had no event before it and was watched to its end.
    """
    steps = max(1, -(-horizon_days // step_days))
    who, step, happened = periods(spells, steps=steps, step_days=step_days)
    table = np.column_stack([rows[who], step.astype(np.float64)])
    fixed: dict[str, bool | int | float | str] = {"objective": "binary", "seed": seed}
    text = fit_trees(table, happened, (*features, STEP), params={**params, **fixed}, rounds=rounds)
    return BoostedHazard(text, tuple(features), steps, step_days)


def periods(spells: Spells, *, steps: int, step_days: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return the person-periods: each one's row, its step from 0, and 1 where the event fell into it."""
    days, observed = spells.days, spells.observed
    number = np.where(np.isnan(days), np.inf, np.floor(days / step_days))
    grid = np.arange(steps)[None, :]
    inside = grid <= np.where(np.isinf(number), steps, number)[:, None]
    came = grid == number[:, None]
    # A step that was watched in part teaches nothing: its events would be seen, the rest of its quiet would not.
    watched = (grid + 1) * step_days <= observed[:, None]
    who, step = np.nonzero(inside & watched)
    return who, step, came[who, step].astype(np.float64)


def _with_step(rows: Floats, step: int) -> Floats:
    return np.column_stack([rows, np.full(len(rows), float(step))])
