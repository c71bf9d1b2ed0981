"""Runs of a small graph as processes would make them: what fails stops only what needs it, and the next run goes on."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.table import Table
from lakehouse.tables import gold, ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.jobs.receipts import RECEIPT, RECEIPTS
from tests.small_lake import CONSENT, HEADER, SmallLake, statements

ONE, TWO = "shop__consent", "web__consent"
CONSENTS = silver.CONSENT_EVENT
# M1 and M2 share a phone from the second day on: two people become one.
FIRST = """\
1,1,2025-01-01 09:00:00,M1,13912345678,tea,2,10.50
1,2,2025-01-01 09:00:00,M1,13912345678,cup,1,5
2,1,2025-01-01 10:00:00,M2,,tea,1,10.50
3,1,2025-01-01 11:00:00,,,tea,1,10.50
"""
SECOND = """\
4,1,2025-01-02 09:00:00,M2,13912345678,pot,1,99.99
2,1,2025-01-01 10:00:00,M2,,tea,3,10.50
"""
THIRD = """\
1,2,2025-01-01 09:00:00,M1,13912345678,cup,-1,5
5,1,2025-01-03 09:00:00,M3,,tea,0,10.50
6,1,2025-01-03 09:00:00,M4,13712345678,tea,4,1
"""
DAYS = (FIRST, SECOND, THIRD)


def consents(small: SmallLake) -> list[tuple[str, str, str]]:
    rows = small.read(CONSENTS).select("source", "consent_id", "action").collect()
    return sorted((r[0], r[1], r[2]) for r in rows)


def batches(small: SmallLake, *select: str) -> dict[str, int]:
    """Batches by job of a run that must not fail."""
    outcome = small.run(*select)
    assert not outcome.failures, outcome.failures
    return {name: len(runs) for name, runs in outcome.runs.items()}


def content(small: SmallLake, table: Table) -> list[str]:
    """Rows of a table without what tells of the landing, as sorted text."""
    frame: DataFrame = small.read(table)
    names = [c for c in frame.columns if not c.startswith("_")]
    return sorted(row[0] for row in frame.select(F.to_json(F.struct(*names))).collect())


def test_a_source_that_comes_later_replays_itself_only_and_one_that_goes_breaks_nothing(small: SmallLake) -> None:
    small.source(ONE, CONSENT)
    small.deliver(ONE, "1.csv", f"{HEADER}\n{statements([1, 2])}")
    assert batches(small, "silver.consent_event", "bronze.*")["silver.consent_event"] == 1
    small.source(TWO, CONSENT)
    small.deliver(TWO, "1.csv", f"{HEADER}\n{statements([3])}")
    outcome = small.run("bronze.*", "silver.consent_event")
    assert [run.rows_in for run in outcome.runs["silver.consent_event"]] == [1]
    assert consents(small) == [(ONE, "c1", "grant"), (ONE, "c2", "grant"), (TWO, "c3", "grant")]
    small.source(ONE, "")
    small.deliver(TWO, "2.csv", f"{HEADER}\n{statements([4])}")
    assert batches(small, "bronze.*", "silver.consent_event") == {f"bronze.{TWO}": 1, "silver.consent_event": 1}
    small.source(ONE, CONSENT)
    small.deliver(ONE, "2.csv", f"{HEADER}\n{statements([5])}")
    batches(small, "bronze.*", "silver.consent_event")
    assert [c for _, c, _ in consents(small)] == ["c1", "c2", "c5", "c3", "c4"]


def test_a_source_whose_version_is_raised_is_mapped_again(small: SmallLake) -> None:
    small.source(ONE, CONSENT)
    small.deliver(ONE, "1.csv", f"{HEADER}\n{statements(range(20), action='grant')}")
    batches(small, "bronze.*", "silver.consent_event")
    small.source(ONE, CONSENT.replace("action: $.action", "action: \"'deny'\"") + "version: 2\n")
    outcome = small.run("bronze.*", "silver.consent_event")
    assert [run.rows_in for run in outcome.runs["silver.consent_event"]] == [20]
    assert {action for _, _, action in consents(small)} == {"deny"}
    assert not small.run("bronze.*", "silver.consent_event").runs["silver.consent_event"]


def test_a_failure_names_job_table_and_rule_and_the_next_run_goes_on(small: SmallLake) -> None:
    small.source(ONE, RECEIPTS)
    small.source(TWO, CONSENT)
    small.deliver(ONE, "1.csv", f"{RECEIPT}\n{FIRST}")
    small.deliver(TWO, "1.csv", f"{HEADER}\n{statements([1])}")
    select = ("+gold.fct_order_line", "bronze.*", "silver.consent_event", "gold.dim_product")
    small.lake.ensure(silver.ORDER_LINE)
    # Somebody else's constraint makes the write fail as a full disk would: after reading, before the commit.
    name = "kith_test"
    path = small.lake.path(silver.ORDER_LINE)
    small.spark.sql(f"ALTER TABLE delta.`{path}` ADD CONSTRAINT {name} CHECK (sku <> 'tea')")
    outcome = small.run(*select)
    assert [f.where["job"] for f in outcome.failures] == ["silver.order_line"]
    assert outcome.failures[0].where["table"] == "silver.order_line"
    assert name in str(outcome.failures[0]).lower()
    assert sorted(outcome.skipped) == ["gold.dim_product", "gold.fct_order_line"]
    assert small.read(CONSENTS).count() == 1
    failed = small.read(ops.JOB_RUN).where("status = 'failed'").collect()
    assert [(r["job"], name in r["message"].lower()) for r in failed] == [("silver.order_line", True)]
    small.spark.sql(f"ALTER TABLE delta.`{path}` DROP CONSTRAINT {name}")
    again = small.run(*select)
    assert not again.failures
    assert not again.runs[f"bronze.{ONE}"]
    assert small.read(gold.FCT_ORDER_LINE).count() == 4


def test_the_gate_stops_publication_and_leaves_the_table_as_it_was(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.source(ONE, RECEIPTS)
    small.deliver(ONE, "1.csv", f"{RECEIPT}\n{FIRST}")
    batches(small, "+gold.fct_order_line")
    before = small.lake.version(gold.FCT_ORDER_LINE)
    small.deliver(ONE, "2.csv", f"{RECEIPT}\n{SECOND}", second=1)
    rule = gold.FCT_ORDER_LINE.rules[0]
    object.__setattr__(rule, "sql", "net_amount < 90")
    try:
        outcome = small.run("+gold.fct_order_line")
        told = outcome.failures[0]
        assert told.where == {"job": "gold.fct_order_line", "table": "gold.fct_order_line", "rule": rule.name}
        assert "1 of 2 rows" in str(told)
        assert small.lake.version(gold.FCT_ORDER_LINE) == before
    finally:
        object.__setattr__(rule, "sql", "net_amount = gross_amount - discount_amount")
    checked = small.read(ops.DQ_RESULT).where(f"rule = '{rule.name}' AND NOT passed").collect()
    assert [(r["rows"], r["violations"]) for r in checked] == [(2, 1)]
    assert batches(small, "+gold.fct_order_line")["gold.fct_order_line"] == 1
    assert small.read(gold.FCT_ORDER_LINE).count() == 5


SILVER = (silver.ORDER_LINE, silver.IDENTIFIER, silver.IDENTITY_EDGE, gold.FCT_ORDER_LINE, gold.DIM_CUSTOMER)
PEOPLE = (gold.DIM_PRODUCT, gold.MART_CUSTOMER_360, gold.MART_RFM)


def by_increments(small: SmallLake, deliveries: Sequence[str], *select: str) -> None:
    """Deliver and run one after the other, and once more with nothing new: that run must write nothing."""
    small.source(ONE, RECEIPTS)
    for n, text in enumerate(deliveries):
        small.deliver(ONE, f"{n}.csv", f"{RECEIPT}\n{text}", second=n)
        batches(small, *select)
    before = small.versions()
    assert {name: n for name, n in batches(small, *select).items() if n} == {}
    assert small.versions() == before


def test_the_sum_of_increments_equals_a_full_rebuild(small: SmallLake) -> None:
    select = ("+gold.dim_customer", "+gold.fct_order_line")
    by_increments(small, (FIRST, SECOND + THIRD), *select)
    summed, one_ids = {t.name: content(small, t) for t in SILVER}, people_of(small)
    assert len(summed["silver.order_line"]) == 6
    assert len(set(one_ids.values())) == 3
    assert not small.run(*select, full=True).failures
    assert {t.name: content(small, t) for t in SILVER} == summed
    assert people_of(small) == one_ids


@pytest.mark.slow
def test_increments_a_full_rebuild_and_a_fresh_lake_agree_on_everybody(small: SmallLake, tmp_path: Path) -> None:
    select = ("+gold.mart_rfm", "+gold.dim_product")
    by_increments(small, DAYS, *select)
    summed, one_ids = {t.name: content(small, t) for t in (*SILVER, *PEOPLE)}, people_of(small)
    assert not small.run(*select, full=True).failures
    assert {t.name: content(small, t) for t in (*SILVER, *PEOPLE)} == summed
    assert people_of(small) == one_ids

    fresh = SmallLake(small.spark, tmp_path / "fresh")
    fresh.source(ONE, RECEIPTS)
    shutil.copytree(small.root / "landing", fresh.root / "landing")
    batches(fresh, *select)
    for table in (silver.ORDER_LINE, silver.IDENTITY_EDGE, gold.FCT_ORDER_LINE, gold.DIM_PRODUCT):
        assert content(fresh, table) == summed[table.name], table.name
    assert figures(fresh) == figures(small)


def people_of(small: SmallLake) -> dict[str, str]:
    """Who each identifier belongs to now."""
    rows = small.read(silver.IDENTITY_MAP).where("is_current").select("token", "one_id").collect()
    return {row[0]: row[1] for row in rows}


def figures(small: SmallLake) -> list[tuple[object, ...]]:
    """People's figures without their ids: what two lakes must agree on, however ids were minted."""
    mart = small.read(gold.MART_CUSTOMER_360).select(
        "orders", "units", "revenue_amount", "returned_amount", "n_identifiers"
    )
    return sorted(map(tuple, mart.collect()))


def test_bronze_equals_silver_and_quarantine_and_duplicates(small: SmallLake) -> None:
    small.source(ONE, RECEIPTS)
    for n, day in enumerate(DAYS):
        small.deliver(ONE, f"{n}.csv", f"{RECEIPT}\n{day}", second=n)
        batches(small, "bronze.*", "silver.order_line")
    runs = small.read(ops.JOB_RUN).where("job = 'silver.order_line'")
    sums = runs.agg(F.sum("rows_in"), F.sum("rows_quarantined"), F.sum("rows_duplicate")).collect()[0]
    bronze = small.read(bronze_table(ONE, "")).count()
    assert tuple(sums) == (bronze, 1, 2)
    assert bronze == small.read(silver.ORDER_LINE).count() + 1 + 2
