"""How ready a sample is to be taken in: how full, how unique, how valid its columns are, what is missing in time (C10)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from lakehouse.samples.columns import ColumnFacts, candidate_keys, measured_in, opened, quoted
from lakehouse.samples.fitting import TIME, by_role
from lakehouse.samples.kinds import BY_NAME, PLACEHOLDERS, moment_sql, time_sql
from lakehouse.samples.reading import ITEM, Sample

KEY_ROLES = frozenset(
    {"member_no", "unionid", "account", "order_id", "event_id", "message_id", "consent_id", "sku", "store_id", "key"}
)
GARBLED = ("�", "锟斤拷", "Ã", "â€")
"""What UTF-8 read as another encoding, and the other way round, leaves behind."""
MOST_DAYS = 3_700


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a column (None: of the sample): a share of 1 or a count, against what, and good, look or bad."""

    column: str | None
    name: str
    value: float
    detail: str
    verdict: str


@dataclass(frozen=True)
class Readiness:
    """The report of one sample; ``days`` are records by day of ``time_column``, in order, days without any left out."""

    sample: Sample
    facts: tuple[ColumnFacts, ...]
    keys: tuple[tuple[str, ...], ...]
    measures: tuple[Measure, ...]
    time_column: str = ""
    days: tuple[tuple[date, int], ...] = ()

    @property
    def verdicts(self) -> dict[str, int]:
        """How many measures are good, to be looked at, and bad."""
        return {v: sum(1 for m in self.measures if m.verdict == v) for v in ("good", "look", "bad")}

    def having(self, *measures: Measure) -> "Readiness":
        """The same report with more measures."""
        return replace(self, measures=(*self.measures, *measures))


def readiness(sample: Sample) -> Readiness:
    """Measure a sample; a million records take seconds."""
    with opened(sample) as session:
        facts = measured_in(session, sample)
        keys = candidate_keys(sample, [fact for fact in facts if ITEM not in fact.name])
        timed = _main_time(facts)
        days = _days(session, timed) if timed else ()
        measures = [
            *_whole(session, sample, keys),
            *(measure for fact in facts for measure in _column(session, fact)),
            *(_in_time(days, timed) if timed else ()),
        ]
    return Readiness(sample, tuple(facts), tuple(keys), tuple(measures), timed.name if timed else "", days)


def _verdict(value: float, good: float, look: float) -> str:
    """For shares of which more is better where ``good`` > ``look``, and less is better where it is the other way round."""
    if good >= look:
        return "good" if value >= good else "look" if value >= look else "bad"
    return "good" if value <= good else "look" if value <= look else "bad"


def _main_time(facts: Sequence[ColumnFacts]) -> ColumnFacts | None:
    roles = by_role([fact for fact in facts if ITEM not in fact.name])
    named = [roles[role] for role in TIME if role in roles and roles[role].time]
    return next(iter([*named, *(f for f in facts if f.kind == "time")]), None)


def _whole(session: duckdb.DuckDBPyConnection, sample: Sample, keys: Sequence[tuple[str, ...]]) -> Iterator[Measure]:
    rows = sample.rows.num_rows
    distinct = _number(session, "SELECT count(*) FROM (SELECT DISTINCT * FROM t)")
    doubled = (rows - distinct) / rows
    yield Measure(None, "records", rows, sample.format.kind, "good")
    yield Measure(
        None, "duplicate_rate", doubled, "records that repeat another in every field", _verdict(doubled, 0, 0.01)
    )
    bad = sample.malformed / (rows + sample.malformed)
    yield Measure(
        None, "malformed_rate", bad, f"{sample.malformed:,} lines that are no records", _verdict(bad, 0, 0.001)
    )
    signs = float(sample.replaced)
    yield Measure(
        None, "encoding_errors", signs, f"signs that are no {sample.format.encoding}", "bad" if signs else "good"
    )
    key = "+".join(keys[0]) if keys else "no column and no pair of columns"
    yield Measure(None, "has_key", float(bool(keys)), key, "good" if keys else "look")


def _column(session: duckdb.DuckDBPyConnection, fact: ColumnFacts) -> Iterator[Measure]:
    yield Measure(fact.name, "completeness", fact.full, "records with a value", _verdict(fact.full, 0.95, 0.5))
    unique = fact.distinct / fact.filled if fact.filled else 0.0
    is_key = fact.role in KEY_ROLES
    yield Measure(
        fact.name, "uniqueness", unique, "distinct of filled", "look" if is_key and not fact.distinct else "good"
    )
    yield Measure(
        fact.name,
        "placeholder_rate",
        fact.placeholders,
        "values that stand for none",
        _verdict(fact.placeholders, 0.01, 0.1),
    )
    if fact.kind in BY_NAME and fact.filled:
        valid = _valid(session, fact)
        form = f" as {fact.time.words}" if fact.time else ""
        yield Measure(fact.name, "valid_rate", valid, f"{BY_NAME[fact.kind].words}{form}", _verdict(valid, 0.99, 0.9))
    found = " OR ".join(f"contains(v, '{signs}')" for signs in GARBLED)
    garbled = _number(session, f"SELECT count(*) FROM (SELECT {quoted(fact.name)} AS v FROM t) WHERE {found}")
    if garbled:
        yield Measure(fact.name, "garbled", garbled, "values with signs of a wrong encoding", "bad")


def _valid(session: duckdb.DuckDBPyConnection, fact: ColumnFacts) -> float:
    """Share of the values, placeholders left out, that have the column's shape: of all records."""
    test = time_sql(fact.time) if fact.time else BY_NAME[fact.kind].sql
    listed = ", ".join(f"'{word}'" for word in PLACEHOLDERS)
    values = f"SELECT {quoted(fact.name)} AS v, 1 AS n FROM t"
    if fact.distinct < fact.filled / 2:
        values = f"SELECT v, sum(n) AS n FROM ({values}) GROUP BY v"
    found = session.execute(
        f"SELECT sum(n) FILTER ({test}), sum(n) FROM ({values}) WHERE v IS NOT NULL AND lower(v) NOT IN ({listed})"
    ).fetchone()
    return float(found[0] or 0) / float(found[1]) if found and found[1] else 0.0


def _days(session: duckdb.DuckDBPyConnection, fact: ColumnFacts) -> tuple[tuple[date, int], ...]:
    assert fact.time is not None
    values = f"SELECT {quoted(fact.name)} AS v, count(*) AS n FROM t GROUP BY ALL"
    moments = f"SELECT CAST({moment_sql(fact.time)} AS DATE) AS day, n FROM ({values})"
    found = session.execute(
        f"SELECT day, sum(n) FROM ({moments}) WHERE day IS NOT NULL GROUP BY day ORDER BY day LIMIT {MOST_DAYS}"
    ).fetchall()
    return tuple((day, int(count)) for day, count in found)


def _in_time(days: Sequence[tuple[date, int]], timed: ColumnFacts) -> Iterator[Measure]:
    if not days:
        return
    first, last = days[0][0], days[-1][0]
    span = (last - first).days + 1
    missing = 1 - len(days) / span
    detail = f"days without a record from {first} to {last}, {span - len(days)} of {span}"
    yield Measure(timed.name, "time_gap_rate", missing, detail, _verdict(missing, 0.0, 0.1))


def _number(session: duckdb.DuckDBPyConnection, query: str) -> int:
    found = session.execute(query).fetchone()
    return int(found[0]) if found else 0
