"""The two commands: faults one a line with the line, a table where there is none; an import that never writes over a file."""

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from identity.identifiers import load_rules
from jobs.cli import cli
from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT

UNIFY = """\
keys:
  - name: email
  - name: member_id
    invalid_texts: ['0']
tables:
  - database: crm
    table: members
    key_columns:
      - {column: mail, key: email}
      - {column: id, key: member_id}
canonical_ids:
  - name: person
    merge_by_keys: [member_id, email]
    merge_iterations: 3
"""


def kith(*words: object) -> Result:
    return CliRunner().invoke(cli, ["identity", *map(str, words)])


@pytest.fixture
def unify(tmp_path: Path) -> Path:
    """A small unify.yml."""
    path = tmp_path / "unify.yml"
    path.write_text(UNIFY, encoding="utf-8")
    return path


def test_the_shipped_rules_and_sources_pass() -> None:
    done = kith("check")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].split()[:4] == ["type", "kind", "strength", "merges"]
    assert lines[1].split()[:4] == ["member_no", "account", "strong", "yes"]
    types = load_rules(ROOT / "conf" / "identity.yml").identifiers
    assert len([line for line in lines if not line.startswith("note: ")]) == 1 + len(types)


def test_each_fault_is_a_line_that_starts_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "identity.yml"
    path.write_text("engine: magic\nidentifiers:\n  - {name: a, kind: account}\n", encoding="utf-8")
    done = kith("check", path)
    assert done.exit_code == 1
    assert [line.split(": ")[:2] for line in done.output.splitlines()] == [
        [f"{path}:1", "engine"],
        [f"{path}:3", "identifiers[a].is_merging"],
        [f"{path}:3", "identifiers[a].max_degree"],
        [f"{path}:3", "identifiers[a].priority"],
        [f"{path}:3", "identifiers[a].strength"],
    ]


def test_another_systems_file_is_recognised(unify: Path) -> None:
    done = kith("check", unify)
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].endswith(f"(unify): kith identity import {unify}")


def test_a_file_that_is_no_yaml_at_all_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "identity.yml"
    path.write_text("a: [", encoding="utf-8")
    assert kith("check", path).output.startswith(f"{path}:1: (top level): not YAML")


def test_sources_that_show_what_the_rules_do_not_know_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "crm__member.yml").write_text(
        "description: d\nformat: csv\nidentifiers:\n  - {at: $.t, ids: {member_no: $.a, fax: $.b}}\n", encoding="utf-8"
    )
    monkeypatch.setenv("KITH_SOURCES", str(folder))
    done = kith("check")
    assert done.exit_code == 1
    assert "crm__member.yml: identifiers[0].ids.fax: no such identifier type in the rules" in done.output
    assert "note: no source shows the identifier type phone" in done.output


def test_a_voucher_that_is_no_source_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    path = tmp_path / "conf" / "identity.yml"
    text = path.read_text(encoding="utf-8")
    assert "vouched_by: [crm__member," in text
    path.write_text(text.replace("vouched_by: [crm__member,", "vouched_by: [crm__members,"), encoding="utf-8")
    monkeypatch.setenv("KITH_CONF", str(tmp_path / "conf"))
    done = kith("check")
    assert done.exit_code == 1
    assert "identifiers[name_phone].vouched_by: there is no source crm__members" in done.output


def test_an_import_goes_to_standard_output_and_loads(unify: Path, tmp_path: Path) -> None:
    done = kith("import", unify)
    assert done.exit_code == 0, done.output
    path = tmp_path / "out.yml"
    path.write_text(done.stdout, encoding="utf-8")
    assert [kind.name for kind in load_rules(path).identifiers] == ["member_id", "email"]
    assert "# conf/sources/crm__members.yml" in done.stdout
    assert f"{unify}:14: lost: canonical_ids[person].merge_iterations: has no counterpart" in done.stderr
    assert done.stderr.splitlines()[-1] == "Treasure Data unify.yml: 1 sources; 1 lost, 1 changed, 3 guessed"


def test_an_import_writes_rules_and_blocks_of_sources(unify: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "conf" / "identity.yml", tmp_path / "blocks"
    done = kith("import", unify, "--out", out, "--sources", folder)
    assert done.exit_code == 0, done.output
    assert load_rules(out).type_of("member_id").invalid_texts == ("0",)
    block = yaml.safe_load((folder / "crm__members.yml").read_text(encoding="utf-8"))
    assert block["identifiers"][0]["ids"] == {"email": "$.mail", "member_id": "$.id"}
    assert kith("check", out).exit_code == 0


def test_an_import_writes_over_nothing(unify: Path, tmp_path: Path) -> None:
    folder = tmp_path / "blocks"
    out = tmp_path / "identity.yml"
    out.write_text("mine", encoding="utf-8")
    done = kith("import", unify, "--out", out, "--sources", folder)
    assert isinstance(done.exception, SettingsError)
    assert "is not written over" in str(done.exception)
    assert out.read_text(encoding="utf-8") == "mine"
    assert not folder.exists()


def test_an_entity_that_is_not_there_is_an_error(unify: Path) -> None:
    done = kith("import", unify, "--entity", "shop")
    assert "no id is called shop: person" in str(done.exception)


def test_a_pattern_that_refuses_what_cleaning_gives_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    path = tmp_path / "conf" / "identity.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(r"\\+[1-9][0-9]{6,14}", "[0-9]{11}"), encoding="utf-8")
    monkeypatch.setenv("KITH_CONF", str(tmp_path / "conf"))
    done = kith("check")
    assert "note: phone.valid_regexp refuses values as cleaning leaves them, like +8613912345678" in done.output
    assert done.exit_code == 0
