"""Each of the five loads against a plain Python model: replays, permutations, deletions, and what a write tells of itself."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from pyspark.sql import DataFrame

from lakehouse.errors import ContractError
from lakehouse.lake import Lake
from lakehouse.land import TXN_APP, Landed, land, transaction
from lakehouse.load import Append, Load, Merge, Replace, ReplaceWhere, Scd2
from lakehouse.table import Column, Table

Row = tuple[object, ...]
KEY = Column("k", "int", "the key", required=True)
VERSIONED = Table(
    "silver.versioned",
    "Rows with versions.",
    (
        KEY,
        Column("v", "string", "a value"),
        Column("_sequence", "bigint", "order"),
        Column("_row_hash", "bigint", "tie"),
    ),
    key=("k",),
)
PLAIN = Table(
    "silver.plain",
    "Rows as they are.",
    (KEY, Column("v", "string", "a value"), Column("low", "int", "least"), Column("high", "int", "greatest")),
    key=("k",),
)
HISTORY = Table(
    "silver.history",
    "Rows with validity.",
    (
        KEY,
        Column("v", "string", "a value"),
        Column("valid_from", "timestamp", "since", required=True),
        Column("valid_to", "timestamp", "until"),
        Column("is_current", "boolean", "now", required=True),
    ),
    key=("k", "valid_from"),
)
NEWEST = Merge(newest=("_sequence", "_row_hash"))


def day(n: int) -> datetime:
    return datetime(2025, 1, n, tzinfo=UTC)


def put(lake: Lake, table: Table, load: Load, rows: Iterable[Row], batch: int, more: str = "") -> Landed:
    """Land rows (in the order of the contract's columns, and ``more``) as one batch."""
    names = table.schema_ddl + more
    frame = lake.spark.createDataFrame(list(rows), names) if rows else lake.spark.createDataFrame([], names)
    return land_as(lake, table, load, frame, batch)


def land_as(lake: Lake, table: Table, load: Load, frame: DataFrame, batch: int) -> Landed:
    lake.ensure(table)
    with transaction(frame.sparkSession, "tests", batch):
        return land(lake, table, load, frame)


def rows_of(lake: Lake, table: Table) -> list[Row]:
    return sorted((tuple(row) for row in lake.read(table).collect()), key=str)


def test_an_append_lands_once_and_says_how_much(lake: Lake) -> None:
    rows: list[Row] = [(1, "a", 0, 0), (1, "a", 0, 0)]
    assert put(lake, PLAIN, Append(), rows, batch=0) == Landed(1, inserted=2)
    again = put(lake, PLAIN, Append(), rows, batch=0)
    assert (again.version_out, again.rows_out) == (-1, 0)
    assert put(lake, PLAIN, Append(), rows, batch=1).version_out == 2
    assert rows_of(lake, PLAIN) == rows * 2


def test_the_transaction_ids_are_gone_after_a_failure(lake: Lake) -> None:
    @contextmanager
    def failing() -> Iterator[None]:
        with transaction(lake.spark, "tests", 1):
            yield

    with pytest.raises(ValueError, match="halfway"), failing():
        raise ValueError("halfway")
    assert lake.spark.conf.get(TXN_APP, None) is None


def test_newest_wins_in_any_order_of_arrival_and_under_replay(lake: Lake) -> None:
    dice = random.Random(5)
    rows: list[Row] = [(n % 7, f"v{n}", dice.randrange(6), n) for n in range(45)]
    expected: dict[object, Row] = {}
    for row in rows:
        expected[row[0]] = max(expected.get(row[0], row), row, key=lambda r: (r[2], r[3]))
    batches = [rows[n : n + 15] for n in range(0, 45, 15)]
    order = [*range(3), *dice.sample(range(3), 2)]
    dice.shuffle(order)
    for number, batch in enumerate(order):
        put(lake, VERSIONED, NEWEST, dice.sample(batches[batch], 15), batch=number)
    assert rows_of(lake, VERSIONED) == sorted(expected.values(), key=str)


def test_an_older_or_equal_version_changes_no_row(lake: Lake) -> None:
    put(lake, VERSIONED, NEWEST, [(1, "a", 5, 5)], batch=0)
    for number, row in enumerate([(1, "b", 4, 9), (1, "a", 5, 5)], start=1):
        told = put(lake, VERSIONED, NEWEST, [row], batch=number)
        assert (told.inserted, told.updated) == (0, 0)
    told = put(lake, VERSIONED, NEWEST, [(1, "c", 5, 6), (2, "d", 0, 0)], batch=3)
    assert (told.inserted, told.updated) == (1, 1)
    assert rows_of(lake, VERSIONED) == [(1, "c", 5, 6), (2, "d", 0, 0)]


def test_a_replayed_merge_adds_nothing_to_the_history(lake: Lake) -> None:
    put(lake, VERSIONED, NEWEST, [(1, "a", 1, 1)], batch=7)
    version = lake.version(VERSIONED)
    assert put(lake, VERSIONED, NEWEST, [(2, "lost if it were new", 1, 1)], batch=7) == Landed(-1)
    assert lake.version(VERSIONED) == version
    assert rows_of(lake, VERSIONED) == [(1, "a", 1, 1)]


def test_a_merge_replaces_what_differs_and_deletes_what_is_marked(lake: Lake) -> None:
    more = ", _deleted boolean"
    put(lake, PLAIN, Merge(), [(1, "a", 0, 0), (2, "b", 0, None), (3, None, 0, 0)], batch=0)
    told = put(lake, PLAIN, Merge(), [(1, "A", 0, 0, False), (2, "b", 0, None, True), (9, "x", 0, 0, True)], 1, more)
    assert (told.inserted, told.updated, told.deleted) == (0, 1, 1)
    assert rows_of(lake, PLAIN) == [(1, "A", 0, 0), (3, None, 0, 0)]


def test_a_merge_without_change_updates_no_row_nulls_included(lake: Lake) -> None:
    rows: list[Row] = [(1, "a", None, 0), (2, None, 0, 0)]
    put(lake, PLAIN, Merge(), rows, batch=0)
    told = put(lake, PLAIN, Merge(), rows, batch=1)
    assert (told.inserted, told.updated, told.deleted) == (0, 0, 0)
    feed = lake.spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 2)
    assert feed.load(lake.path(PLAIN)).count() == 0
    assert put(lake, PLAIN, Merge(), [(2, "b", 0, 0)], batch=2).updated == 1


def test_least_and_greatest_are_folded_in_any_order(lake: Lake) -> None:
    load = Merge(least=("low",), greatest=("high",))
    for number, row in enumerate([(1, "a", 5, 5), (1, "a", 7, 7), (1, "a", 2, 3), (1, "a", None, None)]):
        put(lake, PLAIN, load, [row], batch=number)
    assert rows_of(lake, PLAIN) == [(1, "a", 2, 7)]
    assert put(lake, PLAIN, load, [(1, "a", 3, 6)], batch=9).updated == 0


def test_replace_is_the_whole_table_and_replace_where_one_value_of_it(lake: Lake) -> None:
    put(lake, PLAIN, Replace(), [(1, "a", 0, 0), (2, "b", 0, 0)], batch=0)
    put(lake, PLAIN, Replace(), [(3, "a", 0, 0), (4, "b", 0, 0)], batch=1)
    assert rows_of(lake, PLAIN) == [(3, "a", 0, 0), (4, "b", 0, 0)]
    put(lake, PLAIN, ReplaceWhere("v"), [(5, "b", 0, 0), (6, "b", 0, 0)], batch=2)
    assert rows_of(lake, PLAIN) == [(3, "a", 0, 0), (5, "b", 0, 0), (6, "b", 0, 0)]
    assert put(lake, PLAIN, ReplaceWhere("v"), [], batch=3) == Landed(-1)
    with pytest.raises(ContractError, match="one value of v"):
        put(lake, PLAIN, ReplaceWhere("v"), [(7, "a", 0, 0), (8, "b", 0, 0)], batch=4)


def test_history_closes_what_changed_and_opens_what_is_new(lake: Lake) -> None:
    load = Scd2(entity=("k",), tracked=("v",))

    def observe(batch: int, *rows: tuple[int, str | None]) -> Landed:
        return put(lake, HISTORY, load, [(k, v, day(batch), None, True) for k, v in rows], batch)

    observe(1, (1, "a"), (2, "b"), (3, None))
    told = observe(2, (1, "A"), (2, "b"), (3, None), (4, "d"))
    assert (told.inserted, told.updated) == (2, 1)
    observe(3, (1, "a"))
    assert observe(3, (1, "lost if it were new")) == Landed(-1)
    rows = lake.read(HISTORY).selectExpr("k", "v", "day(valid_from)", "day(valid_to)", "is_current").collect()
    assert sorted(map(tuple, rows), key=str) == [
        (1, "A", 2, 3, False),
        (1, "a", 1, 2, False),
        (1, "a", 3, None, True),
        (2, "b", 1, None, True),
        (3, None, 1, None, True),
        (4, "d", 2, None, True),
    ]
    assert observe(4, (1, "a"), (3, None)).rows_out == 0
