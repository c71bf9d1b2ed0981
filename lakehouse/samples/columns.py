"""What the columns of a sample hold, in DuckDB: how full and how distinct they are, which shape, which role."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from lakehouse.samples.kinds import DATES, KINDS, PLACEHOLDERS, TIMES, TimeFormat, time_sql
from lakehouse.samples.reading import Sample
from lakehouse.samples.roles import BY_NAME as ROLES
from lakehouse.samples.roles import role_of

LOOKED_AT = 20_000
"""Rows that shapes are guessed from; counts of nulls and of distinct values are over all rows."""
FITS = 0.9
MOST_CHOICES = 12
RARE = 0.02


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """``full`` and ``placeholders`` are shares of all rows, ``distinct`` a count; ``share`` of the values have the shape
    ``kind`` (``text`` where none fits); ``examples`` are the commonest values.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    placeholders: float
    kind: str
    share: float
    time: TimeFormat | None
    role: str
    examples: tuple[str, ...]

    @property
    def full(self) -> float:
        """Share of rows that have a value."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.filled == self.rows == self.distinct

    @property
    def is_personal(self) -> bool:
        """Whether its name or its values say who somebody is."""
        named = self.role in ROLES and ROLES[self.role].is_personal
        return named or any(kind.name == self.kind and kind.is_personal for kind in KINDS)


def quoted(name: str) -> str:
    """A column's name in DuckDB."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def opened(sample: Sample, *names: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB session with the sample as ``t`` and its first rows as ``few``, values as shapes see them: half-width
    digits, no outer blanks, null where empty; of the named columns only, where some are named.
    """
    with duckdb.connect() as session:
        session.register("raw", sample.rows)
        listed = ", ".join(f"{_trimmed(quoted(name))} AS {quoted(name)}" for name in names or sample.columns)
        session.execute(f"CREATE TABLE t AS SELECT {listed} FROM raw")
        session.execute(f"CREATE TABLE few AS FROM t LIMIT {LOOKED_AT}")
        yield session


def _trimmed(name: str) -> str:
    narrow = f"translate({name}, '０１２３４５６７８９＋－＠．', '0123456789+-@.')"
    return f"nullif(trim(CASE WHEN strlen({name}) = length({name}) THEN {name} ELSE {narrow} END), '')"


def measure_columns(sample: Sample) -> list[ColumnFacts]:
    """Facts of every column of a sample, in the file's order."""
    with opened(sample) as session:
        return measured_in(session, sample)


def measured_in(session: duckdb.DuckDBPyConnection, sample: Sample) -> list[ColumnFacts]:
    """The same in a session that has been opened."""
    return [_facts(session, sample.rows.num_rows, name) for name in sample.columns]


def _facts(session: duckdb.DuckDBPyConnection, rows: int, name: str) -> ColumnFacts:
    listed = ", ".join(f"'{word}'" for word in PLACEHOLDERS)
    counted = session.execute(
        f"SELECT count(v), count(DISTINCT v), count(*) FILTER (lower(v) IN ({listed})) FROM (SELECT {quoted(name)} AS v FROM t)"
    ).fetchone()
    filled, distinct, dummy = counted or (0, 0, 0)
    kind, share, form = _shape(session, name)
    common = session.execute(
        f"SELECT v FROM (SELECT {quoted(name)} AS v FROM few) WHERE v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, v LIMIT ?",
        [MOST_CHOICES],
    ).fetchall()
    return ColumnFacts(
        name,
        rows,
        filled,
        distinct,
        dummy / rows,
        kind,
        share,
        form,
        role_of(name, kind),
        tuple(str(row[0]) for row in common),
    )


def _shape(session: duckdb.DuckDBPyConnection, name: str) -> tuple[str, float, TimeFormat | None]:
    """The narrowest shape that nearly all values have, its share, and how times are written."""
    plain = [kind for kind in KINDS if kind.sql]
    forms = (*TIMES, *DATES)
    tests = [*[kind.sql for kind in plain], *[time_sql(form) for form in forms]]
    counts = ", ".join(f"count(*) FILTER ({test})" for test in tests)
    listed = ", ".join(f"'{word}'" for word in PLACEHOLDERS)
    values = f"SELECT {quoted(name)} AS v FROM few"
    found = session.execute(
        f"SELECT count(*), {counts} FROM ({values}) WHERE v IS NOT NULL AND lower(v) NOT IN ({listed})"
    ).fetchone()
    if not found or not found[0]:
        return "text", 0.0, None
    shares = [count / found[0] for count in found[1:]]
    by_kind = dict(zip([kind.name for kind in plain], shares, strict=False))
    times, dates = shares[len(plain) : len(plain) + len(TIMES)], shares[len(plain) + len(TIMES) :]
    by_kind |= {"time": _together(times), "date": _together(dates)}
    kind = next((k.name for k in KINDS if by_kind[k.name] >= FITS), "text")
    form = _form(kind, times, dates)
    return kind, by_kind.get(kind, 0.0), form


def _together(shares: Sequence[float]) -> float:
    """The share of values in any of several formats: at most the sum, as some values fit more than one."""
    return max(shares) if max(shares) >= FITS else min(sum(shares), 1.0)


def _form(kind: str, times: Sequence[float], dates: Sequence[float]) -> TimeFormat | None:
    """How the times are written; where no format fits nearly all, those that each fit some, the commonest first."""
    if kind not in ("time", "date"):
        return None
    forms, shares = (TIMES, times) if kind == "time" else (DATES, dates)
    found = sorted(zip(shares, forms, strict=True), key=lambda pair: -pair[0])
    first = found[0][1]
    if found[0][0] >= FITS:
        return first
    several = [form for share, form in found if share >= RARE]
    casts = ", ".join("try_cast({} as timestamp)" if form.spark == "{}" else form.spark for form in several)
    return TimeFormat(first.pattern, f"coalesce({casts})", " or ".join(form.words for form in several))


def candidate_keys(sample: Sample, facts: Sequence[ColumnFacts]) -> list[tuple[str, ...]]:
    """Columns, or else pairs of columns, that no two rows share; those named like keys first. Times are no keys alone."""
    single = [f for f in facts if f.is_unique and f.kind not in ("time", "date", "decimal", "address_cn")]
    if single:
        return [(f.name,) for f in sorted(single, key=lambda f: not f.role)]
    full = [
        f for f in facts if f.filled == f.rows and f.distinct > 1 and f.kind not in ("decimal", "gender", "boolean")
    ]
    likely = sorted(full, key=lambda f: (not f.role, -f.distinct))[:6]
    with opened(sample) as session:
        pairs = [(a.name, b.name) for n, a in enumerate(likely) for b in likely[n + 1 :]]
        return [pair for pair in pairs if _is_key(session, pair)]


def _is_key(session: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> bool:
    listed = ", ".join(quoted(name) for name in names)
    found = session.execute(f"SELECT count(*) = count(DISTINCT ({listed})) FROM t").fetchone()
    return bool(found and found[0])
