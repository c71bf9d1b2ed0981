"""``kith source``: files drafted, samples profiled, source files checked with every fault and every breaking change."""

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs import source_command
from jobs.profiling import profiled
from jobs.source_checking import against_data, against_former
from jobs.source_drafting import name_of, write_source
from lakehouse.errors import SourceError
from lakehouse.settings import ROOT, Settings
from lakehouse.sources.faults import faults_of
from lakehouse.sources.spec import load_source
from tests.small_lake import settings_for

HEADER = "会员卡号,姓名,手机号,邮箱,注册时间,更新时间"
MEMBERS = f"{HEADER}\n" + "".join(
    f"M{n:04},王伟,1381234{n:04},u{n}@qq.com,2024/1/{n % 20 + 1} 10:00:00,2025-01-01 10:00:{n % 60:02}\n"
    for n in range(80)
)
ID_TYPES = frozenset({"member_no", "phone", "email"})
SOURCE = """
description: Members.
format: csv
required: [card]
maps:
  silver.customer_record:
    sequence: $.at
    columns:
      record_id: $.card
      phone_token: {token: phone, from: $.tel}
      joined_at: $.at
identifiers:
  - at: $.at
    ids: {member_no: $.card, phone: $.tel}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    conf = tmp_path / "conf"
    (conf / "sources").mkdir(parents=True)
    (conf / "identity.yml").symlink_to(ROOT / "conf" / "identity.yml")
    made = settings_for(tmp_path, conf)
    monkeypatch.setattr(source_command, "load_settings", lambda _env: made)
    return made


def kith(*words: str) -> Result:
    result = CliRunner().invoke(source_command.source, words)
    if result.exception and not isinstance(result.exception, SystemExit | SourceError):
        raise result.exception
    return result


def members(folder: Path, text: str = MEMBERS) -> Path:
    path = folder / "members.csv"
    path.write_bytes(text.encode("gb18030"))
    return path


def test_a_new_source_is_written_loads_and_is_not_written_over(settings: Settings, tmp_path: Path) -> None:
    said = kith("new", str(members(tmp_path)), "--name", "cinema__member")
    assert said.exit_code == 0
    assert "maps to silver.customer_record" in said.output
    assert "candidate keys: 会员卡号" in said.output
    path = settings.sources_path / "cinema__member.yml"
    before = path.read_text(encoding="utf-8")
    assert load_source(path).options == {"encoding": "GB18030"}
    again = kith("new", str(members(tmp_path)), "--name", "cinema__member")
    assert "is there already" in str(again.exception)
    assert path.read_text(encoding="utf-8") == before
    assert kith("new", str(members(tmp_path)), "--name", "cinema__member", "--force").exit_code == 0
    with pytest.raises(SourceError, match="give --name"):
        write_source(settings, members(tmp_path), name="会员", out=None, force=False)


def test_names_are_made_of_folder_and_file() -> None:
    assert name_of(Path("/x/Partner Shop/Orders-2025-01-03.csv")) == "partner_shop__orders"
    assert name_of(Path("/x/cinema__member.csv")) == "cinema__member"


def test_every_fault_is_told_with_its_line(settings: Settings) -> None:
    path = settings.sources_path / "a__b.yml"
    text = SOURCE.replace("format: csv", "format: cvs\ncolour: red").replace(
        "{token: phone, from: $.tel}", "{tokn: phone}"
    )
    path.write_text(text, encoding="utf-8")
    told = [(fault.line, fault.key) for fault in faults_of(path, ID_TYPES)]
    assert (3, "format") in told
    assert any(line == 11 for line, _ in told)
    assert len({line for line, _ in told}) >= 3
    path.write_text(
        SOURCE.replace("record_id", "record").replace("member_no", "memberno").replace("token: phone", "token: phon"),
        encoding="utf-8",
    )
    lines = [str(fault).removeprefix(f"{path}:") for fault in faults_of(path, ID_TYPES)]
    assert lines == [
        "9: maps.silver.customer_record.columns.record: silver.customer_record has no such column",
        "10: maps.silver.customer_record.columns.phone_token: no such identifier type in conf/identity.yml: phon",
        "8: maps.silver.customer_record.columns: silver.customer_record needs the column record_id",
        "14: identifiers.0.ids.memberno: no such identifier type in conf/identity.yml",
    ]
    path.write_text("a: [", encoding="utf-8")
    assert "not YAML" in faults_of(path, ID_TYPES)[0].rule
    assert kith("check").exit_code == 1


def test_the_sources_of_the_project_have_no_fault() -> None:
    types = frozenset(
        line.split("name: ")[1].split(",")[0].strip()
        for line in (ROOT / "conf" / "identity.yml").read_text(encoding="utf-8").splitlines()
        if "- {name: " in line or "- name: " in line
    )
    assert [f for path in sorted((ROOT / "conf" / "sources").glob("*.yml")) for f in faults_of(path, types)] == []


@pytest.mark.parametrize(
    ("before", "after", "is_breaking"),
    [
        ("format: csv", "format: jsonl", True),
        ("required: [card]", "required: [card, tel]", True),
        ("required: [card]", "required: []", False),
        ("      joined_at: $.at\n", "", True),
        ("      joined_at: $.at\n", "      joined_at: $.at\n      updated_at: $.at\n", False),
        ("joined_at: $.at", "joined_at: $.since", True),
        ("format: csv", "format: csv\nversion: 2", False),
        ("record_id: $.card", "record_id: $.number", True),
        ("phone: $.tel}", "email: $.mail}", True),
        ("sequence: $.at", "sequence: $.changed", True),
        ("description: Members.", "description: All members.", False),
    ],
)
def test_which_changes_break(settings: Settings, tmp_path: Path, before: str, after: str, is_breaking: bool) -> None:
    former, path = tmp_path / "a__b.yml", settings.sources_path / "a__b.yml"
    former.write_text(SOURCE, encoding="utf-8")
    assert before in SOURCE
    path.write_text(SOURCE.replace(before, after, 1), encoding="utf-8")
    found = against_former(settings, "a__b", former)
    assert found is not None
    assert any(change.is_breaking for change in found) is is_breaking
    assert kith("check", "--against", str(former)).exit_code == int(is_breaking)
    assert kith("check", "--against", str(former), "--allow-breaking").exit_code == 0


def test_a_raised_version_makes_a_changed_column_a_fine_change(settings: Settings, tmp_path: Path) -> None:
    former, path = tmp_path / "a__b.yml", settings.sources_path / "a__b.yml"
    former.write_text(SOURCE, encoding="utf-8")
    text = SOURCE.replace("joined_at: $.at", "joined_at: $.since").replace("format: csv", "format: csv\nversion: 2")
    path.write_text(text, encoding="utf-8")
    found = against_former(settings, "a__b", former) or []
    assert [(c.key, c.is_breaking) for c in found] == [("maps.silver.customer_record.columns.joined_at", False)]


def test_what_was_committed_last_is_the_measure(settings: Settings) -> None:
    folder, path = settings.sources_path, settings.sources_path / "a__b.yml"
    path.write_text(SOURCE, encoding="utf-8")
    assert against_former(settings, "a__b", None) is None
    quiet = {
        **os.environ,
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@t",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@t",
    }
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env=quiet)
    assert kith("check").exit_code == 0
    path.write_text(SOURCE.replace("required: [card]", "required: [card, tel]"), encoding="utf-8")
    said = kith("check")
    assert (said.exit_code, "breaking: a__b.yml: required: tel must be there" in said.output) == (1, True)
    path.unlink()
    gone = kith("check")
    assert (gone.exit_code, "the source is gone" in gone.output) == (1, True)


def test_data_is_held_against_the_contract(settings: Settings, tmp_path: Path) -> None:
    source_file = settings.sources_path / "a__b.yml"
    source_file.write_text(SOURCE, encoding="utf-8")
    source = load_source(source_file)
    good = tmp_path / "good.csv"
    good.write_text(
        "card,tel,at\n" + "".join(f"M{n},1381234{n:04},2025-01-01 10:00:00\n" for n in range(30)), encoding="utf-8"
    )
    assert list(against_data(source, good)) == []
    assert kith("check", "a__b", str(good)).exit_code == 0
    bad = tmp_path / "bad.csv"
    bad.write_text("nr;tel;at\n" + "".join(f"M{n};1;soon\n" for n in range(30)), encoding="utf-8")
    told = {(f.key, f.is_fatal) for f in against_data(source, bad)}
    assert told >= {
        ("options.sep", True),
        ("required", True),
        ("maps.silver.customer_record.columns.record_id", True),
        ("maps.silver.customer_record.columns.joined_at", False),
    }
    assert kith("check", "a__b", str(bad)).exit_code == 1
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"no": 1}\n', encoding="utf-8")
    assert [f.key for f in against_data(source, lines)] == ["format"]


def test_a_sample_is_profiled_with_gaps_doubles_and_placeholders(settings: Settings, tmp_path: Path) -> None:
    rows = MEMBERS.splitlines()
    text = (
        "\n".join([*rows, rows[1], *(r.replace(r.split(",")[2], "13800138000") for r in rows[2:12]), "M1,too,many"])
        + "\n"
    )
    (report,) = profiled(settings, [members(tmp_path, text)])
    found = {(m.column, m.name): (round(m.value, 3), m.verdict) for m in report.measures}
    assert found[None, "records"] == (91, "good")
    assert found[None, "duplicate_rate"] == (0.011, "bad")
    assert found[None, "malformed_rate"] == (0.011, "bad")
    assert found["手机号", "placeholder_rate"] == (0.11, "bad")
    assert found["手机号", "valid_rate"] == (1.0, "good")
    assert found["更新时间", "time_gap_rate"] == (0.0, "good")
    page = tmp_path / "page.html"
    said = kith("profile", str(tmp_path / "members.csv"), "--out", str(page))
    assert "91 records" in said.output
    html = page.read_text(encoding="utf-8")
    assert "<svg" in html or 'class="bars"' in html
    assert "13812340001" not in html


def test_days_without_records_are_gaps_and_two_samples_are_joined(settings: Settings, tmp_path: Path) -> None:
    orders, people = tmp_path / "orders.csv", tmp_path / "people.csv"
    days = [1, 2, 3, 7, 8, 10]
    orders.write_text(
        "order_id,member_no,ordered_at\n" + "".join(f"o{n},M{n},2025-01-{n:02} 10:00:00\n" for n in days), "utf-8"
    )
    people.write_text("member_no,name\nM1,Ann\nM2,Bob\nM3,Cy\nX,Dee\n", encoding="utf-8")
    first, second = profiled(settings, [orders, people])
    found = {(m.column, m.name): m.value for m in first.measures}
    assert found["ordered_at", "time_gap_rate"] == pytest.approx(0.4)
    assert found["member_no", "joinability"] == pytest.approx(0.5)
    assert {m.value for m in second.measures if m.name == "joinability"} == {0.75}


def test_signs_of_a_wrong_encoding_are_found(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    garbled = "Müller".encode().decode("cp1252")
    path.write_bytes(b"id,name\n" + f"1,{garbled}\n2,ok\n".encode() + b"3,\xff\n" + b"4,fine\n" * 200)
    (report,) = profiled(settings, [path])
    found = {(m.column, m.name): m.value for m in report.measures}
    assert found[None, "encoding_errors"] == 1
    assert found["name", "garbled"] == 2
