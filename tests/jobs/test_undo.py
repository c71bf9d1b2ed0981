"""Merge and undo through a whole lake: who bought what goes to and fro, decisions outlast a rebuild, every cut edge is listed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from identity.identifiers import load_rules
from jobs.explaining.register import Register
from jobs.overriding import Ledger
from jobs.references import resolve_all
from lakehouse.settings import token_key
from lakehouse.tables import gold, ops, silver
from tests.jobs.receipts import RECEIPTS
from tests.small_lake import SmallLake

SOURCE = "shop__receipt"
HEADER = "number,line,at,who,tel,device,sku,qty,price"
FEED = RECEIPTS.replace("phone: $.tel}", "phone: $.tel, card: $.device}")
# M1 and M2 have a phone each, and cards; on the second day the card of M2 is seen with the phone of M1.
APART = """\
1,1,2025-01-01 09:00:00,M1,13912345671,C1,tea,2,10.00
2,1,2025-01-01 10:00:00,M2,13912345672,C2,pot,1,7.00
3,1,2025-01-02 10:00:00,M2,13912345672,C2,cup,1,5.00
"""
WELDING = "4,1,2025-01-03 10:00:00,,13912345671,C2,tea,1,1.00\n"
LATER = "5,1,2025-01-04 10:00:00,M1,13912345671,C1,tea,1,1.00\n"
SELECT = ("+gold.mart_customer_360", "silver.identity_fence", "silver.identity_alias", "silver.identity_event")
Owners = dict[str, tuple[float, int]]


def run(small: SmallLake, *, full: bool = False) -> Owners:
    """Run, and give revenue and orders of each person."""
    outcome = small.run(*SELECT, full=full)
    assert not outcome.failures, outcome.failures
    rows = small.read(gold.MART_CUSTOMER_360).select("one_id", "revenue_amount", "orders").collect()
    return {row[0]: (float(row[1]), row[2]) for row in rows}


def fences(small: SmallLake) -> list[tuple[str, str]]:
    """Which edges are cut, by rule and fence."""
    rows = small.read(silver.IDENTITY_FENCE).select("rule_id", "fence").collect()
    return sorted((row[0].partition("/")[2], row[1]) for row in rows)


def ledger(small: SmallLake) -> Ledger:
    """The pen of somebody who decides."""
    rules = load_rules(Path(small.settings.conf) / "identity.yml")
    now = datetime(2025, 1, 10, tzinfo=UTC)
    ensure = lambda: small.lake.ensure(ops.IDENTITY_OVERRIDE)  # noqa: E731
    return Ledger(small.settings, Register(small.settings.lake_path), rules, "tester", now, ensure)


def decide(small: SmallLake, kind: str, names: Sequence[str]) -> str:
    """Pin or forbid two references; the id of the decision."""
    pen = ledger(small)
    a, b = resolve_all(list(names), pen.register, pen.rules, token_key(small.settings))
    made = pen.join(a, b, "test") if kind == "pin" else pen.part(a, b, "test")
    return made[0].override_id


def events(small: SmallLake) -> set[str]:
    """Kinds of what happened to ids."""
    return {row[0] for row in small.read(silver.IDENTITY_EVENT).select("event_type").distinct().collect()}


@pytest.fixture(params=["false", "true"], ids=["computed whole", "by increments"])
def lake_of(small: SmallLake, request: pytest.FixtureRequest) -> Iterator[SmallLake]:
    """A lake in a session for small data, and in one for large."""
    small.spark.conf.set("spark.sql.adaptive.enabled", request.param)
    yield small
    small.spark.conf.set("spark.sql.adaptive.enabled", "false")


def aliases(small: SmallLake) -> dict[str, str]:
    """Retired id → the one that stands for it."""
    return {row[0]: row[1] for row in small.read(silver.IDENTITY_ALIAS).select("old_id", "current_id").collect()}


@pytest.mark.slow
def test_a_merge_undone_gives_everybody_back_what_was_theirs(lake_of: SmallLake) -> None:
    small = lake_of
    small.source(SOURCE, FEED)
    small.deliver(SOURCE, "1.csv", f"{HEADER}\n{APART}", second=1)
    first = run(small)
    assert sorted(first.values()) == [(12.0, 2), (20.0, 1)]

    small.deliver(SOURCE, "2.csv", f"{HEADER}\n{WELDING}", second=2)
    merged = run(small)
    assert list(merged.values()) == [(32.0, 3)], "the third order names nobody"
    assert set(merged) < set(first)
    (kept,), (gone,) = set(merged), set(first) - set(merged)
    assert aliases(small) == {gone: kept}

    forbidden = decide(small, "forbid", ["member_no:M1", "member_no:M2"])
    undone = run(small)
    assert undone == first, "each has the id and the orders of before"
    assert aliases(small) == {}, "the id that came back stands for itself"
    assert fences(small) == [("phone~card", "forbidden")]
    assert {"merge", "split", "forbid"} <= events(small)
    happened = small.read(silver.IDENTITY_EVENT).where("event_type IN ('merge', 'split')")
    assert {tuple(row) for row in happened.select("event_type", "one_id", "other_id").collect()} == {
        ("merge", kept, gone),
        ("split", kept, gone),
    }

    small.deliver(SOURCE, "3.csv", f"{HEADER}\n{LATER}", second=3)
    later = run(small)
    assert set(later) == set(first)
    assert run(small, full=True) == later, "a rebuild keeps what was decided"
    assert fences(small) == [("phone~card", "forbidden")]
    before = small.versions()
    assert run(small) == later
    assert small.versions() == before, "nothing new, nothing written"

    ledger(small).lift(forbidden, "they are one after all")
    again = run(small)
    assert len(again) == 1
    assert fences(small) == []


@pytest.mark.slow
def test_a_pin_joins_what_no_record_shows_together(small: SmallLake) -> None:
    small.source(SOURCE, FEED)
    small.deliver(SOURCE, "1.csv", f"{HEADER}\n{APART}", second=1)
    first = run(small)
    assert len(first) == 2
    decide(small, "pin", ["member_no:M1", "phone:13912345672"])
    assert list(run(small).values()) == [(32.0, 3)]
    assert "pin" in events(small)
    moved = small.read(silver.IDENTITY_MAP).where(F.col("is_current")).select("one_id").distinct().count()
    assert moved == 1
