"""Whether a sample can be joined: how many of its identifiers the lake knows, and how many keys two samples share."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from lakehouse.samples.columns import ColumnFacts, opened, quoted
from lakehouse.samples.readiness import KEY_ROLES, Measure, Readiness
from lakehouse.samples.reading import Sample
from lakehouse.standardise import plain
from lakehouse.tables import silver

LOOKED_UP = 2_000
"""Distinct values of a column that are looked up; which ones their hash decides."""
JOINING = KEY_ROLES | {"phone", "email", "device", "anonymous"}


def known_to_lake(report: Readiness, root: str, key: bytes, id_types: frozenset[str]) -> Iterator[Measure]:
    """Of each column of identifiers the share of its valid values that the lake has seen; nothing where there is no lake."""
    path = f"{root.rstrip('/').replace('s3a://', 's3://')}/silver/{silver.IDENTIFIER.entity}"
    if not DeltaTable.is_deltatable(path):
        return
    known = QueryBuilder().register("known", DeltaTable(path))
    for fact in report.facts:
        kind = fact.role if fact.role in id_types else fact.name if fact.name in id_types else ""
        values = _values(report.sample, fact) if kind else []
        cleaned = {value for text in values if (value := plain.identifier(kind, text)[0])}
        if cleaned:
            tokens = ", ".join(f"'{plain.token(kind, value, key)}'" for value in cleaned)
            found = pa.table(known.execute(f"SELECT count(*) AS n FROM known WHERE id_token IN ({tokens})"))
            share = found.column("n")[0].as_py() / len(cleaned)
            detail = f"of {len(cleaned):,} distinct {kind} in the lake"
            yield Measure(fact.name, "joinability", share, detail, "good" if share >= 0.05 else "look")


def _values(sample: Sample, fact: ColumnFacts) -> list[str]:
    with opened(sample, fact.name) as session:
        values = f"SELECT {quoted(fact.name)} AS v FROM t"
        found = session.execute(
            f"SELECT DISTINCT v FROM ({values}) WHERE v IS NOT NULL ORDER BY hash(v) LIMIT {LOOKED_UP}"
        ).fetchall()
    return [str(row[0]) for row in found]


def shared(report: Readiness, others: Sequence[Readiness]) -> Iterator[Measure]:
    """Of each column of keys the share of its distinct values that a column of the same role in another sample has."""
    for other in others:
        for fact in report.facts:
            twin = next((f for f in other.facts if f.role == fact.role), None) if fact.role in JOINING else None
            if twin:
                share = _overlap(report.sample, fact, other.sample, twin)
                detail = f"of {fact.distinct:,} distinct in {twin.name} of {other.sample.path.name}"
                yield Measure(fact.name, "joinability", share, detail, "good" if share >= 0.05 else "look")


def _overlap(one: Sample, fact: ColumnFacts, two: Sample, twin: ColumnFacts) -> float:
    with opened(one, fact.name) as session, opened(two, twin.name) as other:
        theirs = other.sql(f"SELECT DISTINCT {quoted(twin.name)} AS v FROM t").to_arrow_table()
        session.register("theirs", theirs)
        found = session.execute(
            "SELECT count(*) FILTER (v IN (FROM theirs)), count(*) "
            f"FROM (SELECT DISTINCT {quoted(fact.name)} AS v FROM t) WHERE v IS NOT NULL"
        ).fetchone()
    return float(found[0]) / float(found[1]) if found and found[1] else 0.0
