"""The gate: what a rule tolerates, what stops, and what is told."""

import pytest

from lakehouse import rules
from lakehouse.checks import Measured
from lakehouse.errors import CheckFailed
from lakehouse.table import Rule
from lakehouse.verdicts import Verdict, gate, judge

A = rules.holds("a", "x > 0")


@pytest.mark.parametrize(
    ("rule", "violations", "passed"),
    [
        (A, 0, True),
        (A, 1, False),
        (rules.tolerant(A, at_most=0.02), 2, True),
        (rules.tolerant(A, at_most=0.02), 3, False),
        (rules.tolerant(A, at_most_rows=5), 5, True),
        (rules.tolerant(A, at_most_rows=5, at_most=0.06), 6, True),
        (rules.tolerant(A, at_most_rows=5, at_most=0.06), 7, False),
    ],
)
def test_a_rule_tolerates_a_share_or_so_many_rows(rule: Rule, violations: int, *, passed: bool) -> None:
    (verdict,) = judge(Measured("gold.x", 100, {"a": violations}), [rule])
    assert verdict.passed is passed
    assert verdict.stops is not passed


def test_a_statistic_is_judged_by_its_bounds_and_told_with_them() -> None:
    rule = rules.statistic("mean", "size", 1, 2)
    (verdict,) = judge(Measured("gold.x", 9, {"size_mean": 1}, values={"size_mean": 3.5}), [rule])
    assert (verdict.passed, verdict.value, verdict.low, verdict.high) == (False, 3.5, 1, 2)
    assert str(verdict) == "size_mean: 3.5 is not in 1..2"


def test_the_gate_names_what_stops_and_lets_warnings_through() -> None:
    warned = judge(Measured("gold.x", 9, {"a": 3}), [rules.warning(A)])
    gate("gold.x", warned)
    assert not warned[0].passed
    with pytest.raises(CheckFailed, match="publication stopped, a: 3 of 9 rows") as told:
        gate("gold.x", [*warned, Verdict("a", 9, 3, passed=False)])
    assert told.value.where == {"table": "gold.x", "rule": "a"}


def test_only_rules_that_were_measured_are_judged() -> None:
    assert judge(Measured("gold.x", 9, {}), [A]) == []
