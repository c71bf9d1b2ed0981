"""Balances of rows, places in a Delta log, and freshness from quantiles, without a session."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from lakehouse.conservation import Balance, ConservationError, mapped_balance
from lakehouse.deltalog import Place, places, rows_between
from lakehouse.freshness import Events, freshness

AT = datetime(2025, 1, 2, tzinfo=UTC)


def test_a_balanced_batch_holds_and_a_lost_row_is_named() -> None:
    Balance("bronze.a__b", "land", "a__b", 0, 10, 7, 2, 1).hold()
    with pytest.raises(ConservationError, match=r"1 rows lost .*bronze.a__b.*rows_conserved"):
        Balance("bronze.a__b", "land", "a__b", 0, 10, 6, 2, 1).hold()
    with pytest.raises(ConservationError, match="2 rows too many"):
        Balance("bronze.a__b", "land", "a__b", 0, 10, 12).hold()


def test_what_cannot_be_counted_is_neither_balanced_nor_a_fault() -> None:
    unknown = Balance("silver.event", "map", "a__b", 0, None, 7)
    assert (unknown.balance, unknown.is_balanced) == (None, None)
    unknown.hold()


@pytest.mark.parametrize(
    ("rows", "maps", "is_plain", "filtered", "exploded", "is_balanced"),
    [
        (10, 1, True, 0, 0, True),
        (9, 1, True, 0, 0, False),
        (7, 1, False, 3, 0, None),
        (25, 1, False, 0, 15, None),
        (20, 2, True, 0, 10, True),
    ],
)
def test_what_a_where_leaves_out_and_an_explode_adds_is_told_apart_from_losses(
    rows: int, maps: int, is_plain: bool, filtered: int, exploded: int, is_balanced: bool | None
) -> None:
    found = mapped_balance("silver.event", "a__b", 0, read=10, rows=rows, refused=2, maps=maps, is_plain=is_plain)
    assert (found.rows_filtered, found.rows_exploded, found.is_balanced) == (filtered, exploded, is_balanced)


def commit(*adds: int, removes: bool = False, moved: Iterable[int] = ()) -> list[str]:
    actions = [{"add": {"path": "x", "dataChange": True, "stats": json.dumps({"numRecords": n})}} for n in adds]
    actions += [{"add": {"path": "y", "dataChange": False, "stats": json.dumps({"numRecords": n})}} for n in moved]
    actions += [{"remove": {"path": "z", "dataChange": True}}] if removes else []
    return [json.dumps(action) for action in [{"commitInfo": {}}, *actions]] + [""]


LOG = {
    "t/_delta_log/00000000000000000000.json": commit(),
    "t/_delta_log/00000000000000000001.json": commit(5, 7),
    "t/_delta_log/00000000000000000002.json": commit(100, removes=True),
    "t/_delta_log/00000000000000000003.json": commit(11, moved=[1000]),
}


@pytest.mark.parametrize(
    ("after", "upto", "rows"),
    [
        (None, Place(2), 12),
        (None, Place(4), None),
        (Place(0), Place(4), 23),
        (Place(1), Place(2), 12),
        (Place(1, 0), Place(4), 18),
        (Place(1), Place(1, 0), 5),
        (Place(2), Place(4), 11),
        (Place(4), Place(4), 0),
        (None, Place(9), None),
    ],
)
def test_rows_of_appending_commits_between_two_places(after: Place | None, upto: Place, rows: int | None) -> None:
    assert rows_between(LOG.get, "t", after, upto) == rows


def test_places_of_a_batch_by_source() -> None:
    offsets = [
        "v1",
        "{}",
        '{"reservoirVersion": 4, "index": -1, "isStartingVersion": false}',
        "-",
        '{"reservoirVersion": 2, "index": 6, "isStartingVersion": false}',
        '{"reservoirVersion": 2, "index": 6, "isStartingVersion": true}',
    ]
    found = {"c/offsets/3": offsets}
    assert places(found.get, "c", 3) == [Place(4), None, Place(2, 6), None]
    assert places(found.get, "c", -1) == []


@dataclass
class Run:
    job: str
    started_at: datetime = AT
    seconds: float = 60.0
    versions_in: dict[str, int] = field(default_factory=dict)
    version_out: int | None = 1


RUNS = [
    Run("bronze.a__b"),
    Run("silver.event", seconds=90),
    Run("gold.fct_interaction", seconds=3600, versions_in={"silver.event": 3}),
    Run("gold.other", seconds=7200, versions_in={"silver.order_line": 3}),
]


def events(hours_ago: float, *, is_first: bool = False, slo: float = 24) -> Events:
    at = AT.timestamp()
    return Events("silver.event", "a__b", 10, at - hours_ago * 3600, at - 3600, at, slo, is_first)


def test_the_lag_is_from_event_to_the_gold_table_that_took_the_rows() -> None:
    (row,) = freshness("r", [events(5)], RUNS, is_replay=False)
    assert (row["table"], row["rows"]) == ("gold.fct_interaction", 10)
    assert (row["p50_lag_seconds"], row["p95_lag_seconds"]) == (2 * 3600, 6 * 3600)
    assert (row["source_to_gold_hours"], row["is_breached"]) == (1.0, False)


def test_the_promise_is_broken_by_the_slowest_twentieth_and_not_by_history() -> None:
    assert freshness("r", [events(24)], RUNS, is_replay=False)[0]["is_breached"] is True
    assert freshness("r", [events(9000, is_first=True)], RUNS, is_replay=False)[0]["is_breached"] is None


def test_without_a_gold_table_the_silver_table_counts() -> None:
    (row,) = freshness("r", [events(5)], RUNS[:2], is_replay=False)
    assert (row["table"], row["p50_lag_seconds"]) == ("silver.event", 3600 + 90)


def test_of_a_replay_the_time_is_that_of_the_data() -> None:
    later = [Run(r.job, r.started_at.replace(year=2030), r.seconds, r.versions_in) for r in RUNS]
    (row,) = freshness("r", [events(5)], later, is_replay=True)
    assert row["p95_lag_seconds"] == 6 * 3600
