"""Whether a challenger becomes champion: every rule is tried, and each says in words why it passed or failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ml.backtest import Rise
from ml.earnings import Earned
from ml.evaluate import Interval, Leak, Metrics
from ml.fairness import Slice, unfair
from ml.spec import Gate


@dataclass(frozen=True)
class Evidence:
    """All that the gate looks at (``leaks`` on the training rows).

    ``challenger`` and ``baseline`` are measured on the latest hold-out, ``gain`` is the one's over the other in the gate's
    metric; ``champion`` is the present champion's metrics on the same people, or None where none can score them. The rest is
    over all back-tests: the value that the challenger earns at the budget against the baseline and against the champion, its
    metrics (``pooled``), deciles that rise, the stability of its scores since each earlier cut-off, and its slices.
    """

    challenger: Metrics
    baseline: Metrics
    gain: Interval
    leaks: Sequence[Leak] = ()
    champion: Metrics | None = None
    over_baseline: Earned | None = None
    over_champion: Earned | None = None
    pooled: Metrics | None = None
    rises: Sequence[Rise] = ()
    shifts: Mapping[date, float] = field(default_factory=dict)
    slices: Sequence[Slice] = ()


@dataclass(frozen=True)
class Ruling:
    """One rule's word: its name, whether the challenger passed, and the figures that it went by."""

    rule: str
    passed: bool
    said: str


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why in one sentence; a refusal lists every rule that failed. ``rulings`` has all of them."""

    promote: bool
    reason: str
    rulings: tuple[Ruling, ...] = ()


def decide(gate: Gate, evidence: Evidence) -> Decision:
    """Return whether the challenger is to be champion.

    It must have no leak, earn more at the budget than the baseline and than the present champion beyond chance, be
    calibrated, fall from decile to decile, be stable between cut-offs, and be as calibrated in every slice.
    """
    rulings = (
        _leak(gate, evidence),
        _baseline(gate, evidence),
        _calibration(gate, evidence),
        _monotone(gate, evidence),
        _stable(gate, evidence),
        _fair(gate, evidence),
        _champion(gate, evidence),
    )
    failed = [ruling.said for ruling in rulings if not ruling.passed]
    if failed:
        return Decision(promote=False, reason="refused: " + "; ".join(failed), rulings=rulings)
    return Decision(promote=True, reason=f"promoted: {_praise(gate, evidence)}", rulings=rulings)


def _of(metrics: Metrics, gate: Gate) -> float:
    return float(getattr(metrics, gate.metric))


def _leak(gate: Gate, evidence: Evidence) -> Ruling:
    if not evidence.leaks:
        return Ruling("leaks", passed=True, said="no feature tells the outcome alone or is known only after it")
    named = ", ".join(
        f"{leak.feature} ({leak.reason}, AUC {leak.auc:.3f})" if leak.reason else f"{leak.feature} (AUC {leak.auc:.3f})"
        for leak in evidence.leaks
    )
    why = f"a single feature tells the outcome, above {gate.max_single_feature_auc:g} or known only after it"
    return Ruling("leaks", passed=False, said=f"{why}: {named}")


def _baseline(gate: Gate, evidence: Evidence) -> Ruling:
    found = evidence.over_baseline
    gain = evidence.gain if found is None else found.gain
    said = _gain(gate, evidence.gain) if found is None else _earns(gate, found, "the baseline")
    passed = gain.value >= gate.min_gain_over_baseline and gain.low > 0
    if passed:
        return Ruling("earns more than the baseline", passed, said)
    needed = f"needs {gate.min_gain_over_baseline:g} and above 0"
    return Ruling("earns more than the baseline", passed, f"no better than the baseline: {said}, {needed}")


def _calibration(gate: Gate, evidence: Evidence) -> Ruling:
    error = (evidence.pooled or evidence.challenger).calibration_error
    said = f"mean error {error:.3f} over deciles, at most {gate.max_calibration_error:g}"
    passed = error <= gate.max_calibration_error
    return Ruling("calibrated", passed, said if passed else f"not calibrated: {said}")


def _monotone(gate: Gate, evidence: Evidence) -> Ruling:
    worst = max(evidence.rises, key=lambda rise: rise.z, default=None)
    if worst is None:
        return Ruling("monotone", passed=True, said="what came falls from decile to decile")
    said = f"decile {worst.decile} did better than decile {worst.decile - 1} by {worst.z:.1f} standard errors"
    passed = worst.z <= gate.max_rise
    return Ruling("monotone", passed, f"{said if passed else 'not monotone: ' + said}, at most {gate.max_rise:g}")


def _stable(gate: Gate, evidence: Evidence) -> Ruling:
    if not evidence.shifts:
        return Ruling("stable", passed=True, said="one cut-off only: nothing to compare")
    day, worst = max(evidence.shifts.items(), key=lambda item: item[1])
    passed = worst <= gate.max_psi
    said = f"PSI of the scores {worst:.3f} since {day}, at most {gate.max_psi:g}"
    return Ruling("stable", passed, said if passed else f"not stable: {said}")


def _fair(gate: Gate, evidence: Evidence) -> Ruling:
    limit = gate.fairness.max_calibration_gap
    if not evidence.slices:
        return Ruling("fair", passed=True, said=f"no slice has {gate.fairness.min_rows} rows")
    bad = unfair(evidence.slices, limit)
    if not bad:
        worst = evidence.slices[0]
        return Ruling("fair", passed=True, said=f"largest gap {_gap(worst)}, at most {limit:g}")
    return Ruling("fair", passed=False, said=f"not fair: {', '.join(map(_gap, bad))}, at most {limit:g}")


def _gap(part: Slice) -> str:
    return f"{part.column} {part.value} predicted {part.mean_score:.3f} came {part.actual_rate:.3f}"


def _champion(gate: Gate, evidence: Evidence) -> Ruling:
    name = "earns more than the champion"
    if evidence.over_champion is not None:
        found = evidence.over_champion
        passed = found.gain.low > 0
        said = _earns(gate, found, "the champion")
        return Ruling(name, passed, said if passed else f"no better than the champion: {said}, needs above 0")
    if evidence.champion is None:
        return Ruling(name, passed=True, said="no champion before it")
    ours, theirs = _of(evidence.challenger, gate), _of(evidence.champion, gate)
    passed = ours > theirs
    said = f"{gate.metric} {ours:.4f} against {theirs:.4f}"
    return Ruling(name, passed, said if passed else f"worse than the champion: {said}")


def _gain(gate: Gate, gain: Interval) -> str:
    return f"{gate.metric} {gain.value:+.4f} (at {gate.confidence:.0%} at least {gain.low:+.4f})"


def _earns(gate: Gate, found: Earned, whom: str) -> str:
    gain, share = found.gain, f"{gate.confidence:.0%}"
    return (
        f"the best {gate.budget:.0%} hold {found.ours:,.0f} of {found.everything:,.0f} in value, {gain.value:+.1%} over "
        f"{whom}'s {found.theirs:,.0f} (at {share} at least {gain.low:+.1%})"
    )


def _praise(gate: Gate, evidence: Evidence) -> str:
    ours = f"{gate.metric} {_of(evidence.challenger, gate):.4f}, {_gain(gate, evidence.gain)} over the baseline"
    if evidence.over_baseline is not None:
        ours += f"; {_earns(gate, evidence.over_baseline, 'the baseline')}"
    if evidence.champion is None:
        return f"{ours}; no champion before it"
    return f"{ours}; the champion has {_of(evidence.champion, gate):.4f}"
