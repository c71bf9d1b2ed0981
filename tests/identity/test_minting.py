"""Minted ids: their alphabet, order, and that each bit comes from where it should."""

import hashlib
from datetime import UTC, datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from identity.minting import CROCKFORD, LENGTH, mint


def expected(at: datetime, founder: str, nonce: str) -> str:
    """The id by Python's own integers."""
    millis = max(0, round(at.timestamp() * 1000))
    digest = hashlib.sha256(f"{founder}\n{nonce}".encode()).hexdigest()
    number = (millis << 80) | int(digest[:20], 16)
    return "".join(CROCKFORD[(number >> 5 * place) & 31] for place in reversed(range(LENGTH)))


def test_ids_equal_those_of_plain_integers_and_sort_by_time(spark: SparkSession) -> None:
    times = [
        datetime(1969, 5, 1, tzinfo=UTC),
        datetime(2019, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 0, 0, 0, 1000, tzinfo=UTC),
        datetime(9999, 1, 1, tzinfo=UTC),
    ]
    rows = [(at, f"token-{i}", nonce) for at in times for i in range(40) for nonce in ("", "run-1")]
    frame = spark.createDataFrame(rows, "at timestamp, founder string, nonce string")
    minted = [
        row["id"] for row in frame.select(mint(F.col("at"), F.col("founder"), F.col("nonce")).alias("id")).collect()
    ]
    assert minted == [expected(*row) for row in rows]
    assert len(set(minted)) == len(minted)
    assert [one[:10] for one in minted] == sorted(one[:10] for one in minted)
