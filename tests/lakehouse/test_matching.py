"""A pattern of a rule finds what matches as a whole, a line break at the end included, as Python's own matching does."""

import re

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.assertions import Matches, predicate

PATTERNS = ["ORD-[0-9]{3}", r"\+861\d{4}", "it's[0-9]{2}", "[a-z0-9.]+@[a-z0-9.]+\\.com", "a|b[0-9]", "[^a]b", ""]
TEXTS = [
    *[
        "ORD-123",
        "ORD-12",
        "ORD-1234",
        "ORD-123\n",
        "ORD-12\n",
        "xORD-123",
        "ORD-\uff11",
        "+8611234",
        "8611234",
        "its07",
        "it's07",
    ],
    *["a.1@b.com", "a@b.com\n", "A@b.com", "a@.com", "a", "b", "b1", "ab", "xb1", "a\n", "\nb", "", "\n"],
]


def test_a_pattern_finds_what_matches_as_a_whole(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text,) for text in TEXTS], "t string")
    found = frame.select(
        "t", *[F.expr(predicate(Matches("t", p))).alias(str(n)) for n, p in enumerate(PATTERNS)]
    ).collect()
    told = {(row["t"], pattern) for row in found for n, pattern in enumerate(PATTERNS) if row[str(n)]}
    assert told == {(text, p) for text in TEXTS for p in PATTERNS if re.compile(p, re.ASCII).fullmatch(text)}
