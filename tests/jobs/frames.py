"""Frames of contracts from a few literal values: what is not given is null."""

from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession

from lakehouse.settings import ROOT, Settings
from lakehouse.table import Table
from tests.small_lake import settings_for

KEYS = "kind string, key string"


def frame(spark: SparkSession, table: Table, rows: Iterable[Mapping[str, object]] = ()) -> DataFrame:
    """Rows of a contract; a column that it has not is a mistake of the test."""
    rows = list(rows)
    strange = {name for row in rows for name in row} - set(table.column_names)
    assert not strange, f"{table.name} has no {strange}"
    return spark.createDataFrame(
        [tuple(row.get(name) for name in table.column_names) for row in rows], table.schema_ddl
    )


def keys(spark: SparkSession, kind: str, values: Sequence[str | None]) -> DataFrame:
    """Changed keys of one kind."""
    return spark.createDataFrame([(kind, value) for value in values], KEYS)


def owners(spark: SparkSession, table: Table, people: Mapping[str, str]) -> DataFrame:
    """The map as it holds now, from who owns which token: ``{"A": "t1 t2"}``."""
    rows = [
        {"token": token, "one_id": one_id, "is_current": True}
        for one_id, held in people.items()
        for token in held.split()
    ]
    return frame(spark, table, rows)


def shipped() -> Settings:
    """Settings with the project's own configuration and no lake."""
    return settings_for(ROOT / "nowhere", ROOT / "conf")
