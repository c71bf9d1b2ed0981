"""Rules of a user's own: files that are right, files that are wrong by file, line, key and rule, and functions of a module."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.rules_command import failures, judged
from lakehouse.errors import SettingsError, SourceError
from lakehouse.settings import ROOT
from lakehouse.standardise import python_rules, rules
from lakehouse.standardise.python_rules import standard_rule
from lakehouse.standardise.user_rules import install, read_rule, read_rules

GOOD = """
description: Codes of tills.
version: 3
kind: regex
pattern: ^T-?(\\d+)$
replace: T$1
reason: not_a_till
tests:
  - {in: T-1, value: T1, status: repaired}
"""
WRONG = {
    "pattern: ^T-?(\\d+)$": ("", 1, "pattern", "Field required"),
    "version: 3": ("version: 0", 3, "version", "greater than or equal to 1"),
    "kind: regex": ("kind: magic", 1, "", "does not match any of the expected tags"),
    "reason: not_a_till": ("reason: No Good", 7, "reason", "should match pattern"),
    "status: repaired": ("status: fine", 9, "tests.0.status", "Input should be"),
    "replace: T$1": ("replac: T$1", 6, "replac", "Extra inputs"),
}
MODULE = '''
"""Rules of a shop."""

from lakehouse.standardise.python_rules import standard_rule


@standard_rule("parity", version=4)
def parity(text: str) -> str | None:
    """Even numbers of a shop."""
    if not text.isdecimal():
        raise ValueError("not_a_number")
    return text.lstrip("0") if int(text) % 2 == 0 else None
'''


def written(folder: Path, text: str, name: str = "till") -> Path:
    path = folder / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_rule_file_of_the_project_passes_its_tests(spark: SparkSession) -> None:
    found = read_rules(ROOT / "conf" / "standardise")
    assert len(found) >= 3
    assert [line for rule, examples in found.values() for line in failures(spark, rule, examples)] == []


def test_a_rule_that_does_other_than_its_tests_say_is_told(spark: SparkSession, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("value: T1", "value: T01"))
    rule, examples = read_rule(path)
    assert rule.version == 3
    assert failures(spark, rule, examples) == [
        f"'T-1' gives 'T1' repaired, not 'T01' repaired [file={path}, rule=till, key=tests.0]"
    ]


@pytest.mark.parametrize("line", list(WRONG))
def test_a_wrong_file_is_told_by_file_line_key_and_rule(tmp_path: Path, line: str) -> None:
    instead, row, key, message = WRONG[line]
    assert line in GOOD
    path = written(tmp_path, GOOD.replace(line, instead))
    with pytest.raises(SourceError) as told:
        read_rule(path)
    assert message in told.value.message
    assert told.value.where["file"] == path
    assert (told.value.where["row"], told.value.where["key"]) == (row, key)
    assert told.value.where["rule"] == "till"


def test_a_file_that_is_no_yaml_or_badly_named_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not YAML"):
        read_rule(written(tmp_path, "a: [1"))
    with pytest.raises(SourceError, match=r"named <rule>\.yml"):
        read_rule(written(tmp_path, GOOD, "My Rule"))


def test_an_expression_that_spark_refuses_is_told_with_its_file(spark: SparkSession, tmp_path: Path) -> None:
    wrong = GOOD.replace("kind: regex", "kind: expression\nexpression: no_such_function({text})")
    wrong = "\n".join(line for line in wrong.splitlines() if not line.startswith(("pattern", "replace")))
    rule, _ = read_rule(written(tmp_path, wrong))
    with pytest.raises(SourceError, match="no_such_function") as told:
        judged(spark, rule, ["x"])
    assert told.value.where["rule"] == "till"


@pytest.fixture
def registry() -> Iterator[None]:
    """The registry as it was."""
    yield
    install(Path("no such folder"))
    for name in ("parity", "silent"):
        python_rules.MADE.pop(name, None)


def test_own_rules_stand_beside_the_librarys_until_they_are_gone(registry: None, tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    install(tmp_path)
    assert rules.rule("till").label == "till@3"
    install(tmp_path / "none")
    with pytest.raises(SourceError, match="no such rule"):
        rules.rule("till")
    written(tmp_path, GOOD, "phone")
    with pytest.raises(SourceError, match="such a rule already"):
        install(tmp_path)


def test_a_function_of_a_module_is_a_rule(registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop_rules_for_test.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, ("shop_rules_for_test",))
    rule = rules.rule("parity")
    assert (rule.version, rule.description) == (4, "Even numbers of a shop.")
    judge = rule.hard() if rule.hard else None
    assert judge is not None
    assert [judge.one(text) for text in ("042", "7", "x")] == [
        "42",
        "\x01invalid\x01not_valid\x01",
        "\x01invalid\x01not_a_number\x01",
    ]
    sys.modules.pop("shop_rules_for_test")


def shout(text: str) -> str | None:
    """Upper case, of more than one letter."""
    return text.upper() if len(text) > 1 else None


def test_a_function_judges_distinct_texts_through_arrow(registry: None, spark: SparkSession) -> None:
    standard_rule("silent", version=1)(shout)
    found = judged(spark, python_rules.MADE["silent"], ["ab", "AB", " ab", "a", "", None, "ab"])
    assert [(v.value, v.status, v.reason) for v in found] == [
        ("AB", "repaired", None),
        ("AB", "valid", None),
        ("AB", "repaired", None),
        (None, "invalid", "not_valid"),
        (None, "missing", "blank"),
        (None, "missing", "blank"),
        ("AB", "repaired", None),
    ]


def test_a_module_that_is_not_there_and_a_function_without_words_are_told(registry: None, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be imported") as told:
        install(tmp_path, ("no_such_module_of_rules",))
    assert told.value.where["key"] == "rule_modules"
    with pytest.raises(SourceError, match="docstring"):
        standard_rule("silent")(lambda text: text)
