"""DDL from contracts: how a table is created, how it drifts from its contract, and which drift may be mended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from lakehouse.errors import ContractError
from lakehouse.table import Layer, Table


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between a contract and the table as it is; only ``added`` is mended without a person."""

    kind: str
    column: str
    expected: str
    found: str

    @property
    def is_destructive(self) -> bool:
        """Whether mending it would lose or reinterpret data."""
        return self.kind != "added"

    def __str__(self) -> str:
        return f"{self.kind} {self.column}: contract {self.expected or '-'}, table {self.found or '-'}"


def table_properties(table: Table) -> dict[str, str]:
    """Delta properties of a contract: change feed, deletion vectors, retention, CHECK constraints."""
    properties = dict(table.properties) | {"kith.contract": table.name}
    if table.change_feed:
        properties["delta.enableChangeDataFeed"] = "true"
    if table.layer is Layer.GOLD:  # it is to be opened by every Delta reader; elsewhere conf/spark/<size>.conf decides
        properties["delta.enableDeletionVectors"] = "false"
    if table.retention_days:
        properties["delta.deletedFileRetentionDuration"] = f"interval {table.retention_days} days"
    checks = {f"{c.name}_valid": c.check for c in table.columns if c.check} | {
        r.name: r.sql for r in table.rules if r.sql and r.is_strict
    }
    # Delta takes an unknown as a violation, SQL and our rules do not.
    return properties | {f"delta.constraints.{name}": f"coalesce(({sql}), true)" for name, sql in checks.items()}


def create(spark: SparkSession, table: Table, path: str, extra: Mapping[str, str] | None = None) -> None:
    """Create the table at ``path`` from its contract, with constraints and clustering; nothing if it is there."""
    builder = DeltaTable.createIfNotExists(spark).location(path).comment(table.comment)
    for column in table.columns:
        builder = builder.addColumn(column.name, column.type, nullable=not column.required, comment=column.comment)
    if table.cluster_by:
        builder = builder.clusterBy(*table.cluster_by)
    for key, value in (table_properties(table) | dict(extra or {})).items():
        builder = builder.property(key, value)
    builder.execute()


def drift(table: Table, actual: StructType) -> list[Drift]:
    """Differences between a contract and a table's schema, in the contract's order; empty when they agree."""
    found = {f.name: f.dataType.simpleString() for f in actual.fields}
    contract = cast(StructType, StructType.fromDDL(table.schema_ddl))
    expected = {f.name: f.dataType.simpleString() for f in contract.fields}
    result = [Drift("added", n, t, "") for n, t in expected.items() if n not in found]
    result += [Drift("retyped", n, t, found[n]) for n, t in expected.items() if n in found and found[n] != t]
    if not table.keeps_lost_columns:
        result += [Drift("removed", n, "", t) for n, t in found.items() if n not in expected]
    return result


def migrate(spark: SparkSession, table: Table, path: str, changes: list[Drift]) -> None:
    """Add the columns that the contract has gained. Raises :class:`ContractError` for a destructive change."""
    destructive = [str(change) for change in changes if change.is_destructive]
    if destructive:
        raise ContractError(f"destructive schema change refused: {'; '.join(destructive)}", table=table.name)
    if changes:
        columns = ", ".join(f"`{change.column}` {change.expected}" for change in changes)
        spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS ({columns})")
