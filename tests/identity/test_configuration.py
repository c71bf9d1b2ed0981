"""A file of rules is read whole or refused by file, key and rule."""

from pathlib import Path

import pytest

from identity.household import load_household
from identity.survivorship import load_survivorship
from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT

SURVIVORSHIP = (ROOT / "conf" / "survivorship.yml").read_text(encoding="utf-8")
HOUSEHOLD = (ROOT / "conf" / "household.yml").read_text(encoding="utf-8")


def test_the_shipped_rules_are_read() -> None:
    rules = load_survivorship(ROOT / "conf" / "survivorship.yml")
    assert rules.sources[0] == "crm__member"
    orders = {one.name: one.order[0] for one in rules.attributes}
    assert (orders["birth_on"], orders["phone"], orders["name"]) == ("validity", "validity", "source_priority")
    assert {tie.name for tie in load_household(ROOT / "conf" / "household.yml").ties} >= {"address", "device"}


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("order: [recency, source_priority]", "order: [luck]", r"attributes\[city\]\.order\[0\]: .*'validity'"),
        ("order: [recency, source_priority]", "order: [recency, recency]", r"attributes\[city\]: .*twice"),
        ("order: [recency, source_priority]", "order: []", r"attributes\[city\]\.order: .*at least 1"),
        ("{name: city,", "{name: gender,", r"attributes declared twice: gender"),
        ("{name: city,", "{name: city, weight: 2,", r"attributes\[city\]\.weight: Extra inputs"),
        ("sources: [crm__member", "sources: [crm__member, crm__member", r"sources declared twice: crm__member"),
        ("attributes:", "attributes: [", r"not YAML: .*line 1[0-9]"),
    ],
)
def test_a_fault_names_file_key_and_rule(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    assert right in SURVIVORSHIP
    path = tmp_path / "survivorship.yml"
    path.write_text(SURVIVORSHIP.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"(?s)" + message) as told:
        load_survivorship(path)
    assert told.value.where["file"] == path


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("threshold: 1.0", "threshold: 9", r"all ties together weigh 3\.2, less than the threshold"),
        ("name: device, weight: 0.6", "name: device, weight: 6", r"ties\[device\]\.weight: .*less than or equal to 1"),
        ("name: device, weight: 0.6", "name: phone, weight: 0.6", r"ties declared twice: phone"),
        ("max_people: 10", "max_people: 1", r"max_people: .*greater than or equal to 2"),
    ],
)
def test_a_fault_of_the_household_rules_is_named_too(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    assert right in HOUSEHOLD
    path = tmp_path / "household.yml"
    path.write_text(HOUSEHOLD.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        load_household(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: No such file .*survivorship\.yml"):
        load_survivorship(tmp_path / "survivorship.yml")
