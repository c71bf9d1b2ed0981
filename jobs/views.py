"""``kith views``: SQL that a catalogue is given once, so that facts are read by person, whoever has merged since."""

from collections.abc import Iterable, Iterator

from lakehouse.table import Table
from lakehouse.tables import gold, silver

OWNER = "customer_token"


def views(tables: Iterable[Table], lake_path: str) -> Iterator[tuple[str, str]]:
    """``(name, CREATE VIEW statement)`` over the Delta tables below ``lake_path``.

    ``<table>_by_person`` for each table that keeps tokens: its rows with the ``one_id`` that owns them now. ``person_now``:
    every ``one_id`` that ever was with the one that stands for it now, so that saved lists of people survive merges.
    """
    for table in tables:
        if OWNER in table.column_names:
            name = f"{table.name.replace('.', '_')}_by_person"
            yield name, _statement(name, _owned(table, lake_path))
    yield "person_now", _statement("person_now", _now(lake_path))


def owned_tables() -> tuple[Table, ...]:
    """The tables that views are made of."""
    return (*silver.ALL, *gold.ALL)


def _statement(name: str, query: str) -> str:
    return f"CREATE OR REPLACE VIEW {name} AS\n{query};"


def _owned(table: Table, lake_path: str) -> str:
    return (
        f"SELECT m.one_id, f.*\nFROM {_path(table, lake_path)} f\n"
        f"LEFT JOIN {_path(silver.IDENTITY_MAP, lake_path)} m ON m.token = f.{OWNER} AND m.is_current"
    )


def _now(lake_path: str) -> str:
    return (
        f"SELECT DISTINCT one_id, one_id AS current_id\nFROM {_path(silver.IDENTITY_MAP, lake_path)} WHERE is_current\n"
        f"UNION ALL\nSELECT old_id, current_id FROM {_path(silver.IDENTITY_ALIAS, lake_path)}"
    )


def _path(table: Table, lake_path: str) -> str:
    return f"delta.`{lake_path}/{table.layer.value}/{table.entity}`"
