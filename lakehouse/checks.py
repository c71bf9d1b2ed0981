"""Row rules of a contract as Spark columns: which rules a row breaks, and all counts of a batch in one aggregation."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.table import Table

BROKEN = "_broken"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one scan of a batch found: rows, and violations by rule."""

    table: str
    rows: int
    violations: dict[str, int]
    deletions: int = 0


def broken_rules(table: Table) -> Column:
    """The names of the rules that a row breaks, as an array; empty for a good row. Null counts as true, as in SQL."""
    rules = [F.when(~F.coalesce(F.expr(rule.sql), F.lit(True)), F.lit(rule.name)) for rule in table.row_rules()]
    return F.array_compact(F.array(*rules)) if rules else F.array().cast("array<string>")


def measure(table: Table, frame: DataFrame) -> Measured:
    """Rows, rule violations and duplicated keys of the frame, in one pass. Rows marked ``_deleted`` break no rule."""
    stays = ~F.col("_deleted") if "_deleted" in frame.columns else F.lit(True)
    counts = [F.count_if(stays & ~F.coalesce(F.expr(r.sql), F.lit(True))).alias(r.name) for r in table.row_rules()]
    if table.key:
        counts.append((F.count("*") - F.count_distinct(*table.key)).alias("key_unique"))
    found = frame.agg(F.count("*").alias("_all"), F.count_if(stays).alias("_rows"), *counts).collect()[0].asDict()
    every, rows = int(found.pop("_all")), int(found.pop("_rows"))
    return Measured(table.name, rows, {k: int(v or 0) for k, v in found.items()}, every - rows)
