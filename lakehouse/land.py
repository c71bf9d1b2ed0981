"""How a frame lands: each of the five loads as one idempotent Delta write that tells what it did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from delta.tables import DeltaMergeBuilder
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.deliveries import DELETED, DELIVERY, newest_deliveries, settled
from lakehouse.errors import ContractError
from lakehouse.frames import is_small
from lakehouse.lake import Lake
from lakehouse.load import FIRST, KNOWN, Append, Load, Merge, Replace, ReplaceWhere, Scd2
from lakehouse.sifting import sifted
from lakehouse.table import Table

TXN_APP = "spark.databricks.delta.write.txnAppId"
TXN_VERSION = "spark.databricks.delta.write.txnVersion"
BROADCAST_ROWS = 250_000
"""Rows of a batch up to which every executor may hold them all."""
SIFTED_ROWS = 4_000_000
"""Rows of a batch up to which Spark's Bloom filter tells them well from others."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What a write did. ``version_out`` is -1 when the batch had landed before and nothing was written."""

    version_out: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows_out(self) -> int:
        """Rows inserted or updated."""
        return self.inserted + self.updated


@contextmanager
def transaction(spark: SparkSession, app_id: str, batch_id: int) -> Iterator[None]:
    """Give every Delta write of the block this application id and version: a repeated batch then writes nothing.

    A block inside another one's has its own, and the outer one's hold again after it.
    """
    outer = {name: value for name in (TXN_APP, TXN_VERSION) if (value := spark.conf.get(name, None)) is not None}
    spark.conf.set(TXN_APP, app_id)
    spark.conf.set(TXN_VERSION, str(batch_id))
    try:
        yield
    finally:
        for name in (TXN_APP, TXN_VERSION):
            spark.conf.set(name, outer[name]) if name in outer else spark.conf.unset(name)


def land(lake: Lake, table: Table, load: Load, frame: DataFrame, n_rows: int | None = None) -> Landed:
    """Write ``frame`` into ``table``; the frame's own session carries the transaction ids.

    ``n_rows`` says how many rows it has at most: few are brought to the table, instead of all of both being shuffled.
    Raises :class:`ContractError` when the load does not fit the table.
    """
    before = lake.version(table)
    match load:
        case Append():
            _write(lake, table, frame, mode="append")
        case Replace():
            _write(lake, table, frame, mode="overwrite")
        case ReplaceWhere(column):
            _replace_where(lake, table, frame, column)
        case Merge():
            _merge(lake, table, load, frame, n_rows)
        case Scd2():
            _scd2(lake, table, load, frame, n_rows)
    return _landed(lake, table, before)


def _write(lake: Lake, table: Table, frame: DataFrame, mode: str) -> None:
    frame.select(*table.column_names).write.format("delta").mode(mode).save(lake.path(table))


def _replace_where(lake: Lake, table: Table, frame: DataFrame, column: str) -> None:
    values = [row[0] for row in frame.select(column).distinct().limit(2).collect()]
    if not values:
        return
    if len(values) > 1:
        raise ContractError(f"ReplaceWhere needs one value of {column}, there are several", table=table.name)
    writer = frame.select(*table.column_names).write.format("delta").mode("overwrite")
    writer.option("replaceWhere", f"{column} = '{values[0]}'").save(lake.path(table))


def _same(keys: tuple[str, ...]) -> Column:
    return _all([F.col(f"t.{k}") == F.col(f"s.{k}") for k in keys])


def _all(terms: list[Column]) -> Column:
    result = terms[0]
    for term in terms[1:]:
        result = result & term
    return result


def newest(frame: DataFrame, keys: tuple[str, ...], order: tuple[str, ...]) -> DataFrame:
    """One row for each key: the one with the greatest ``order``. Deterministic when ``order`` ends in a content hash."""
    # An aggregate of whole rows would sort them before the shuffle as well as after it, and pack and unpack each.
    latest = Window.partitionBy(*keys).orderBy(*[F.col(c).desc_nulls_last() for c in order])
    return frame.withColumn("_rank", F.row_number().over(latest)).where("_rank = 1").drop("_rank")


def _is_few(n_rows: int | None, most: int = BROADCAST_ROWS) -> bool:
    return n_rows is not None and n_rows <= most


@contextmanager
def _brought(frame: DataFrame, keys: tuple[str, ...], n_rows: int | None) -> Iterator[DataFrame]:
    """The frame as the source of a MERGE by ``keys`` within the block: few rows come to the table, not the table to them."""
    if is_small(frame):
        yield F.broadcast(frame) if _is_few(n_rows) else frame
    elif _is_few(n_rows, SIFTED_ROWS):
        with sifted(frame, keys) as source:
            yield source
    else:
        yield frame


def _merge(lake: Lake, table: Table, load: Merge, frame: DataFrame, n_rows: int | None) -> None:
    key = load.by or table.key
    values = [c for c in table.column_names if c not in key]
    if load.newest:
        rows = frame.select(*table.column_names)
        days = newest_deliveries(rows) if DELIVERY in table.column_names else {}
        frame = newest(rows, table.key, load.newest)
        if days:
            frame = settled(frame, lake.read(table, frame.sparkSession), table.key, days)
        order = [F.struct(*[F.col(f"{side}.{c}") for c in load.newest]) for side in ("s", "t")]
        changed, assigned = order[0] > order[1], {c: f"s.{c}" for c in values}
    else:
        assigned = {c: _folded(c, load) for c in values}
        changed = ~_all([F.col(f"t.{c}").eqNullSafe(F.expr(sql)) for c, sql in assigned.items()] or [F.lit(True)])
    if not _is_few(n_rows) and lake.read(table, frame.sparkSession).isEmpty():  # a first load needs no join
        stays = frame.where(~F.col(DELETED)) if DELETED in frame.columns else frame
        _write(lake, table, stays, mode="append")
        return
    if load.newest and _is_few(n_rows) and not is_small(frame):
        frame = frame.localCheckpoint()  # a MERGE reads its source up to four times
    delta = lake.delta(table, frame.sparkSession)
    with _brought(frame, key, n_rows) as source:
        builder = delta.alias("t").merge(source.alias("s"), _same(key))
        _clauses(builder, table, assigned, changed, has_deletes=DELETED in frame.columns).execute()


def _folded(column: str, load: Merge) -> str:
    if column in load.least:
        return f"least(t.`{column}`, s.`{column}`)"
    if column in load.greatest:
        return f"greatest(t.`{column}`, s.`{column}`)"
    if column in load.first:
        both = f"array_union(coalesce(t.`{column}`, s.`{column}`), coalesce(s.`{column}`, t.`{column}`))"
        return f"slice(array_sort({both}), 1, {FIRST})"
    return f"s.`{column}`"


def _clauses(
    builder: DeltaMergeBuilder, table: Table, assigned: dict[str, str], changed: Column, *, has_deletes: bool
) -> DeltaMergeBuilder:
    stays = F.lit(True)
    if has_deletes:
        builder = builder.whenMatchedDelete(F.col(f"s.{DELETED}"))
        stays = ~F.col(f"s.{DELETED}")
    if assigned:
        builder = builder.whenMatchedUpdate(changed & stays, dict(assigned))
    return builder.whenNotMatchedInsert(stays, {c: f"s.{c}" for c in table.column_names})


def _scd2(lake: Lake, table: Table, load: Scd2, frame: DataFrame, n_rows: int | None) -> None:
    """Close the current rows that differ and open new ones, in one MERGE; a new entity just opens."""
    moved = frame if KNOWN in frame.columns else _moved(lake, table, load, frame, n_rows)
    closing = moved.where(KNOWN).withColumn("_close", F.lit(True))
    staged = closing.unionByName(moved.withColumn("_close", F.lit(False))).localCheckpoint(eager=False)
    if staged.isEmpty():
        return
    closes = _same(load.entity) & F.col("t.is_current") & F.col("s._close")
    with _brought(staged, load.entity, n_rows) as source:
        builder = lake.delta(table, frame.sparkSession).alias("t").merge(source.alias("s"), closes)
        builder = builder.whenMatchedUpdate(set={"valid_to": "s.valid_from", "is_current": "false"})
        builder.whenNotMatchedInsert("NOT s._close", {c: f"s.{c}" for c in table.column_names}).execute()


def _moved(lake: Lake, table: Table, load: Scd2, frame: DataFrame, n_rows: int | None) -> DataFrame:
    """The rows that differ from the current ones of their entities; :data:`KNOWN` says which have one."""
    current = (
        lake.read(table, frame.sparkSession)
        .where("is_current")
        .select(*load.entity, *[F.col(c).alias(f"_old_{c}") for c in load.tracked], F.lit(True).alias(KNOWN))
    )
    if _is_few(n_rows):
        keys = F.broadcast(frame.select(*load.entity))
        current = F.broadcast(current.join(keys, on=list(load.entity), how="left_semi"))
    compared = frame.join(current, on=list(load.entity), how="left")
    differs = ~_all([F.col(c).eqNullSafe(F.col(f"_old_{c}")) for c in load.tracked])
    is_known = F.coalesce(KNOWN, F.lit(False))
    return compared.where(~is_known | differs).select(*frame.columns, is_known.alias(KNOWN))


def _landed(lake: Lake, table: Table, before: int) -> Landed:
    version = lake.version(table)
    if version == before:
        return Landed(-1)
    metrics = lake.commit_metrics(table, version)
    inserted = metrics.get("numTargetRowsInserted", metrics.get("numOutputRows", 0))
    updated = metrics.get("numTargetRowsUpdated", 0)
    return Landed(version, inserted, updated, metrics.get("numTargetRowsDeleted", 0))
