"""Patterns of configuration: what Python compiles and Java reads otherwise is refused, with what to write instead."""

import re

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from identity.regexps import regexp_fault

READABLE = (
    r"\+[1-9][0-9]{6,14}",
    r"[^@\s]+@[^@\s]+\.[^@\s]+",
    r"(?!(?:test|a\[b)$)(?i:[A-F]{2,}|x{0,3})",
    r"[]a\[]+",
    r"\(\?P<a>",
    r"[(?P]",
    r"\{,3\}",
    "",
)


@pytest.mark.parametrize("pattern", READABLE)
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


@pytest.mark.parametrize("pattern", READABLE)
def test_java_finds_what_python_finds(spark: SparkSession, pattern: str) -> None:
    texts = ["", "+8613912345678", "a@b.cn", "AFxx", "test", "a[b", "]a[", "(?P<a>", "P", "{,3}", "\\"]
    found = spark.createDataFrame([(text,) for text in texts], "text string").select(F.col("text").rlike(pattern))
    assert [row[0] for row in found.collect()] == [bool(re.search(pattern, text)) for text in texts]


@pytest.mark.parametrize("pattern", ["(?P<a>x)", "(a)?(?(1)b|c)", "a(?#note)b", "(?a)[a-z]", "(?L)a", "a{,3}", "[[a]+"])
def test_java_refuses_what_is_python_only(spark: SparkSession, pattern: str) -> None:
    assert regexp_fault(pattern)
    with pytest.raises(Exception, match=r"PATTERN|PatternSyntax|Unknown inline|Illegal repetition"):
        spark.range(1).select(F.lit("a").rlike(pattern)).collect()


def test_java_reads_sets_of_sets(spark: SparkSession) -> None:
    """The one form that is no error there, and means something else."""
    row = spark.range(1).select(
        F.lit("&").rlike("[a-z&&b]"), F.lit("b").rlike("[a-z&&b]"), F.lit("a").rlike("[a-z&&b]")
    )
    assert tuple(row.collect()[0]) == (False, True, False)
