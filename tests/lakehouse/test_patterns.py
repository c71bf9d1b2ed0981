"""What is cheaper finds the same: patterns as Spark SQL beside Python's own matching of the whole text."""

import re

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.patterns import matching, spelled

CODES = ["ORD-[0-9]{3}", r"\+861\d{4}", "[0-9]", r"a\.b[0-9]{2}", "it's[0-9]{2}", "[0-9]{17}"]
OTHERS = [
    "[a-z0-9.]+@[a-z0-9.]+\\.com",
    "[A-Z]{3}[0-9]{18}",
    "a|b[0-9]",
    "[^a]b",
    "[a-]x",
    "[+*/()-]+",
    "[0-9]{18}",
    "",
]
TEXTS = [
    *[
        "ORD-123",
        "ORD-12",
        "ORD-1234",
        "ORD-1.3",
        "ORD- 12",
        "ORD-12 ",
        "ORD--12",
        "ORD-+12",
        "ORD-1e2",
        "ORD-12\n",
        "ord-123",
    ],
    *[
        "ORD-12\t",
        "ORD-1\u0661",
        "ORD-\uff11",
        "ORD-0x1",
        "ORD-12:",
        "ORD-/12",
        "ORD-1_2",
        "ORD-12d",
        "ORD-12L",
        "ORD-\u00e91",
    ],
    *[
        "+8611234",
        "8611234",
        "+861123",
        "+861 123",
        "1",
        "",
        " ",
        "x",
        "a.b12",
        "axb12",
        "it's07",
        "its07",
        "\n",
        "5\n",
    ],
    *["12345678901234567", "1234567890123456.", "123456789012345678", "99999999999999999", "-1234567890123456"],
    *[
        "a.1@b.com",
        "a@b.com\n",
        "A@b.com",
        "a@.com",
        "ABC" + "0" * 18,
        "ABC" + "0" * 17,
        "a",
        "b1",
        "ab",
        "bb",
        "ax",
        "-x",
        "(+)",
    ],
]


@pytest.mark.parametrize("ansi", ["true", "false"])
def test_a_pattern_finds_what_matches_as_a_whole(spark: SparkSession, ansi: str) -> None:
    patterns = [*CODES, *OTHERS]
    session = spark.newSession()
    session.conf.set("spark.sql.ansi.enabled", ansi)
    frame = session.createDataFrame([(text,) for text in TEXTS], "t string")
    found = frame.select("t", *[F.expr(matching("t", p)).alias(str(n)) for n, p in enumerate(patterns)]).collect()
    told = {(row["t"], pattern) for row in found for n, pattern in enumerate(patterns) if row[str(n)]}
    assert told == {(text, p) for text in TEXTS for p in patterns if re.compile(p, re.ASCII).fullmatch(text)}
    (null,) = (
        session.sql("SELECT CAST(NULL AS string) AS t").select(*[F.expr(matching("t", p)) for p in patterns]).collect()
    )
    assert set(null) == {None}


def test_codes_need_no_matcher_and_classes_are_spelled_out() -> None:
    assert [p for p in [*CODES, *OTHERS] if "RLIKE" not in matching("c", p)] == CODES
    assert spelled("[a-cx]+[.-]") == "[abcx]+[.\\-]"
    for kept in (r"\[a-z]", "[^a-z]", "(?i)[a-z]", "[a-z&&[^b]]", "[é-ü]", r"[\w.]", "[^\\]a-z]"):
        assert spelled(kept) == kept
