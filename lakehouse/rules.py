"""Typed constructors of a contract's rules: one short call for each thing that can be asserted of a table."""

import re
from dataclasses import replace

from lakehouse.assertions import (
    Between,
    Length,
    Matches,
    Measure,
    NotNull,
    OneOf,
    References,
    RowAssertion,
    Scalar,
    Statistic,
    Unique,
    predicate,
)
from lakehouse.errors import ContractError
from lakehouse.table import Rule, Severity


def _row(name: str, said: RowAssertion) -> Rule:
    return Rule(name, predicate(said), asserts=said)


def required(column: str) -> Rule:
    """The column has a value."""
    return _row(f"{column}_required", NotNull(column))


def between(column: str, low: Scalar | None = None, high: Scalar | None = None) -> Rule:
    """The value lies between two bounds, which count; one of them may be left out."""
    _bounds(column, low, high)
    return _row(f"{column}_between", Between(column, low, high))


def one_of(column: str, *values: Scalar) -> Rule:
    """The value is one of ``values``."""
    if not values:
        raise ContractError("one_of needs values", rule=f"{column}_one_of")
    return _row(f"{column}_one_of", OneOf(column, values))


def matches(column: str, pattern: str) -> Rule:
    """The whole text matches a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ContractError(f"not a regular expression: {error}", rule=f"{column}_matches") from error
    return _row(f"{column}_matches", Matches(column, pattern))


def length(column: str, low: int | None = None, high: int | None = None) -> Rule:
    """The text has between ``low`` and ``high`` characters."""
    _bounds(column, low, high)
    return _row(f"{column}_length", Length(column, low, high))


def holds(name: str, sql: str) -> Rule:
    """A condition between columns, in Spark SQL; null counts as true."""
    return Rule(name, sql)


def unique(*columns: str) -> Rule:
    """No two rows agree in all of these columns (exact)."""
    return Rule(f"{'_'.join(columns)}_unique", asserts=Unique(columns))


def references(column: str | tuple[str, ...], table: str, target: str | tuple[str, ...] = "") -> Rule:
    """Each value stands in ``table`` too, in the column ``target`` (of the same name where it is not said)."""
    columns = (column,) if isinstance(column, str) else column
    targets = columns if not target else (target,) if isinstance(target, str) else target
    name = f"{'_'.join(columns)}_in_{table.rpartition('.')[2]}"
    if len(columns) != len(targets):
        raise ContractError("as many columns must be named on both sides of a reference", rule=name)
    return Rule(name, asserts=References(columns, table, targets))


def at_most_missing(column: str, share: float) -> Rule:
    """At most this share of the rows has no value in the column: a row rule with a tolerance."""
    said = NotNull(column)
    return Rule(f"{column}_complete", predicate(said), asserts=said, at_most=share)


def distinct_between(column: str, low: float | None = None, high: float | None = None) -> Rule:
    """The column has about so many distinct values (HyperLogLog, relative standard error at most 5 %)."""
    return statistic("distinct", column, low, high)


def rows_between(low: float | None = None, high: float | None = None) -> Rule:
    """A batch has so many rows."""
    return statistic("rows", "", low, high)


def fresh(column: str, hours: float) -> Rule:
    """The greatest time in the column is at most so many hours before the checking."""
    return statistic("hours_old", column, None, hours)


def statistic(
    measure: Measure, column: str, low: float | None = None, high: float | None = None, at: float = 0.5
) -> Rule:
    """A statistic of a column over all rows lies between two bounds; ``at`` is the quantile that is meant."""
    what = f"p{at * 100:g}".replace(".", "_") if measure == "quantile" else measure
    name = "_".join(filter(None, (column, what)))
    _bounds(name, low, high)
    return Rule(name, asserts=Statistic(measure, column, low, high, at))


def tolerant(rule: Rule, *, at_most: float = 0.0, at_most_rows: int = 0) -> Rule:
    """The rule with a tolerance: a share of the rows, or so many rows, whichever is more, may break it."""
    return replace(rule, at_most=at_most, at_most_rows=at_most_rows)


def warning(rule: Rule) -> Rule:
    """The rule with the severity ``warn``: told, but stops nothing."""
    return replace(rule, severity=Severity.WARN)


def named(rule: Rule, name: str) -> Rule:
    """The rule under another name."""
    return replace(rule, name=name)


def _bounds(name: str, low: Scalar | None, high: Scalar | None) -> None:
    if low is None and high is None:
        raise ContractError("a lower or an upper bound is needed", rule=name)
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise ContractError(f"the lower bound {low} is above the upper one {high}", rule=name)
