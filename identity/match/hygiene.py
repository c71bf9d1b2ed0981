"""Contacts and ids that are nobody's own: what many different people share is a placeholder or an office's, no evidence."""

from collections.abc import Sequence

import duckdb

from identity.match.kinds import Kind
from identity.match.preparation import Field

OWN = (Kind.EMAIL, Kind.PHONE, Kind.NATIONAL_ID)
WITNESSES = (Kind.GIVEN, Kind.SURNAME, Kind.BIRTH)
RECORDS, DIFFERENT = 10, 0.7
"""A value is shared when more records than that carry it, and more than this share of them differ in a name or a birth date."""


def shared_sql(field: Field, fields: Sequence[Field], table: str = "prepared") -> str:
    """SQL that gives the shared values of a field, or '' where no other field can tell people apart."""
    others = [f.name for f in fields if f.kind in WITNESSES]
    if field.kind not in OWN or not others:
        return ""
    # With few of them filled in, a witness says nothing.
    shares = [
        f"CASE WHEN count({_q(o)}) > {RECORDS} THEN count(DISTINCT {_q(o)}) / count({_q(o)}) ELSE 0 END" for o in others
    ]
    differ = f"greatest({', '.join([*shares, '0'])}) > {DIFFERENT}"
    name = _q(field.name)
    return (
        f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL GROUP BY {name} HAVING count(*) > {RECORDS} AND {differ}"
    )


def drop_shared(con: duckdb.DuckDBPyConnection, fields: Sequence[Field]) -> list[tuple[str, int]]:
    """Take shared values out of ``prepared``; returns for each field that had some how many values they were."""
    found = []
    for field in fields:
        sql = shared_sql(field, fields)
        values = con.execute(sql).fetchall() if sql else []
        if values:
            beside = (
                [field.name, f"{field.name}_local", f"{field.name}_bits"] if field.kind is Kind.EMAIL else [field.name]
            )
            emptied = ", ".join(f"{_q(name)} = NULL" for name in beside)
            con.execute(f"UPDATE prepared SET {emptied} WHERE {_q(field.name)} IN ({sql})")
            found.append((field.name, len(values)))
    return found


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
