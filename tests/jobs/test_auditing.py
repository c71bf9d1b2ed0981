"""Write, audit, publish on a small lake: a bad batch leaves gold as it was, its rows are kept, the next good run publishes."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from jobs.auditing import check_table, read_history
from jobs.cli import cli
from jobs.quality_trends import latest, trends
from lakehouse.anomalies import WHOLE
from lakehouse.profile import Profile
from lakehouse.runlog import RunLog
from lakehouse.tables import gold, ops, silver
from tests.jobs.receipts import RECEIPT, RECEIPTS
from tests.small_lake import SmallLake, context_for

SHOP = "shop__receipt"
SELECT = ("+gold.fct_order_line",)
FACT = gold.FCT_ORDER_LINE


def line(number: int, price: str = "10.50", sku: str = "tea", hour: int = 9) -> str:
    """One line of a receipt."""
    return f"{number},1,2025-01-01 {hour:02}:00:00,M1,13912345678,{sku},2,{price}\n"


def shop(small: SmallLake, rules: str, table: str = FACT.name) -> None:
    """A shop whose first delivery is published, under rules of its own."""
    small.source(SHOP, RECEIPTS)
    folder = small.root / "conf" / "quality"
    folder.mkdir(exist_ok=True)
    (folder / f"{table}.yml").write_text(rules, encoding="utf-8")


def deliver(small: SmallLake, day: int, text: str) -> None:
    """Another day's file."""
    small.deliver(SHOP, f"{day}.csv", f"{RECEIPT}\n{text}", second=day)


def results(small: SmallLake, rule: str) -> list[tuple[int, int, bool, str]]:
    """``(rows, violations, passed, severity)`` of a rule, in order of time."""
    rows = small.read(ops.DQ_RESULT).where(f"rule = '{rule}'").orderBy("checked_at").collect()
    return [(r["rows"], r["violations"], r["passed"], r["severity"]) for r in rows]


def test_a_failing_rule_leaves_gold_readable_and_unchanged_and_keeps_every_bad_row(small: SmallLake) -> None:
    shop(small, "rules: [{between: gross_amount, high: 100}, {matches: sku, pattern: '[a-z]+', severity: warn}]")
    deliver(small, 1, line(1) + line(2))
    assert not small.run(*SELECT).failures
    version, rows = small.lake.version(FACT), small.read(FACT).count()

    deliver(small, 2, line(3) + line(4, "60") + line(5, "70", "T42"))
    (failure,) = small.run(*SELECT).failures
    assert failure.where == {"job": FACT.name, "table": FACT.name, "rule": "gross_amount_between"}
    assert "2 of 3 rows" in str(failure)
    assert (small.lake.version(FACT), small.read(FACT).count()) == (version, rows) == (version, 2)
    kept = small.read(ops.DQ_FAILURE).collect()
    assert sorted((r["rule"], json.loads(r["key"])["order_id"], r["severity"]) for r in kept) == [
        ("gross_amount_between", "t:4", "stop"),
        ("gross_amount_between", "t:5", "stop"),
        ("sku_matches", "t:5", "warn"),
    ]
    assert {json.loads(r["record"])["gross_amount"] for r in kept} == {120.0, 140.0}
    assert results(small, "gross_amount_between") == [(2, 0, True, "stop"), (3, 2, False, "stop")]

    again = small.run(*SELECT)  # nothing was mended: the same batch is stopped again, and told again
    assert again.failures
    assert small.lake.version(FACT) == version
    assert small.read(ops.DQ_FAILURE).count() == 6

    shop(small, "rules: [{between: gross_amount, high: 500}]")
    assert not small.run(*SELECT).failures
    assert sorted(r["order_id"] for r in small.read(FACT).collect()) == ["t:1", "t:2", "t:3", "t:4", "t:5"]
    assert small.versions() == (small.run(*SELECT), small.versions())[1]


def test_a_reference_that_leads_nowhere_and_a_share_of_nulls_stop_too(small: SmallLake) -> None:
    rule = "rules: [{references: sku, to: silver.product.sku}]"
    shop(small, rule)
    deliver(small, 1, (line(1) + line(2, sku="cup")).replace("M1,13912345678", ","))
    small.lake.ensure(silver.PRODUCT)
    (failure,) = small.run(*SELECT).failures
    assert failure.where["rule"] == "sku_in_product"
    assert not small.lake.exists(FACT) or small.read(FACT).count() == 0
    assert small.read(ops.DQ_FAILURE).where("rule = 'sku_in_product'").count() == 2
    shop(small, rule.replace("}]", ", at_most: 1.0}, {complete: customer_token, at_most: 0.5}]"))
    (failure,) = small.run(*SELECT).failures
    assert failure.where["rule"] == "customer_token_complete"
    shop(small, rule.replace("}]", ", severity: warn}]"))
    assert not small.run(*SELECT).failures
    assert results(small, "sku_in_product")[-1] == (2, 2, False, "warn")


def test_a_mapped_table_sets_bad_rows_aside_and_its_other_rules_may_stop_it(small: SmallLake) -> None:
    table = silver.ORDER_LINE
    rules = "rules: [{between: unit_price_amount, high: 100}, {matches: sku, pattern: 't.*', at_most: 0.5}]"
    shop(small, rules, table.name)
    deliver(small, 1, line(1) + line(2, "500") + line(3, sku="cup"))
    assert not small.run("+silver.order_line").failures
    assert sorted(r["order_id"] for r in small.read(table).collect()) == ["t:1", "t:3"]
    assert [reason for _, _, reason in small.quarantined()] == ["unit_price_amount_between"]
    assert results(small, "sku_matches") == [(3, 1, True, "stop")]
    version = small.lake.version(table)
    deliver(small, 2, line(4, sku="cup") + line(5, sku="pot") + line(6))
    (failure,) = small.run("+silver.order_line").failures
    assert failure.where["rule"] == "sku_matches"
    assert small.lake.version(table) == version


def test_a_batch_out_of_the_ordinary_stops_where_that_is_asked_for(small: SmallLake) -> None:
    shop(small, "anomalies: {severity: stop, min_history: 8}\nprofile: [gross_amount]")
    deliver(small, 1, "".join(line(n) for n in range(1, 4)))
    assert not small.run(*SELECT).failures
    log = RunLog("before")
    for n in range(10):  # ten days of three lines each, as runs would have left them
        day = date(2025, 1, 1) - timedelta(days=n)
        log.profiled(FACT.name, (Profile(WHOLE, 3 + n % 2, 0),), day)
    log.flush(small.lake)
    assert len(read_history(small.settings.lake_path)[FACT.name, ""][WHOLE]) == 11
    deliver(small, 2, "".join(line(n, hour=10) for n in range(10, 60)))
    (failure,) = small.run(*SELECT).failures
    assert failure.where["rule"] == "anomaly:volume"
    assert "50 is not in" in str(failure)
    assert small.read(FACT).count() == 3
    (told,) = small.read(ops.DQ_RESULT).where("rule = 'anomaly:volume' AND NOT passed").collect()
    assert (told["value"], told["low"] < 4 < told["high"] < 50) == (50.0, True)
    shop(small, "anomalies: {severity: warn, min_history: 8}")
    assert not small.run(*SELECT).failures
    assert small.read(FACT).count() == 53


def test_results_are_told_in_the_terminal_on_a_page_and_as_data_docs(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(small, "rules: [{matches: sku, pattern: 'te.*', severity: warn}]")
    deliver(small, 1, line(1))
    assert not small.run(*SELECT).failures
    deliver(small, 2, line(2, sku="cup"))
    assert not small.run(*SELECT).failures
    context = context_for(small.spark, small.settings)
    checked = {verdict.rule: verdict for verdict in check_table(context, FACT.name)}
    assert (checked["sku_matches"].violations, checked["sku_matches"].rows) == (1, 2)
    assert all(verdict.passed for name, verdict in checked.items() if name != "sku_matches")

    found = trends(small.settings.lake_path)
    (trend,) = [t for t in found if (t.table, t.rule) == (FACT.name, "sku_matches")]
    assert (trend.values, trend.state) == ([0.0, 1.0], "warned")
    (now,) = [c for c in latest(found) if c.table == FACT.name]
    assert now.at <= datetime.now(UTC)

    monkeypatch.setenv("KITH_HOME", small.settings.home)
    monkeypatch.setenv("KITH_CONF", small.settings.conf)
    told = CliRunner().invoke(cli, ["quality", "show", FACT.name], catch_exceptions=False)
    assert "sku_matches" in told.output
    assert "▁█" in told.output
    page, site = small.root / "quality.html", small.root / "docs"
    CliRunner().invoke(cli, ["quality", "report", "--out", str(page)], catch_exceptions=False)
    html = page.read_text(encoding="utf-8")
    assert "sku_matches" in html
    assert "https://" not in html
    told = CliRunner().invoke(cli, ["quality", "docs", "--out", str(site)], catch_exceptions=False)
    assert "suites" in told.output
    (result,) = (site / "validations" / "gold" / "fct_order_line").rglob("*.html")
    text = result.read_text(encoding="utf-8")
    assert "1 unexpected values found" in text
    assert "values must match this regular expression" in text
    for any_page in site.rglob("*.html"):
        assert 'src="https://' not in any_page.read_text(encoding="utf-8")
