"""Contracts as Great Expectations suites, which it evaluates as we do; its Data Docs need no network."""

from datetime import UTC, datetime
from pathlib import Path

import great_expectations as gx
import pandas as pd
import pytest

from lakehouse import rules
from lakehouse.expectations import expectation, suite, validation, write_docs
from lakehouse.table import Column, Rule, Table
from lakehouse.tables import gold, silver
from lakehouse.verdicts import Checked, Verdict

TABLE = Table(
    "gold.fct_sale",
    "Sales.",
    (
        Column("id", "string", "key", required=True),
        Column("shop", "string", "where"),
        Column("size", "int", "how much"),
    ),
    key=("id",),
)
ROWS = pd.DataFrame({"id": list("abcdee"), "shop": ["s1", "s2", None, "s1", "x9", "s1"], "size": [1, 2, 3, 4, 50, 6]})
ASKED = [
    (rules.required("shop"), 1),
    (rules.between("size", 1, 6), 1),
    (rules.one_of("shop", "s1", "s2"), 1),
    (rules.matches("shop", "s[0-9]"), 1),
    (rules.length("shop", 2, 2), 0),
    (rules.unique("id"), 2),
    (rules.tolerant(rules.one_of("shop", "s1"), at_most=0.5), 2),
]


@pytest.mark.parametrize(("rule", "bad"), ASKED, ids=lambda value: getattr(value, "name", str(value)))
def test_great_expectations_finds_in_the_rows_what_our_rules_say(rule: Rule, bad: int) -> None:
    kind, kwargs = expectation(rule)
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.pandas_default.read_dataframe(ROWS)
    made = next(
        e
        for e in suite(TABLE, (rule,)).expectations
        if e.expectation_type == kind and (e.meta or {})["rule"] == rule.name
    )
    result = batch.validate(made)
    assert result.result["unexpected_count"] == bad
    assert result.success is (bad <= rule.allowed(len(ROWS)))
    assert kwargs["column"] in {"id", "shop", "size"}


@pytest.mark.parametrize("table", [*silver.ALL, *gold.ALL], ids=lambda t: t.name)
def test_every_contract_is_a_suite(table: Table) -> None:
    made = suite(table)
    assert made.name == table.name
    assert [(e.meta or {})["rule"] for e in made.expectations] == [
        "columns",
        *(rule.name for rule in table.all_rules()),
    ]


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (rules.statistic("mean", "size", 1, 2), "expect_column_mean_to_be_between"),
        (rules.distinct_between("size", 1), "expect_column_unique_value_count_to_be_between"),
        (rules.rows_between(1), "expect_table_row_count_to_be_between"),
        (rules.statistic("quantile", "size", 1, 2, at=0.9), "expect_column_quantile_values_to_be_between"),
        (rules.statistic("missing", "shop", high=0.1), "expect_column_proportion_of_non_null_values_to_be_between"),
        (rules.unique("shop", "size"), "expect_compound_columns_to_be_unique"),
        (rules.references("shop", "gold.dim_shop"), "unexpected_rows_expectation"),
        (rules.holds("a", "size > 1 OR shop IS NULL"), "unexpected_rows_expectation"),
        (rules.fresh("size", 4), "unexpected_rows_expectation"),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_rules_of_the_table_have_their_standard_expectations(rule: Rule, kind: str) -> None:
    assert expectation(rule)[0] == kind
    suite(TABLE, (rule,))


def test_our_measurements_are_a_validation_result_and_stand_in_data_docs(tmp_path: Path) -> None:
    asked = (
        rules.one_of("shop", "s1"),
        rules.statistic("mean", "size", 1, 2),
        rules.statistic("quantile", "size", 1, 9),
    )
    verdicts = [
        Verdict("id_required", 200, 0, passed=True),
        Verdict("shop_one_of", 200, 3, passed=False),
        Verdict("size_mean", 200, 1, passed=False, value=3.25, low=1, high=2),
        Verdict("size_p50", 200, 0, passed=True, value=3.0, low=1, high=9),
    ]
    checked = Checked(TABLE.name, "run-7", datetime(2025, 1, 2, tzinfo=UTC), verdicts)
    result = validation(TABLE, checked, asked)
    assert result.success is False
    assert result.statistics["unsuccessful_expectations"] == 2
    counts = {r.expectation_config.meta["rule"]: r.result for r in result.results if r.expectation_config}
    assert (counts["shop_one_of"]["unexpected_count"], counts["shop_one_of"]["unexpected_percent"]) == (3, 1.5)
    first = write_docs(tmp_path, [TABLE], {TABLE.name: asked}, [checked])
    (page,) = (tmp_path / "validations").rglob("*.html")
    html = page.read_text(encoding="utf-8")
    for words in ("3 unexpected values found", "1.5%", "3.25", "run-7"):
        assert words in html, words
    for text in (html, first.read_text(encoding="utf-8")):
        assert "datadocs.js" in text
        assert 'src="https://' not in text
        assert 'rel="stylesheet" href="https://' not in text
    assert "gold.fct_sale" in first.read_text(encoding="utf-8")
