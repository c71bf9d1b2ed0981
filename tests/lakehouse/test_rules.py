"""The constructors of rules and the typed assertions behind them; plain SQL is recognised for what it says."""

from datetime import UTC, date, datetime

import pytest

from lakehouse import rules
from lakehouse.assertions import Between, Holds, Length, NotNull, OneOf, RowAssertion, literal, predicate, recognise
from lakehouse.errors import ContractError
from lakehouse.table import Column, Rule, Severity, Table


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("r BETWEEN 1 AND 5", Between("r", 1, 5)),
        ("score BETWEEN 0 AND 1.5", Between("score", 0, 1.5)),
        ("size > 0", Between("size", low=0, strict_low=True)),
        ("size >= -1", Between("size", low=-1)),
        ("size <= 7", Between("size", high=7)),
        ("gender IN ('female', 'male')", OneOf("gender", ("female", "male"))),
        ("n IN (1, 2)", OneOf("n", (1, 2))),
        ("`id` IS NOT NULL", NotNull("id")),
        ("length(sku) BETWEEN 3 AND 9", Length("sku", 3, 9)),
        ("length(sku) <= 9", Length("sku", high=9)),
        ("quantity <> 0", Holds("quantity <> 0")),
        ("a > 0 AND b > 0", Holds("a > 0 AND b > 0")),
        ("net = gross - discount", Holds("net = gross - discount")),
    ],
)
def test_plain_sql_is_recognised_and_the_rest_is_a_condition(sql: str, said: RowAssertion) -> None:
    assert recognise(sql) == said
    assert recognise(predicate(said).replace("`", "")) == said or isinstance(said, NotNull)


def test_literals_are_those_of_spark() -> None:
    values = (True, 1, 1.5, "it's \\ so", date(2025, 1, 2), datetime(2025, 1, 2, 3, tzinfo=UTC).replace(tzinfo=None))
    assert [literal(value) for value in values] == [
        "true",
        "1",
        "1.5",
        "'it\\'s \\\\ so'",
        "DATE'2025-01-02'",
        "TIMESTAMP'2025-01-02 03:00:00'",
    ]


def test_rules_have_names_severity_and_tolerance() -> None:
    rule = rules.warning(rules.tolerant(rules.between("size", 1, 9), at_most=0.1))
    assert (rule.name, rule.sql) == ("size_between", "`size` BETWEEN 1 AND 9")
    assert (rule.severity, rule.allowed(50), rule.is_strict) == (Severity.WARN, 5.0, False)
    assert rules.between("size", 1).is_strict
    assert rules.references("one_id", "gold.dim_customer").name == "one_id_in_dim_customer"
    assert rules.statistic("quantile", "size", 1, 2, at=0.9).name == "size_p90"
    assert rules.at_most_missing("city", 0.3).allowed(10) == 3.0


@pytest.mark.parametrize(
    "build",
    [
        lambda: rules.between("size"),
        lambda: rules.between("size", 9, 1),
        lambda: rules.one_of("size"),
        lambda: rules.matches("size", "["),
        lambda: rules.references(("a", "b"), "gold.x", "a"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(build: object) -> None:
    with pytest.raises(ContractError) as told:
        build()  # type: ignore[operator]
    assert "rule" in told.value.where


def test_only_strict_row_rules_become_constraints() -> None:
    from lakehouse.ddl import table_properties

    soft = (rules.warning(rules.between("size", 1)), rules.unique("size"), rules.statistic("mean", "size", 1))
    table = Table("gold.x", "x", (Column("size", "int", "x"),), rules=(Rule("hard", "size < 9"), *soft), key=("size",))
    constraints = [name for name in table_properties(table) if "constraints" in name]
    assert constraints == ["delta.constraints.hard"]
    assert [rule.name for rule in table.row_rules()] == ["hard", "size_between"]
    assert [rule.name for rule in table.all_rules()] == [
        "hard",
        "size_between",
        "key_unique",
        "size_unique",
        "size_mean",
    ]
