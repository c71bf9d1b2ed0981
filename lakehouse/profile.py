"""What a column is like: null share, distinct values, mean and deciles, as aggregate expressions that ride on the rules' scan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lakehouse.table import Column, Pii, Table

NUMERIC = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
DECILES = tuple(n / 10 for n in range(11))
ACCURACY = 200
"""Of ``percentile_approx``: relative rank error 1 / 200."""
DISTINCT_ERROR = 0.05
"""Relative standard deviation of ``approx_count_distinct``."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of one batch. ``deciles`` are 11 numbers from the least to the greatest; empty where it is no number."""

    column: str
    rows: int
    nulls: int
    distinct: int | None = None
    mean: float | None = None
    deciles: tuple[float, ...] = ()

    @property
    def null_share(self) -> float:
        """Nulls as a share of the rows."""
        return self.nulls / self.rows if self.rows else 0.0


def worth_profiling(table: Table) -> tuple[Column, ...]:
    """The columns whose statistics say something: no technical ones, no keys, no tokens, no nested types."""
    plain = (*NUMERIC, "string", "boolean", "date", "timestamp")
    return tuple(
        c
        for c in table.columns
        if not c.is_technical
        and c.name not in table.key
        and c.pii is not Pii.TOKEN
        and c.type.lower().startswith(plain)
    )


def expressions(column: Column, where: str = "") -> Iterator[tuple[str, str]]:
    """``(statistic, Spark SQL aggregate)`` of a column; ``where`` is a ``FILTER`` clause or nothing."""
    name, kind = f"`{column.name}`", column.type.lower()
    if not column.required:
        yield "known", f"count({name}){where}"
    if kind.startswith(NUMERIC):
        number = f"cast({name} AS double)"
        yield "mean", f"avg({number}){where}"
        yield "deciles", f"percentile_approx({number}, array({', '.join(map(str, DECILES))}), {ACCURACY}){where}"
    elif kind == "boolean":
        yield "mean", f"avg(cast({name} AS int)){where}"
    elif kind == "string":
        yield "distinct", f"approx_count_distinct({name}, {DISTINCT_ERROR}){where}"


def profile_of(column: str, rows: int, found: Mapping[str, object]) -> Profile:
    """A column's profile from the results of its expressions."""
    known, distinct, mean, deciles = (found.get(name) for name in ("known", "distinct", "mean", "deciles"))
    return Profile(
        column,
        rows,
        rows - known if isinstance(known, int) else 0,
        distinct if isinstance(distinct, int) else None,
        mean if isinstance(mean, float) else None,
        tuple(float(value) for value in deciles) if isinstance(deciles, Sequence) else (),
    )
