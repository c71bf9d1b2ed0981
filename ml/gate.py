"""Whether a challenger becomes champion: every rule is tried, and each that fails says so in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml.evaluate import Interval, Leak, Metrics
from ml.spec import Gate


@dataclass(frozen=True)
class Evidence:
    """All that the gate looks at, measured on the hold-out (``leaks`` on the training rows).

    ``gain`` is the challenger's gain over the baseline in the gate's metric; ``champion`` is the present
    champion's metrics on the same people, or None where there is none that can score them.
    """

    challenger: Metrics
    baseline: Metrics
    gain: Interval
    leaks: Sequence[Leak] = ()
    champion: Metrics | None = None


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why in one sentence; a refusal lists every rule that failed."""

    promote: bool
    reason: str


def decide(gate: Gate, evidence: Evidence) -> Decision:
    """Return whether the challenger is to be champion.

    It must have no leak, be better than the baseline beyond chance, be calibrated, and be not worse than the
    present champion.
    """
    rules = (
        _leak(gate, evidence),
        _baseline(gate, evidence),
        _calibration(gate, evidence),
        _champion(gate, evidence),
    )
    failed = [rule for rule in rules if rule]
    if failed:
        return Decision(promote=False, reason="refused: " + "; ".join(failed))
    return Decision(promote=True, reason=f"promoted: {_praise(gate, evidence)}")


def _of(metrics: Metrics, gate: Gate) -> float:
    return float(getattr(metrics, gate.metric))


def _leak(gate: Gate, evidence: Evidence) -> str:
    if not evidence.leaks:
        return ""
    named = ", ".join(f"{leak.feature} (AUC {leak.auc:.3f})" for leak in evidence.leaks)
    return f"a single feature tells the outcome, above {gate.max_single_feature_auc:g}: {named}"


def _baseline(gate: Gate, evidence: Evidence) -> str:
    gain = evidence.gain
    if gain.value >= gate.min_gain_over_baseline and gain.low > 0:
        return ""
    needed = f"needs {gate.min_gain_over_baseline:g} and above 0"
    return f"no better than the baseline: {_gain(gate, evidence)}, {needed}"


def _calibration(gate: Gate, evidence: Evidence) -> str:
    error = evidence.challenger.calibration_error
    if error <= gate.max_calibration_error:
        return ""
    return f"not calibrated: mean error {error:.3f} over deciles, at most {gate.max_calibration_error:g}"


def _champion(gate: Gate, evidence: Evidence) -> str:
    if evidence.champion is None:
        return ""
    ours, theirs = _of(evidence.challenger, gate), _of(evidence.champion, gate)
    if ours >= theirs - gate.champion_tolerance:
        return ""
    return f"worse than the champion: {gate.metric} {ours:.4f} against {theirs:.4f}"


def _gain(gate: Gate, evidence: Evidence) -> str:
    gain, share = evidence.gain, f"{gate.confidence:.0%}"
    return f"{gate.metric} {gain.value:+.4f} (at {share} at least {gain.low:+.4f})"


def _praise(gate: Gate, evidence: Evidence) -> str:
    ours = f"{gate.metric} {_of(evidence.challenger, gate):.4f}, {_gain(gate, evidence)} over the baseline"
    if evidence.champion is None:
        return f"{ours}; no champion before it"
    return f"{ours}; the champion has {_of(evidence.champion, gate):.4f}"
