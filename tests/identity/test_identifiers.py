"""The identity rules: what the shipped file says, and that each fault is named with file, key and rule."""

import re
from pathlib import Path

import pytest

from identity.identifiers import Alarms, IdentifierType, IdentityRules, load_rules
from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT

GUIDE = (ROOT / "docs" / "identity-rules.md").read_text(encoding="utf-8")

GOOD = """
engine: forest
identifiers:
  - {name: member_no, kind: account, strength: strong, is_merging: true, priority: 1, max_degree: 9}
  - {name: phone, kind: contact, strength: strong, is_merging: true, priority: 2, max_degree: 4}
  - {name: address, kind: trace, strength: weak, is_merging: false, priority: 1, max_degree: 4}
"""


def rules_of(folder: Path, text: str) -> IdentityRules:
    """The rules that a file with ``text`` gives."""
    path = folder / "identity.yml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def test_the_shipped_rules_name_every_type(rules: IdentityRules) -> None:
    names = {kind.name for kind in rules.identifiers}
    accounts = "member_no unionid app_user coffee_openid mall_openid web_user tiger_account dog_account"
    others = "phone email card name_phone device recipient_phone address birth_on full_name"
    anonymous = "anonymous_app anonymous_coffee anonymous_mall anonymous_web"
    assert names == set(f"{accounts} {others} {anonymous}".split())
    assert rules.engine == "auto"
    assert {kind.name for kind in rules.identifiers if kind.kind == "account"} == set(accounts.split())
    never = {kind.name for kind in rules.identifiers if not kind.is_merging}
    assert never == {"recipient_phone", "address", "birth_on", "full_name"}


def test_priorities_are_all_different_in_the_shipped_rules(rules: IdentityRules) -> None:
    assert len({kind.priority for kind in rules.identifiers}) == len(rules.identifiers)


def test_a_star_is_centred_on_what_merges(tmp_path: Path) -> None:
    assert rules_of(tmp_path, GOOD).ranks == {"member_no": 0, "phone": 1, "address": 2}


def test_known_people_have_a_strong_account_or_contact(rules: IdentityRules) -> None:
    assert rules.type_of("phone").is_known
    assert rules.type_of("member_no").is_known
    assert not rules.type_of("recipient_phone").is_known
    assert not rules.type_of("anonymous_web").is_known


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        (
            "max_degree: 9",
            "max_degree: 0",
            r"identifiers\[member_no\]\.max_degree: .*greater than or equal to 1",
        ),
        ("strength: strong", "strength: iron", r"identifiers\[member_no\]\.strength: .*'strong' or 'weak'"),
        ("priority: 2,", "", r"identifiers\[phone\]\.priority: is missing"),
        ("name: phone", "name: member_no", r"declared twice: member_no"),
        ("kind: account", "kind: contact", r"no identifier type is an account"),
        ("engine: forest", "engine: magic", r"engine: .*'auto', 'forest' or 'graphframes'"),
        (
            "max_degree: 4}",
            "max_degree: 4, maxdegree: 4}",
            r"identifiers\[phone\]\.maxdegree: no such key; did you mean max_degree\?",
        ),
        (
            "max_degree: 4}",
            "max_degree: 4, valid_regexp: '('}",
            r"identifiers\[phone\]\.valid_regexp: .*not a regular",
        ),
        (
            "max_degree: 4}",
            "max_degree: 4, invalid_texts: [0]}",
            r"identifiers\[phone\]\.invalid_texts\[0\]: .*string",
        ),
    ],
)
def test_a_fault_is_named_with_file_key_and_rule(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    assert wrong in GOOD
    with pytest.raises(SettingsError, match=message) as caught:
        rules_of(tmp_path, GOOD.replace(wrong, right))
    assert str(caught.value.where["file"]).endswith("identity.yml")


def test_a_file_that_is_not_there_or_not_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: No such file.*nowhere\.yml"):
        load_rules(tmp_path / "nowhere.yml")
    with pytest.raises(SettingsError, match=r"(?s)line 2: .*not YAML.*identity\.yml"):
        rules_of(tmp_path, "engine: auto\nidentifiers: [a: b: c]")
    with pytest.raises(SettingsError, match=r"line 1: \(top level\): a mapping of keys"):
        rules_of(tmp_path, "just a text")


def test_an_unknown_type_is_refused(rules: IdentityRules) -> None:
    with pytest.raises(SettingsError, match=r"identifiers\[fax\]"):
        rules.type_of("fax")


def test_the_guide_names_every_key() -> None:
    fields = {*IdentityRules.model_fields, *IdentifierType.model_fields} | {
        f"alarms.{key}" for key in Alarms.model_fields
    }
    assert {key for key in fields - {"alarms"} if f"`{key}`" not in GUIDE} == set()


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL))
def test_the_guides_examples_load(tmp_path: Path, example: str) -> None:
    rules = rules_of(
        tmp_path, GOOD.replace("name: phone", "name: mail").replace("name: member_no", "name: first") + example
    )
    assert len(rules.identifiers) > 3
