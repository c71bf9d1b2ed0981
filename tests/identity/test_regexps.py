"""Patterns of configuration: what Python compiles and Java reads otherwise is refused, with what to write instead."""

import pytest

from identity.regexps import regexp_fault


@pytest.mark.parametrize(
    "pattern",
    [
        r"\+[1-9][0-9]{6,14}",
        r"[^@\s]+@[^@\s]+\.[^@\s]+",
        r"(?!(?:test|a\[b)$)(?i:[A-F]{2,}|x{0,3})",
        r"[]a\[]+",
        r"\(\?P<a>",
        r"[(?P]",
        r"\{,3\}",
        "",
    ],
)
def test_what_both_read_alike_passes(pattern: str) -> None:
    assert regexp_fault(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?P<year>[0-9]+)", "named groups"),
        ("(a)?(?(1)b|c)", "conditional"),
        ("a(?#note)b", "comment"),
        ("(?a)[a-z]", "flags a and L"),
        ("a{,3}", "{0,n}"),
        ("[[a]+", r"write \["),
        ("[a-z&&b]", r"write \[ and \&"),
        (r"abc\Z", r"\Z means something else"),
        (r"\p{L}+", "bad escape"),
        ("(", "missing )"),
    ],
)
def test_what_one_of_them_does_not_read_is_told(pattern: str, reason: str) -> None:
    found = regexp_fault(pattern)
    assert found
    assert reason in found
