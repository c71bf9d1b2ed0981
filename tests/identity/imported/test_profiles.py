"""A Profiles project in our words, whichever of its files is named."""

from pathlib import Path

import pytest
import yaml

from identity.identifiers import IdentityRules, load_rules
from identity.imported import Imported, import_rules
from identity.rulesfile import RulesError
from lakehouse.errors import SettingsError
from lakehouse.sources.spec import Identifiers


def loaded(imported: Imported, folder: Path) -> IdentityRules:
    """The rules that our own loader reads from what an import wrote."""
    path = folder / "imported.yml"
    path.write_text(imported.files.rules, encoding="utf-8")
    return load_rules(path)


def told(imported: Imported) -> set[tuple[str, int, str, str]]:
    return {(note.file.stem, note.line, note.kind, note.key) for note in imported.notes}


@pytest.mark.parametrize("name", [".", "pb_project.yaml", "models/inputs.yaml", "models/profiles.yaml"])
def test_any_file_of_the_project_gives_the_same(project: Path, name: str) -> None:
    whole, one = import_rules(project), import_rules(project / name)
    assert one.files.sources == whole.files.sources
    assert one.files.rules.splitlines()[1:] == whole.files.rules.splitlines()[1:]
    assert told(one) == told(whole)


def test_id_types_become_types_registrations_first(project: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(project), tmp_path)
    assert [kind.name for kind in rules.identifiers] == ["user_id", "shopify_id", "email", "phone", "anonymous_id"]
    assert all(kind.is_merging for kind in rules.identifiers)


def test_filters_become_hygiene_those_of_the_extended_type_too(project: Path, tmp_path: Path) -> None:
    rules = loaded(import_rules(project), tmp_path)
    user, anonymous = rules.type_of("user_id"), rules.type_of("anonymous_id")
    assert (user.invalid_texts, user.invalid_regexp, user.valid_regexp) == (("123456",), "test_.*", None)
    assert (anonymous.invalid_texts, anonymous.invalid_regexp) == (("123456", "nan"), "test_.*")
    assert rules.type_of("email").valid_regexp == "[A-Za-z0-9+_.-]+@(.+)"
    assert rules.type_of("phone").valid_regexp == r"(?:\+[0-9]{5,})|(?:\+8613912345678)"


def test_edge_sources_become_blocks_of_sources(project: Path) -> None:
    blocks = {name: yaml.safe_load(text)["identifiers"] for name, text in import_rules(project).files.sources.items()}
    assert blocks == {
        "prod__identifies": [
            {
                "at": "cast($.timestamp as timestamp)",
                "ids": {"user_id": "$.user_id", "email": "lower($.email)", "anonymous_id": "$.anonymous_id"},
            }
        ],
        "shop__orders": [
            {
                "at": "cast($.occurred_at as timestamp)",
                "ids": {
                    "phone": "case when $.src = 'app' then $.phone else $['Tel No'] end",
                    "shopify_id": "$.customer",
                },
            }
        ],
    }
    assert all(Identifiers.model_validate(block) for members in blocks.values() for block in members)


def test_what_has_no_counterpart_is_told_by_file_and_line(project: Path) -> None:
    assert {note for note in told(import_rules(project)) if note[2] == "lost"} == {
        ("pb_project", 2, "lost", "schema_version"),
        ("pb_project", 3, "lost", "connection"),
        ("pb_project", 4, "lost", "include_untimed"),
        ("pb_project", 7, "lost", "packages[corelib]"),
        ("pb_project", 10, "lost", "entities[account]"),
        ("pb_project", 15, "lost", "shopify_id"),
        ("pb_project", 16, "lost", "entities[user].feature_views"),
        ("pb_project", 29, "lost", "id_types[anonymous_id].filters[2].sql"),
        ("pb_project", 31, "lost", "id_types[email].extends"),
        ("pb_project", 39, "lost", "domain"),
        ("inputs", 3, "lost", "inputs[rsIdentifies].contract"),
        ("inputs", 14, "lost", "inputs[rsIdentifies].app_defaults.ids[3]"),
        ("inputs", 15, "lost", "shop__orders.fax"),
        ("profiles", 5, "lost", "models[user_id_stitcher].model_spec.validity_time"),
        ("profiles", 7, "lost", "models[user_id_stitcher].model_spec.materialization"),
        ("profiles", 9, "lost", "models[user_id_stitcher].model_spec.incremental_timedelta"),
        ("profiles", 13, "lost", "models[user_id_stitcher].model_spec.edge_sources[2]"),
        ("profiles", 14, "lost", "models[churn]"),
        ("profiles", 18, "lost", "var_groups[user_vars]"),
    }


def test_what_is_said_in_other_words_or_guessed_is_told_too(project: Path) -> None:
    notes = told(import_rules(project))
    assert ("pb_project", 14, "changed", "entities[user].id_column_name") in notes
    assert ("pb_project", 19, "changed", "main_id") in notes
    assert ("pb_project", 38, "changed", "id_types[phone].filters[1]") in notes
    assert ("inputs", 19, "changed", "inputs[shopOrders].ids[0]") in notes
    assert ("inputs", 22, "changed", "inputs[crm]") in notes
    assert ("inputs", 15, "guessed", "inputs[shopOrders]") in notes


def test_without_a_stitcher_all_inputs_are_stitched_but_for_ids_kept_from_it(project: Path) -> None:
    path = project / "pb_project.yaml"
    path.write_text(path.read_text().replace("    id_stitcher: models/user_id_stitcher\n", "\n"), encoding="utf-8")
    imported = import_rules(project)
    assert set(imported.files.sources) == {"prod__identifies", "shop__orders", "crm__contacts"}
    assert "anonymous_id" not in imported.files.sources["prod__identifies"]
    assert ("profiles", 2, "lost", "models[user_id_stitcher]") in told(imported)
    assert ("inputs", 13, "changed", "inputs[rsIdentifies].app_defaults.ids[2]") in told(imported)


def test_another_entity_is_imported_by_its_name(project: Path, tmp_path: Path) -> None:
    imported = import_rules(project, "account")
    assert [kind.name for kind in loaded(imported, tmp_path).identifiers] == ["domain"]
    assert set(imported.files.sources) == {"prod__identifies"}
    assert yaml.safe_load(imported.files.sources["prod__identifies"])["identifiers"][0]["ids"] == {
        "domain": "split_part($.email, '@', 2)"
    }
    with pytest.raises(RulesError, match="no entity is called shop: account, user"):
        import_rules(project, "shop")


def test_inputs_alone_tell_types_too(project: Path, tmp_path: Path) -> None:
    (project / "pb_project.yaml").unlink()
    (project / "models" / "profiles.yaml").unlink()
    imported = import_rules(project / "models" / "inputs.yaml")
    names = {kind.name for kind in loaded(imported, tmp_path).identifiers}
    assert names == {"user_id", "email", "anonymous_id", "phone", "shopify_id", "fax"}


def test_what_cannot_be_told_is_refused(project: Path, tmp_path: Path) -> None:
    inputs = project / "models" / "inputs.yaml"
    inputs.write_text(inputs.read_text().replace("select: customer, ", ""), encoding="utf-8")
    with pytest.raises(RulesError, match=r"line 20: inputs\[shopOrders\]\.ids\[1\]: select and type are needed"):
        import_rules(project)
    (project / "pb_project.yaml").unlink()
    with pytest.raises(SettingsError, match=r"the folder has none of unify\.yml"):
        import_rules(project)
