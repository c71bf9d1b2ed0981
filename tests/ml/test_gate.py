"""The gate's rules one by one: each lets a good challenger pass and names what it refuses."""

from dataclasses import replace
from datetime import date

import pytest

from ml.backtest import Rise
from ml.earnings import Earned
from ml.evaluate import Interval, Leak, Metrics
from ml.fairness import Slice
from ml.gate import Evidence, decide
from ml.spec import Gate

GATE = Gate(metric="auc", min_gain_over_baseline=0.01, max_calibration_error=0.05)
GOOD = Metrics(auc=0.76, ap=0.5, lift10=2.5, brier=0.15, calibration_error=0.02, base_rate=0.3, rows=2000)
EVIDENCE = Evidence(
    challenger=GOOD,
    baseline=replace(GOOD, auc=0.7),
    gain=Interval(low=0.04, value=0.06, high=0.08),
    champion=replace(GOOD, auc=0.752),
    pooled=GOOD,
    rises=[Rise(7, 1.2)],
    shifts={date(2025, 4, 1): 0.04},
    slices=[Slice("last_channel", "shop", 800, 0.31, 0.29, 0.1, 0.3)],
)


def test_a_good_challenger_is_promoted_with_its_figures() -> None:
    decision = decide(GATE, EVIDENCE)
    assert decision.promote
    assert "auc 0.7600" in decision.reason
    assert "0.7520" in decision.reason
    assert all(ruling.passed for ruling in decision.rulings)


def test_the_first_challenger_needs_no_champion() -> None:
    decision = decide(GATE, replace(EVIDENCE, champion=None))
    assert decision.promote
    assert "no champion before it" in decision.reason


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (replace(EVIDENCE, leaks=[Leak("duration", 0.991)]), "duration (AUC 0.991)"),
        (replace(EVIDENCE, gain=Interval(0.001, 0.009, 0.02)), "no better than the baseline"),
        (replace(EVIDENCE, gain=Interval(-0.001, 0.02, 0.04)), "no better than the baseline"),
        (
            replace(EVIDENCE, pooled=replace(GOOD, calibration_error=0.051)),
            "not calibrated: mean error 0.051",
        ),
        (
            replace(EVIDENCE, champion=replace(GOOD, auc=0.766)),
            "worse than the champion: auc 0.7600 against 0.7660",
        ),
        (
            replace(EVIDENCE, leaks=[Leak("call", 0.7, "filled in afterwards")]),
            "call (filled in afterwards, AUC 0.700)",
        ),
        (
            replace(EVIDENCE, over_baseline=Earned(101, 100, 500, Interval(-0.01, 0.01, 0.03))),
            "no better than the baseline: the best 10% hold 101 of 500 in value, +1.0% over the baseline's 100",
        ),
        (
            replace(EVIDENCE, over_champion=Earned(100, 100, 500, Interval(0.0, 0.0, 0.0))),
            "no better than the champion: the best 10% hold 100 of 500",
        ),
        (
            replace(EVIDENCE, rises=[Rise(7, 1.2), Rise(3, 3.4)]),
            "decile 3 did better than decile 2 by 3.4 standard errors",
        ),
        (replace(EVIDENCE, shifts={date(2025, 4, 1): 0.26}), "not stable: PSI of the scores 0.260 since 2025-04-01"),
        (
            replace(EVIDENCE, slices=[Slice("last_channel", "app", 300, 0.42, 0.31, 0.1, 0.3)]),
            "not fair: last_channel app predicted 0.420 came 0.310",
        ),
    ],
)
def test_each_fault_is_refused_in_its_own_words(evidence: Evidence, words: str) -> None:
    decision = decide(GATE, evidence)
    assert not decision.promote
    assert decision.reason.startswith("refused: ")
    assert words in decision.reason
    assert ";" not in decision.reason
    assert [ruling.said in decision.reason for ruling in decision.rulings if not ruling.passed] == [True]


def test_all_faults_are_told_at_once() -> None:
    worse = replace(EVIDENCE, leaks=[Leak("x", 1.0)], champion=replace(GOOD, auc=0.9))
    reason = decide(GATE, worse).reason
    assert "x (AUC 1.000)" in reason
    assert "worse than the champion" in reason


def test_the_gates_metric_is_the_one_that_counts() -> None:
    evidence = replace(EVIDENCE, champion=replace(GOOD, auc=0.9, ap=0.4))
    assert not decide(GATE, evidence).promote
    assert decide(GATE.model_copy(update={"metric": "ap"}), evidence).promote
