"""The gate: what was measured held against what each rule tolerates; a rule that stops ends the publication."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakehouse.assertions import Statistic
from lakehouse.checks import Measured
from lakehouse.errors import CheckFailed
from lakehouse.table import Rule, Severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule of one batch. ``allowed`` are the violations tolerated; ``value`` is the statistic, where it is one."""

    rule: str
    rows: int
    violations: int
    passed: bool
    severity: Severity = Severity.STOP
    allowed: float = 0.0
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def stops(self) -> bool:
        """Whether it keeps the batch from being published."""
        return not self.passed and self.severity is Severity.STOP

    def __str__(self) -> str:
        if self.value is None and self.low is None and self.high is None:
            return f"{self.rule}: {self.violations} of {self.rows} rows"
        between = f"{'' if self.low is None else f'{self.low:g}'}..{'' if self.high is None else f'{self.high:g}'}"
        value = "nothing" if self.value is None else f"{self.value:g}"
        return f"{self.rule}: {value} is {'' if self.passed else 'not '}in {between}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdicts of one batch of a table, and when and by which run it was checked."""

    table: str
    run_id: str
    at: datetime
    verdicts: Sequence[Verdict]


def judge(measured: Measured, rules: Iterable[Rule]) -> list[Verdict]:
    """A verdict on each rule that was measured, in the order of the measurements."""
    known = {rule.name: rule for rule in rules}
    return [_judged(measured, known[name], count) for name, count in measured.violations.items() if name in known]


def _judged(measured: Measured, rule: Rule, violations: int) -> Verdict:
    said = rule.assertion
    if isinstance(said, Statistic):
        value = measured.values.get(rule.name)
        return Verdict(
            rule.name, measured.rows, violations, not violations, rule.severity, 0.0, value, said.low, said.high
        )
    allowed = rule.allowed(measured.rows)
    return Verdict(rule.name, measured.rows, violations, violations <= allowed, rule.severity, allowed)


def gate(table: str, verdicts: Sequence[Verdict]) -> None:
    """Raise :class:`CheckFailed` where a verdict stops, naming table, rules and how many rows break them."""
    stopping = [verdict for verdict in verdicts if verdict.stops]
    if stopping:
        said = ", ".join(map(str, stopping))
        raise CheckFailed(f"publication stopped, {said}", table=table, rule=stopping[0].rule)
