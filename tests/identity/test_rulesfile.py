"""Rules as a file: every fault is named at once, with its line, its key and the rule that it breaks."""

from pathlib import Path

import pytest

from identity.identifiers import load_rules
from identity.rulesfile import Fault, RulesError, read_document

HEAD = """\
# a comment takes a line too
engine: auto
identifiers:
  - {name: member_no, kind: account, strength: strong, is_merging: true, priority: 1, max_degree: 9}
  - name: phone
    kind: contact
    strength: strong
    is_merging: true
    priority: 2
    max_degree: 4
"""


def faults_of(folder: Path, text: str) -> list[str]:
    """Each fault of a file with this text, as it is printed; none: the file loads."""
    path = folder / "identity.yml"
    path.write_text(text, encoding="utf-8")
    try:
        load_rules(path)
    except RulesError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_a_good_file_has_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path, HEAD) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("    max_degre: 4", "line 11: identifiers[phone].max_degre: no such key; did you mean max_degree?"),
        ("    zzz: 4", "line 11: identifiers[phone].zzz: no such key; there are name, kind, strength,"),
        ("    priority: 3", "line 11: identifiers[1].priority: stands here again, first on line 9"),
        (
            "    edge_ttl_days: 0",
            "line 11: identifiers[phone].edge_ttl_days: Input should be greater than or equal to 1",
        ),
        ("    degree_window_days: 0", "line 11: identifiers[phone].degree_window_days: Input should be greater than"),
        ("    witnesses: true", "line 11: identifiers[phone].witnesses: Input should be a valid integer (found True)"),
        ("    witnesses: '2'", "line 11: identifiers[phone].witnesses: Input should be a valid integer (found '2')"),
        ("    unique_per_person: 1", "line 11: identifiers[phone].unique_per_person: Input should be a valid boolean"),
        ("    weight: 0", "line 11: identifiers[phone].weight: Input should be greater than 0 (found 0)"),
        ("    invalid_texts: abc", "line 11: identifiers[phone].invalid_texts: Input should be a valid tuple"),
        ("    invalid_texts: [a, 1]", "line 11: identifiers[phone].invalid_texts[1]: Input should be a valid string"),
        ("    valid_regexp: '['", "line 11: identifiers[phone].valid_regexp: not a regular expression: unterminated"),
        (
            "    invalid_regexp: '(?P<a>b)'",
            "line 11: identifiers[phone].invalid_regexp: not a regular expression for Java",
        ),
        ("    max_same_type: 5", "line 11: identifiers[phone].max_same_type: is above max_degree and never reached"),
        ("    max_neighbours: 3", "line 10: identifiers[phone].max_degree: is above max_neighbours"),
        ("    main_share: 0.5", "line 11: identifiers[phone].main_share: the first record of an account always has"),
        ("  - just a text", "line 11: identifiers[2]: a mapping of keys is expected (found 'just a text')"),
        ("placeholder_share: 1.5", "line 11: placeholder_share: Input should be less than or equal to 1 (found 1.5)"),
        ("placeholder_min_records: 1", "line 11: placeholder_min_records: Input should be greater than or equal to 2"),
        ("alarms: {max_cluster_tokens: 1}", "line 11: alarms.max_cluster_tokens: Input should be greater than or"),
        ("alarms: {density: 1}", "line 11: alarms.density: no such key; did you mean min_density?"),
        ("invalid_regexp: '*'", "line 11: invalid_regexp: not a regular expression: nothing to repeat"),
        ("keys: []", "line 11: keys: no such key"),
    ],
)
def test_a_fault_names_line_key_and_rule(tmp_path: Path, line: str, fault: str) -> None:
    (found,) = faults_of(tmp_path, HEAD + line + "\n")
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("strength: weak, is_merging: true, is_verified: true", "is_verified: a weak type proves nobody"),
        ("strength: strong, is_merging: true, is_verified: true", "is_verified: a trace proves nobody"),
        ("strength: weak, is_merging: false, witnesses: 2", "witnesses: nothing to witness"),
        ("strength: weak, is_merging: false, witnesses: 2, main_share: 0.5", "main_share: no edge to choose"),
        ("strength: weak, is_merging: false, max_gap_days: 9", "max_gap_days: nothing to keep apart"),
        ("strength: weak, is_merging: true, max_gap_days: 9, witnesses: 2", "max_gap_days: a device is lent or it is"),
        ("strength: weak, is_merging: true, same_type_told: true", "same_type_told: weak evidence never joins"),
        ("strength: strong, is_merging: true, same_type_told: true, max_same_type: 1", "same_type_told: two accounts"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, entry: str, rule: str) -> None:
    text = f"{HEAD}  - {{name: device, kind: trace, priority: 3, max_degree: 4, {entry}}}\n"
    assert any(fault.startswith(f"line 11: identifiers[device].{rule}") for fault in faults_of(tmp_path, text))


def test_what_is_unusual_but_has_a_meaning_is_allowed(tmp_path: Path) -> None:
    entry = "kind: trace, strength: strong, is_merging: false, priority: 3, max_degree: 4, unique_per_person: true"
    redundant = "{name: code, valid_regexp: '[0-9]+', invalid_texts: [unknown, ''], " + entry.removeprefix("") + "}"
    assert faults_of(tmp_path, f"{HEAD}  - {redundant}\n") == []


def test_all_faults_are_told_at_once_by_line_those_of_one_type_and_those_between_its_keys_too(tmp_path: Path) -> None:
    text = HEAD.replace("engine: auto", "engine: magic").replace("priority: 2", "priority: 0")
    text += "    max_same_type: 5\n  - {name: phone, kind: account, strength: strong, is_merging: true, priority: 3}\n"
    assert [fault.split(": ")[:2] for fault in faults_of(tmp_path, text)] == [
        ["line 2", "engine"],
        ["line 9", "identifiers[phone].priority"],
        ["line 11", "identifiers[phone].max_same_type"],
        ["line 12", "identifiers[phone].max_degree"],
        ["line 12", "identifiers[phone].name"],
    ]


def test_the_error_is_one_line_for_one_fault_and_one_line_each_for_several(tmp_path: Path) -> None:
    path = tmp_path / "identity.yml"
    path.write_text(f"{HEAD}    a: 1\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"^[^\n]* line 11: identifiers\[phone\]\.a: [^\n]*row=11[^\n]*$"):
        load_rules(path)
    path.write_text(f"{HEAD}    a: 1\nb: 2\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"wrong:\n  line 11: .*\n  line 12: b: .*\n") as caught:
        load_rules(path)
    assert caught.value.where == {"file": path, "row": 11, "key": "identifiers[phone].a"}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "line 1: (top level): a mapping of keys is expected (found None)"),
        (b"a: 1\nb: [", "line 2: (top level): not YAML: expected the node content"),
        (b"a: 1\n\tb: 2", "line 2: (top level): not YAML: found character '\\t'"),
        (b"a: 1\nb: \x01", "line 2: (top level): not YAML: special characters are not allowed"),
        (b"a: 1\nb: \xff", "line 2: (top level): not UTF-8: invalid start byte"),
        (b"a: 1\n---\nb: 2", "line 2: (top level): not YAML: but found another document"),
        (b"a: 1\nb: !!python/object:os.system {}", "line 2: (top level): not YAML: could not determine a constructor"),
    ],
)
def test_what_is_no_text_or_no_yaml_is_named_with_its_line(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "identity.yml"
    path.write_bytes(content)
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    assert [str(found)[: len(fault)] for found in caught.value.faults] == [fault]


def test_lines_are_found_through_anchors_and_merged_mappings(tmp_path: Path) -> None:
    path = tmp_path / "any.yml"
    path.write_text(
        "base: &b {x: 1,\n  y: 2}\nlist:\n  - <<: *b\n    x: 3\n  - name: n\n    deep: [1,\n      2]\n",
        encoding="utf-8",
    )
    document = read_document(path)
    assert document.repeated == ()
    assert document.line(("list", 0, "x")) == 5
    assert document.line(("list", 0, "y")) == 2
    assert document.fault(("list", 1, "deep", 1), "r") == Fault(8, "list[n].deep[1]", "r")
    assert document.fault(("list", 1, "none"), "r") == Fault(6, "list[n].none", "r")
    assert document.fault((), "r") == Fault(1, "(top level)", "r")


def test_a_loop_in_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "loop.yml"
    path.write_text("a: &x\n  b: *x\n  b: 1\n", encoding="utf-8")
    assert [str(fault) for fault in read_document(path).repeated] == ["line 3: a.b: stands here again, first on line 2"]
