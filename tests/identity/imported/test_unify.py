"""A unify.yml in our words: what maps is mapped, what does not is told by line, and the result loads."""

from pathlib import Path

import pytest
import yaml

from identity.identifiers import IdentityRules, load_rules
from identity.imported import Imported, import_rules
from identity.rulesfile import RulesError
from lakehouse.sources.spec import Identifiers


def loaded(imported: Imported, folder: Path) -> IdentityRules:
    """The rules that our own loader reads from what an import wrote."""
    path = folder / "imported.yml"
    path.write_text(imported.files.rules, encoding="utf-8")
    return load_rules(path)


def told(imported: Imported) -> set[tuple[int, str, str]]:
    return {(note.line, note.kind, note.key) for note in imported.notes}


def test_keys_become_types_in_the_order_of_their_priority(unify: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(unify), tmp_path)
    assert [kind.name for kind in rules.identifiers] == ["customer_id", "email", "phone", "td_client_id", "idfa"]
    assert [kind.priority for kind in rules.identifiers] == [1, 2, 3, 4, 5]
    assert [kind.kind for kind in rules.identifiers] == ["account", "contact", "contact", "trace", "trace"]
    assert rules.type_of("email").invalid_texts == ("n/a", "test@tea.example")
    assert rules.type_of("email").valid_regexp == "[^@]+@[^@]+"


def test_keys_merge_where_the_chosen_id_or_one_below_it_says_so(unify: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(unify), tmp_path)
    assert [kind.name for kind in rules.identifiers if not kind.is_merging] == ["idfa"]
    other = loaded(import_rules(unify, "ad_id"), tmp_path)
    assert [kind.name for kind in other.identifiers if kind.is_merging] == ["idfa"]


def test_what_must_not_be_merged_is_unique_per_person(unify: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(unify), tmp_path)
    assert [kind.name for kind in rules.identifiers if kind.unique_per_person] == ["customer_id"]


def test_patterns_hold_for_the_whole_value_here(unify: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(unify), tmp_path)
    assert rules.type_of("td_client_id").valid_regexp == ".*(?:([0-9a-f]{8})-).*"
    assert rules.type_of("idfa").valid_regexp is None  # \p{…} cannot be checked offline
    assert rules.type_of("phone").valid_regexp is None  # it would refuse +86139…, which is what phones are here


def test_each_table_becomes_the_block_of_a_source(unify: Path) -> None:
    sources = import_rules(unify).files.sources
    blocks = {name: yaml.safe_load(text)["identifiers"] for name, text in sources.items()}
    when = "timestamp_seconds(cast($.time as bigint))"
    assert blocks == {
        "crm__members": [{"at": when, "ids": {"email": "$.email_std", "customer_id": "$.id", "phone": "$.mobile"}}],
        "web__web_pageviews": [{"at": when, "ids": {"td_client_id": "$.td_client_id", "email": "$['mail address']"}}],
    }
    assert all(Identifiers.model_validate(block) for members in blocks.values() for block in members)


def test_what_has_no_counterpart_is_told_by_line(unify: Path) -> None:
    notes = told(import_rules(unify))
    assert {note for note in notes if note[1] == "lost"} == {
        (8, "lost", "phone.valid_regexp"),
        (12, "lost", "idfa.valid_regexp"),
        (18, "lost", "tables[members].incremental_columns"),
        (29, "lost", "tables[pageviews].key_columns[2]"),
        (37, "lost", "canonical_ids[browser_id].merge_iterations"),
        (44, "lost", "canonical_ids[person_id].merge_iterations"),
        (45, "lost", "canonical_ids[ad_id]"),
        (49, "lost", "master_tables[master]"),
        (52, "lost", "master_tables[master].attributes[email]"),
        (55, "lost", "master_tables[master].attributes[all_mail]"),
        (58, "lost", "colour"),
    }
    assert (30, "changed", "tables[orders]") in notes
    assert (42, "changed", "canonical_ids[person_id].do_not_merge_key") in notes
    assert (6, "guessed", "customer_id") in notes


@pytest.mark.parametrize(
    ("wrong", "right", "fault"),
    [
        ("[2, 1, 3]", "[2, 1]", r"line 41: canonical_ids\[person_id\]\.key_priorities: 3 whole numbers"),
        ("[2, 1, 3]", "[2, 1, a]", r"line 41: .*3 whole numbers"),
        (
            "[email, customerId, phone]",
            "[email, customerId, fax]",
            r"line 40: fax: is in merge_by_keys and not in keys",
        ),
        ("  - name: idfa\n", "  - name: customer-id\n", r"line 12: customer_id: is the name of two keys.*line 6"),
        ("column: mobile, ", "", r"line 22: tables\[members\]\.key_columns\[2\]: column and key are needed"),
        ("  - name: browser_id\n    m", "  - m", r"line 35: canonical_ids\[0\]\.name: is missing"),
        ("canonical_ids:", "other_ids:", r"line 1: canonical_ids: is missing"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_its_line(
    unify: Path, wrong: str, right: str, fault: str
) -> None:
    text = unify.read_text(encoding="utf-8")
    assert wrong in text
    unify.write_text(text.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(RulesError, match=fault):
        import_rules(unify)


def test_an_id_that_is_not_there_is_named_with_those_that_are(unify: Path) -> None:
    with pytest.raises(RulesError, match="no id is called fax: browser_id, person_id, ad_id"):
        import_rules(unify, "fax")


def test_without_a_registration_the_best_contact_counts_as_one(tmp_path: Path) -> None:
    path = tmp_path / "unify.yml"
    path.write_text(
        "keys:\n  - name: td_client_id\n  - name: email\ntables: []\n"
        "persistent_ids:\n  - name: p\n    merge_by_keys: [td_client_id, email, time]\n",
        encoding="utf-8",
    )
    imported = import_rules(path)
    rules = loaded(imported, tmp_path)
    assert [(kind.name, kind.kind) for kind in rules.identifiers] == [("td_client_id", "trace"), ("email", "account")]
    assert (7, "lost", "persistent_ids[p].merge_by_keys") in told(imported)


def test_tags_and_variables_of_workflows_are_no_hindrance(unify: Path) -> None:
    text = unify.read_text(encoding="utf-8")
    unify.write_text(f"{text}extra:\n  !include : config/more.yml\n", encoding="utf-8")
    assert (59, "lost", "extra") in told(import_rules(unify))


def test_a_file_of_no_known_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "any.yml"
    path.write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"no format that is known, by its top keys .unify: keys"):
        import_rules(path)
    path.write_text("- a\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"line 1: .*a mapping of keys is expected"):
        import_rules(path)
