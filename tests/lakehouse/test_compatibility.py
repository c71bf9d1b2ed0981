"""Which changes of a contract break somebody, and how they are declared."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from lakehouse import rules
from lakehouse.compatibility import compare, is_looser, is_wider
from lakehouse.table import Column, Pii, Table

OLD = Table(
    "gold.fct_x",
    "x",
    (
        Column("id", "string", "key", required=True),
        Column("size", "int", "size", check="size BETWEEN 1 AND 9"),
        Column("kind", "string", "kind", pii=Pii.INDIRECT),
        Column("net", "decimal(10,2)", "money", required=True),
    ),
    key=("id",),
    rules=(rules.one_of("kind", "a", "b"), rules.at_most_missing("kind", 0.2), rules.warning(rules.length("id", 1, 9))),
)


def _column(name: str, **changes: object) -> Callable[[Table], Table]:
    def change(table: Table) -> Table:
        columns = tuple(replace(c, **changes) if c.name == name else c for c in table.columns)  # type: ignore[arg-type]
        return replace(table, columns=columns)

    return change


def _rule(name: str, rule: object) -> Callable[[Table], Table]:
    def change(table: Table) -> Table:
        found = tuple(rule if r.name == name else r for r in table.rules)
        return replace(table, rules=found)  # type: ignore[arg-type]

    return change


BREAKING: dict[str, tuple[Callable[[Table], Table], str, str]] = {
    "column removed": (lambda t: replace(t, columns=(*t.columns[:2], t.columns[3])), "column kind", "removed"),
    "type narrowed": (_column("net", type="decimal(8,2)"), "column net", "no wider type"),
    "type changed": (_column("size", type="string"), "column size", "int became string"),
    "became required": (_column("size", required=True), "column size", "became required"),
    "no longer required": (_column("net", required=False), "column net", "no longer required"),
    "required column added": (
        lambda t: replace(t, columns=(*t.columns, Column("new", "int", "x", required=True))),
        "column new",
        "new and required",
    ),
    "key changed": (lambda t: replace(t, key=("id", "kind")), "key", r"\(id\) became \(id, kind\)"),
    "check tightened": (_column("size", check="size BETWEEN 1 AND 8"), "rule size_valid", "BETWEEN 1 AND 8"),
    "check made strict": (_column("size", check="size > 1"), "rule size_valid", "became size > 1"),
    "value of a set removed": (
        _rule("kind_one_of", rules.one_of("kind", "a")),
        "rule kind_one_of",
        "no longer allowed: b",
    ),
    "tolerance lowered": (
        _rule("kind_complete", rules.at_most_missing("kind", 0.1)),
        "rule kind_complete",
        "tolerance",
    ),
    "severity raised": (_rule("id_length", rules.length("id", 1, 9)), "rule id_length", "warn became stop"),
    "rule that stops added": (
        lambda t: replace(t, rules=(*t.rules, rules.between("net", 0))),
        "rule net_between",
        "new, and stops",
    ),
    "less personal": (_column("kind", pii=Pii.NONE), "column kind", "personal class"),
    "staler": (lambda t: replace(t, freshness_hours=48), "freshness", "48"),
    "kept for less long": (lambda t: replace(t, retention_days=30), "retention", "30"),
}
FINE: dict[str, tuple[Callable[[Table], Table], str]] = {
    "column added": (lambda t: replace(t, columns=(*t.columns, Column("new", "int", "x"))), "column new"),
    "type widened": (_column("size", type="bigint"), "column size"),
    "decimal widened": (_column("net", type="decimal(12,2)"), "column net"),
    "check loosened": (_column("size", check="size >= 0"), "rule size_valid"),
    "value of a set added": (_rule("kind_one_of", rules.one_of("kind", "b", "a", "c")), "rule kind_one_of"),
    "tolerance raised": (_rule("kind_complete", rules.at_most_missing("kind", 0.3)), "rule kind_complete"),
    "rule removed": (lambda t: replace(t, rules=t.rules[:2]), "rule id_length"),
    "rule that warns added": (
        lambda t: replace(t, rules=(*t.rules, rules.warning(rules.between("net", 0)))),
        "rule net_between",
    ),
    "more personal": (_column("kind", pii=Pii.DIRECT), "column kind"),
    "another owner": (lambda t: replace(t, owner="crm"), "owner"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_is_named_and_passes_once_it_is_declared(name: str) -> None:
    change, what, words = BREAKING[name]
    new = change(OLD)
    (found,) = compare([OLD], [new])
    assert (found.table, found.what, found.fails) == ("gold.fct_x", what, True)
    assert re.search(words, found.text), found.text
    (declared,) = compare([OLD], [replace(new, version=2)])
    assert (declared.is_breaking, declared.fails) == (True, False)
    assert str(declared).startswith("declared")


@pytest.mark.parametrize("name", FINE)
def test_what_adds_or_loosens_is_fine(name: str) -> None:
    change, what = FINE[name]
    (found,) = compare([OLD], [change(OLD)])
    assert (found.what, found.is_breaking) == (what, False)


def test_a_table_that_goes_breaks_its_readers_and_a_new_one_nobody() -> None:
    assert [(c.text, c.fails) for c in compare([OLD], [])] == [("removed", True)]
    assert [(c.text, c.fails) for c in compare([], [OLD])] == [("new", False)]
    assert compare([OLD], [OLD]) == []


def test_words_in_comments_change_nothing() -> None:
    assert compare([OLD], [replace(_column("size", comment="another word")(OLD), comment="y")]) == []


def test_types_and_assertions_are_compared_by_what_they_admit() -> None:
    assert is_wider("int", "bigint")
    assert not is_wider("bigint", "int")
    assert is_wider("decimal(10,2)", "decimal(12,2)")
    assert not is_wider("decimal(10,2)", "decimal(12,4)")
    assert is_looser(rules.between("a", 1, 5).assertion, rules.between("a", 0, 5).assertion)
    assert not is_looser(rules.between("a", 1, 5).assertion, rules.between("b", 0, 9).assertion)
    assert not is_looser(rules.matches("a", "x").assertion, rules.matches("a", "x|y").assertion)
