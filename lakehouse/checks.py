"""The rules of a contract over a frame: which rules a row breaks, and all of a table's measurements in one aggregation."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.assertions import References, Statistic, Unique
from lakehouse.cardinality import distinct_counts
from lakehouse.profile import Profile, expressions, profile_of
from lakehouse.table import Column as Declared
from lakehouse.table import Rule, Table
from lakehouse.uniqueness import duplicates, exact_duplicates, hash_of

BAD, BROKEN = "_bad", "_broken"
DELETED = "_deleted"
BESIDE = "beside "
Lookup = Callable[[str], DataFrame | None]
"""A table's rows by its name; None where there is no such table yet."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one scan of a batch found: rows, violations by rule, the values of statistics, the profile of columns.

    ``bad`` are the rows that break a strict row rule, each counted once; ``beside`` is what else was asked for.
    """

    table: str
    rows: int
    violations: dict[str, int]
    deletions: int = 0
    bad: int = 0
    values: dict[str, float | None] = field(default_factory=dict)
    profile: tuple[Profile, ...] = ()
    beside: Mapping[str, object] = field(default_factory=dict)


def broken_rules(table: Table, extra: Sequence[Rule] = ()) -> Column:
    """The names of the strict rules that a row breaks, as an array; empty for a good row. Null counts as true, as in SQL."""
    rules = [
        F.when(~F.coalesce(F.expr(rule.sql), F.lit(True)), F.lit(rule.name))
        for rule in (*table.row_rules(), *(rule for rule in extra if rule.sql))
        if rule.is_strict
    ]
    return F.array_compact(F.array(*rules)) if rules else F.array().cast("array<string>")


def measure(
    table: Table,
    frame: DataFrame,
    extra: Sequence[Rule] = (),
    *,
    profile: Sequence[Declared] = (),
    lookup: Lookup | None = None,
    mapped: Mapping[str, str] | None = None,
    now: datetime | None = None,
    apart: bool = False,
) -> Measured:
    """Rows, rule violations, statistics and profile of the frame, in one pass. Rows marked ``_deleted`` break no rule.

    ``extra`` are rules beside the contract's. ``apart`` measures uniqueness, distinct counts and quantiles in passes of their
    own over the columns concerned, since each would keep Spark from compiling the scan of all the others: it pays from some
    100,000 rows on. References always are such a pass, where ``lookup`` knows the table.
    ``mapped`` is said of a batch of mapped rows, which may hold several versions of each: uniqueness is left out, bad rows are
    counted (``_bad``), and these aggregates by name, in Spark SQL that may use ``_bad``, ride along into ``beside``.
    ``now`` is the time that ages are counted from, else the clock's.
    """
    declared = (*table.all_rules(), *extra)
    rules = {rule.name: rule for rule in declared if mapped is None or not isinstance(rule.assertion, Unique)}
    has_deletes = DELETED in frame.columns
    stays = "NOT _deleted" if has_deletes else ""
    texts = dict(_aggregates(rules.values(), profile, stays=stays, apart=apart))
    several = dict(_distinct(rules.values(), profile)) if apart else {}
    if mapped is not None:
        frame = frame.withColumn(BAD, F.expr(_is_bad(rules.values(), stays)))
        texts |= {BAD: f"count_if({BAD})"} | {f"{BESIDE}{name}": text for name, text in mapped.items()}
    found = _first(frame, {name: text for name, text in texts.items() if name not in several}, apart=apart)
    found |= dict(zip(several, distinct_counts(frame, list(several.values()), stays), strict=True))
    rows = int(str(found["_rows"]))
    violations, values = {}, {}
    for name, rule in rules.items():
        match rule.assertion:
            case Statistic(what, _, low, high):
                values[name] = _age(found[name], now) if what == "hours_old" else _number(found[name])
                violations[name] = int(not within(values[name], low, high)) if rows or what == "rows" else 0
            case Unique(columns):
                suspect = apart or int(str(found[name]))  # as many hashes as rows prove that no two keys agree
                count = duplicates if apart else exact_duplicates
                violations[name] = count(frame, columns) if suspect else 0
            case References() as said:
                there = lookup(said.table) if lookup else None
                if there is not None:
                    violations[name] = orphans(_staying(frame), said, there).count()
            case _:
                violations[name] = int(str(found[name]))
    profiles = tuple(_profiles(profile, rows, found))
    deletions, bad = int(str(found["_all"])) - rows, int(str(found.get(BAD, 0)))
    more = {name: found[f"{BESIDE}{name}"] for name in mapped or ()}
    return Measured(table.name, rows, violations, deletions, bad, values, profiles, more)


def within(value: float | None, low: float | None, high: float | None) -> bool:
    """Whether a statistic lies between its bounds; one that there is none of does not."""
    if value is None:
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def orphans(frame: DataFrame, said: References, there: DataFrame) -> DataFrame:
    """The rows whose reference leads nowhere."""
    targets = there.select(*[F.col(t).alias(f"_to{n}") for n, t in enumerate(said.targets)]).distinct()
    pairs = [F.col(c) == F.col(f"_to{n}") for n, c in enumerate(said.columns)]
    known = frame.where(" AND ".join(f"`{c}` IS NOT NULL" for c in said.columns))
    condition = pairs[0]
    for pair in pairs[1:]:
        condition = condition & pair
    return known.join(targets, on=condition, how="left_anti")


def violating(table: Table, frame: DataFrame, rule: Rule, lookup: Lookup | None = None) -> DataFrame | None:
    """The rows of the frame that break the rule; None for what is asserted of the table as a whole."""
    rows = _staying(frame)
    match rule.assertion:
        case Statistic():
            return None
        case References() as said:
            there = lookup(said.table) if lookup else None
            return None if there is None else orphans(rows, said, there)
        case Unique(columns):
            twice = rows.groupBy(*columns).agg(F.count("*").alias("n")).where("n > 1").drop("n")
            same = F.lit(True)
            for c in columns:
                same = same & F.col(f"r.`{c}`").eqNullSafe(F.col(f"t.`{c}`"))
            return rows.alias("r").join(twice.alias("t"), on=same, how="left_semi").select(*table.column_names)
        case _:
            return rows.where(f"NOT ({rule.sql})")


def _staying(frame: DataFrame) -> DataFrame:
    return frame.where(~F.col(DELETED)) if DELETED in frame.columns else frame


def _aggregates(
    rules: Iterable[Rule], profile: Sequence[Declared], *, stays: str, apart: bool
) -> Iterator[tuple[str, str]]:
    """``(name, Spark SQL aggregate)`` of everything that the one pass measures."""
    where = f" FILTER (WHERE {stays})" if stays else ""
    yield "_all", "count(*)"
    yield "_rows", f"count_if({stays})" if stays else "count(*)"
    for rule in rules:
        text = _aggregate(rule, stays, where, apart=apart)
        if text:
            yield rule.name, text
    for column in profile:
        for statistic, text in expressions(column, where):
            yield f"{column.name}.{statistic}", text


def _distinct(rules: Iterable[Rule], profile: Sequence[Declared]) -> Iterator[tuple[str, str]]:
    """``(name, column)`` of each count of distinct values."""
    for rule in rules:
        if isinstance(rule.assertion, Statistic) and rule.assertion.measure == "distinct":
            yield rule.name, rule.assertion.column
    for column in profile:
        if column.type.lower() == "string":
            yield f"{column.name}.distinct", column.name


def _is_bad(rules: Iterable[Rule], stays: str) -> str:
    either = " OR ".join(f"NOT ({rule.sql})" for rule in rules if rule.sql and rule.is_strict)
    return f"coalesce({f'{stays} AND ' if stays else ''}({either}), false)" if either else "false"


def _aggregate(rule: Rule, stays: str, where: str, *, apart: bool) -> str:
    match rule.assertion:
        case Unique(columns):
            # No count(DISTINCT): Spark would group by the key first, and hold every other aggregate once for each key.
            return "" if apart else f"count(*) - size(collect_set({hash_of(columns)}))"
        case References():
            return ""
        case Statistic() as said:
            return f"cast({_statistic(said, where)} AS double)"
        case _:
            return f"count_if({stays} AND NOT ({rule.sql}))" if stays else f"count_if(NOT ({rule.sql}))"


SKETCHES = ("approx_count_distinct", "percentile_approx")
STATISTICS = {
    "rows": "count(*){where}",
    "missing": "1 - count({name}){where} / nullif(count(*){where}, 0)",
    "distinct": "approx_count_distinct({name}){where}",
    "quantile": "percentile_approx(cast({name} AS double), {at}, 1000){where}",
    "hours_old": "max(unix_micros(cast({name} AS timestamp))){where}",
    "mean": "avg({name}){where}",
    "min": "min({name}){where}",
    "max": "max({name}){where}",
    "sum": "sum({name}){where}",
    "stddev": "stddev({name}){where}",
}


def _statistic(said: Statistic, where: str) -> str:
    return STATISTICS[said.measure].format(name=f"`{said.column}`", at=said.at, where=where)


def _first(frame: DataFrame, texts: Mapping[str, str], *, apart: bool) -> dict[str, object]:
    """Every aggregate by name; sketches in a pass of their own where they are to stand apart."""
    sketches = {name: text for name, text in texts.items() if apart and text.removeprefix("cast(").startswith(SKETCHES)}
    rest = {name: text for name, text in texts.items() if name not in sketches}
    return _asked(frame, rest) | (_asked(frame, sketches) if sketches else {})


def _asked(frame: DataFrame, texts: Mapping[str, str]) -> dict[str, object]:
    """One row of aggregates, asked for as one expression: few calls into the JVM, where few rows cost less than those."""
    packed = ", ".join(f"'{n}', {text}" for n, text in enumerate(texts.values()))
    row = frame.agg(F.expr(f"named_struct({packed})")).collect()[0][0]
    return dict(zip(texts, row, strict=True))


def _profiles(columns: Sequence[Declared], rows: int, found: Mapping[str, object]) -> Iterator[Profile]:
    for column in columns:
        own = {name.rpartition(".")[2]: value for name, value in found.items() if name.startswith(f"{column.name}.")}
        yield profile_of(column.name, rows, own)


def _age(micros: object, now: datetime | None) -> float | None:
    """Hours from a time in microseconds to now."""
    clock = now or datetime.now(UTC)
    return (clock.timestamp() - micros / 1e6) / 3600 if isinstance(micros, float) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
