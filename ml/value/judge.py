"""Which model of value is the better one: errors of spend and of purchases, spend at a budget, and the gate."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from ml.models.clv.histories import Floats
from ml.value.model import Expected, People
from ml.value.spec import ValueGate

ROUNDS = 200
NOT_WORSE = 1.02
"""A challenger's error may be this multiple of the champion's."""


@dataclass(frozen=True)
class Errors:
    """On a horizon that nobody was fitted on: errors of the spend, share of it among the best, and errors of purchases.

    ``bias``: the sum of the spend expected over the spend that came, less 1; ``budget``: the share of all spend that the best
    ``budget_share`` of people by expectation made. Errors of purchases are None where no purchase model was sound.
    """

    mae: float
    rmse: float
    budget: float
    bias: float
    purchases_mae: float | None
    purchases_rmse: float | None


@dataclass(frozen=True)
class Verdict:
    """Whether the chosen model is to be champion, and why in one sentence."""

    promote: bool
    reason: str


def past_rate(people: People, horizon_days: int) -> Expected:
    """The baseline: repeat purchases, and what is spent at one, go on at the rate that they had since the first purchase."""
    bought = people.frequency * (horizon_days / np.maximum(people.T, 1.0))
    return Expected(bought, np.ones(len(people)), bought * np.nan_to_num(np.maximum(people.money, 0)))


def errors(found: Expected, people: People, budget_share: float) -> Errors:
    """Measure what was expected of ``people`` against what they did."""
    gap, missed = found.value - people.later_amount, found.purchases - people.later_days
    tells = bool(np.isfinite(missed).all())
    return Errors(
        mae=float(np.abs(gap).mean()),
        rmse=float(np.sqrt((gap**2).mean())),
        budget=_at_budget(found.value, people.later_amount, budget_share),
        bias=float(found.value.sum() / max(people.later_amount.sum(), 1e-9) - 1),
        purchases_mae=float(np.abs(missed).mean()) if tells else None,
        purchases_rmse=float(np.sqrt((missed**2).mean())) if tells else None,
    )


def best(table: Mapping[str, Errors]) -> list[str]:
    """Names from the best on: by the mean of three ranks, of MAE, RMSE and spend at the budget; RMSE parts equals."""
    names = list(table)
    ranks = dict.fromkeys(names, 0)
    for part in range(3):
        for place, name in enumerate(sorted(names, key=lambda n: _losses(table[n])[part])):
            ranks[name] += place
    return sorted(names, key=lambda name: (ranks[name], table[name].rmse))


def _losses(one: Errors) -> tuple[float, float, float]:
    return one.mae, one.rmse, -one.budget


def decide(
    gate: ValueGate, people: People, found: Expected, baseline: Expected, champion: Expected | None, *, seed: int
) -> Verdict:
    """The gate on the last cut-off; every rule is tried, and a refusal lists each that failed."""
    ours, theirs = (errors(one, people, gate.budget_share) for one in (found, baseline))
    low = _gain_low(people, found, baseline, gate.confidence, seed)
    rules = {
        f"{len(people)} customers on the last cut-off, {gate.min_rows} are needed": len(people) < gate.min_rows,
        f"no better than the past rate carried on: RMSE of spend {ours.rmse:.2f} against {theirs.rmse:.2f} "
        f"(at {gate.confidence:.0%} gained at least {low:+.2f})": low <= 0,
        f"the best {gate.budget_share:.0%} by it take {ours.budget:.1%} of spend, by the past rate {theirs.budget:.1%}": (
            ours.budget < theirs.budget - gate.budget_tolerance
        ),
        f"its sum is {ours.bias:+.0%} of what was spent, at most {gate.max_bias:.0%} is allowed": (
            not abs(ours.bias) <= gate.max_bias
        ),
    }
    if champion is not None:
        old = errors(champion, people, gate.budget_share)
        rules[f"worse than the champion: RMSE of spend {ours.rmse:.2f} against {old.rmse:.2f}"] = (
            ours.rmse > NOT_WORSE * old.rmse
        )
    failed = [text for text, fails in rules.items() if fails]
    if failed:
        return Verdict(promote=False, reason="refused: " + "; ".join(failed))
    return Verdict(
        promote=True,
        reason=f"promoted: RMSE of spend {ours.rmse:.2f} against {theirs.rmse:.2f} of the past rate (at {gate.confidence:.0%} "
        f"gained at least {low:+.2f}), MAE {ours.mae:.2f} against {theirs.mae:.2f}; its best {gate.budget_share:.0%} take "
        f"{ours.budget:.1%} of spend, the past rate's {theirs.budget:.1%}; its sum is {ours.bias:+.0%} of what came",
    )


def as_metrics(table: Mapping[str, Errors]) -> dict[str, float]:
    """``<model>.<error>`` for each, as MLflow takes it."""
    values = ((f"{name}.{key}", value) for name, one in table.items() for key, value in asdict(one).items())
    return {key: value for key, value in values if value is not None}


def _at_budget(value: Floats, spent: Floats, share: float) -> float:
    top = np.argsort(-value, kind="stable")[: max(1, round(share * len(value)))]
    return float(spent[top].sum() / max(spent.sum(), 1e-9))


def _gain_low(people: People, found: Expected, baseline: Expected, confidence: float, seed: int) -> float:
    """Lower bound of how much the RMSE of the spend falls, by a paired bootstrap over people.

    The squared error, as what is promised is a mean: the absolute error is least for a median, which is too low for money.
    """
    theirs, ours = ((one.value - people.later_amount) ** 2 for one in (baseline, found))
    draws, n = np.random.default_rng(seed), len(ours)
    samples = (draws.integers(0, n, n) for _ in range(ROUNDS))
    falls = [float(np.sqrt(theirs[rows].mean()) - np.sqrt(ours[rows].mean())) for rows in samples]
    return float(np.quantile(falls, 1 - confidence))
