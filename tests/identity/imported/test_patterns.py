"""Patterns and SQL of other systems in our words."""

import re

import pytest

from identity.imported.draft import our_name
from identity.imported.guesses import guess
from identity.imported.patterns import any_of, fields_of, found_anywhere, without_names

VALUES = ("", "a", "ab", "xab", "abx", "xabx", "b", "a$", "aa", "x^ab$")


@pytest.mark.parametrize("pattern", ["ab", "^ab$", "^ab", "ab$", "^a|b$", ".*ab.*", ".*a|b.*", r"a\$", r"^a\$", "a*"])
def test_found_anywhere_is_the_whole_value_of_the_new_pattern(pattern: str) -> None:
    new = re.compile(found_anywhere(pattern))
    assert [bool(new.fullmatch(value)) for value in VALUES] == [bool(re.search(pattern, value)) for value in VALUES]


def test_one_of_several_patterns() -> None:
    assert any_of([]) is None
    assert any_of(["a|b"]) == "a|b"
    assert any_of(["a|b", "c"]) == "(?:a|b)|(?:c)"


def test_names_of_groups_go_and_look_behinds_stay() -> None:
    assert without_names(r"(?<year>\d)(?P<b>x)(?<=y)(?<!z)\(?<a>") == r"(\d)(x)(?<=y)(?<!z)\(?<a>"


@pytest.mark.parametrize(
    ("sql", "ours", "exact"),
    [
        ("email", "$.email", True),
        ('"Email"', "$.Email", True),
        ("lower(email)", "lower($.email)", True),
        ('trim("E Mail")', "trim($['E Mail'])", False),
        ("coalesce(a, 'a b''c')", "coalesce($.a, 'a b''c')", False),
        (
            "case when a1 > 1.5 and b is not null then c end",
            "case when $.a1 > 1.5 and $.b is not null then $.c end",
            False,
        ),
        ("cast(id as varchar)", "cast($.id as varchar)", False),
        ("t.id", "$.t.id", False),
        ("a||'-'||b", "$.a||'-'||$.b", False),
    ],
)
def test_columns_become_fields(sql: str, ours: str, exact: bool) -> None:
    assert fields_of(sql) == (ours, exact)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("userId", "user_id"),
        ("IDFA", "idfa"),
        ("sf-lead-id", "sf_lead_id"),
        ("${a}_b", "a_b"),
        ("1st", "id_1st"),
        ("_x", "x"),
    ],
)
def test_names_are_written_in_our_alphabet(name: str, ours: str) -> None:
    assert our_name(name) == ours


@pytest.mark.parametrize(
    ("name", "kind", "strength"),
    [
        ("recipient_phone", "trace", "weak"),
        ("phone_number", "contact", "strong"),
        ("email", "contact", "strong"),
        ("shipping_address", "trace", "weak"),
        ("order_no", "trace", "strong"),
        ("idfa", "trace", "weak"),
        ("td_client_id", "trace", "strong"),
        ("credit_card_token", "contact", "strong"),
        ("member_id", "account", "strong"),
        ("telegram", "account", "strong"),
        ("unionid", "account", "strong"),
    ],
)
def test_a_name_tells_kind_and_strength(name: str, kind: str, strength: str) -> None:
    assert (guess(name).kind, guess(name).strength) == (kind, strength)
