"""What a rule of a contract asserts: a closed set of typed assertions, and the SQL predicate of those that one row can break."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Scalar = bool | int | float | Decimal | str | date | datetime
Measure = Literal["min", "max", "mean", "sum", "stddev", "quantile", "distinct", "missing", "rows", "hours_old"]
"""Statistics of a column; ``missing`` is a share of the rows, ``hours_old`` the age of its greatest time in hours."""


@dataclass(frozen=True, slots=True)
class NotNull:
    """The column has a value."""

    column: str


@dataclass(frozen=True, slots=True)
class Between:
    """The value lies between ``low`` and ``high`` (either may be None); the bounds count unless they are ``strict``."""

    column: str
    low: Scalar | None = None
    high: Scalar | None = None
    strict_low: bool = False
    strict_high: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these."""

    column: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole text matches the regular expression (Java's dialect)."""

    column: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Length:
    """The text has so many characters."""

    column: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition on the row in Spark SQL is not false."""

    sql: str


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows have the same values in these columns; a row with a null among them counts as a duplicate."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class References:
    """Values that are not null stand in ``table``'s ``targets`` too."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic over all rows lies between ``low`` and ``high``; ``at`` is the quantile, 0 to 1."""

    measure: Measure
    column: str = ""
    low: float | None = None
    high: float | None = None
    at: float = 0.5


RowAssertion = NotNull | Between | OneOf | Matches | Length | Holds
Assertion = RowAssertion | Unique | References | Statistic


def literal(value: Scalar) -> str:
    """A value as a Spark SQL literal."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return f"TIMESTAMP'{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE'{value.isoformat()}'"
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case _:
            return str(value)


def anchored(pattern: str) -> str:
    """A pattern that the whole text must match, as every dialect writes it; some let a line break follow."""
    return f"^(?:{pattern})$" if "|" in pattern else f"^{pattern}$"


def whole(pattern: str) -> str:
    """A pattern that the whole text must match, for Java; a group, which costs a third of the time, only where it is needed."""
    return f"^(?:{pattern})\\z" if "|" in pattern else f"^{pattern}\\z"


def predicate(said: RowAssertion) -> str:
    """The assertion as a Spark SQL predicate, which must not be false of any row."""
    match said:
        case NotNull(column):
            return f"`{column}` IS NOT NULL"
        case Between():
            return _between(said)
        case OneOf(column, values):
            return f"`{column}` IN ({', '.join(literal(value) for value in values)})"
        case Matches(column, pattern):
            return f"`{column}` RLIKE {literal(whole(pattern))}"
        case Length(column, low, high):
            return _bounded(f"length(`{column}`)", low, high)
        case Holds(sql):
            return sql


def _between(said: Between) -> str:
    if said.strict_low or said.strict_high:
        parts = [
            f"`{said.column}` {sign}{'' if strict else '='} {literal(bound)}"
            for sign, bound, strict in ((">", said.low, said.strict_low), ("<", said.high, said.strict_high))
            if bound is not None
        ]
        return " AND ".join(parts)
    return _bounded(f"`{said.column}`", said.low, said.high)


def _bounded(value: str, low: Scalar | None, high: Scalar | None) -> str:
    if low is not None and high is not None:
        return f"{value} BETWEEN {literal(low)} AND {literal(high)}"
    return f"{value} >= {literal(low)}" if low is not None else f"{value} <= {literal(high or 0)}"


NUMBER = r"-?\d+(?:\.\d+)?"
COLUMN = r"`?([A-Za-z_]\w*)`?"
IS_BETWEEN = re.compile(rf"{COLUMN} BETWEEN ({NUMBER}) AND ({NUMBER})", re.IGNORECASE)
IS_COMPARED = re.compile(rf"{COLUMN} (>=|>|<=|<) ({NUMBER})")
IS_ONE_OF = re.compile(rf"{COLUMN} IN \(((?:'[^']*'|{NUMBER})(?:, ?(?:'[^']*'|{NUMBER}))*)\)", re.IGNORECASE)
IS_LENGTH = re.compile(rf"length\({COLUMN}\) (?:BETWEEN (\d+) AND (\d+)|>= (\d+)|<= (\d+))", re.IGNORECASE)
IS_NOT_NULL = re.compile(rf"{COLUMN} IS NOT NULL", re.IGNORECASE)


def recognise(sql: str) -> RowAssertion:
    """The typed assertion that a plain predicate makes (ranges, sets, not null); what is not plain is ``Holds``."""
    if found := IS_NOT_NULL.fullmatch(sql):
        return NotNull(found[1])
    if found := IS_BETWEEN.fullmatch(sql):
        return Between(found[1], _number(found[2]), _number(found[3]))
    if found := IS_ONE_OF.fullmatch(sql):
        values = re.findall(rf"'[^']*'|{NUMBER}", found[2])
        return OneOf(found[1], tuple(v[1:-1] if v.startswith("'") else _number(v) for v in values))
    if found := IS_LENGTH.fullmatch(sql):
        low, high = found[2] or found[4], found[3] or found[5]
        return Length(found[1], int(low) if low else None, int(high) if high else None)
    return _compared(sql)


def _compared(sql: str) -> RowAssertion:
    if found := IS_COMPARED.fullmatch(sql):
        column, sign, bound = found[1], found[2], _number(found[3])
        strict = "=" not in sign
        if sign.startswith(">"):
            return Between(column, low=bound, strict_low=strict)
        return Between(column, high=bound, strict_high=strict)
    return Holds(sql)


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)
