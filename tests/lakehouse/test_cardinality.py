"""Distinct values by registers: near the truth from none to many, nulls and rows left out, several columns at once."""

import numpy as np
import pytest
from pyspark.sql import SparkSession

from lakehouse.cardinality import BITS, REST, distinct_counts, estimated, rank


def test_columns_are_counted_together_without_nulls_and_what_is_left_out(spark: SparkSession) -> None:
    frame = spark.range(0, 20_000, 1, 2).selectExpr(
        "cast(id AS string) AS a",
        "id % 700 AS b",
        "if(id % 3 = 0, NULL, id % 5) AS c",
        "cast(NULL AS string) AS d",
        "id >= 100 AS is_out",
    )
    found = distinct_counts(frame, ["a", "b", "c", "d"])
    assert found == pytest.approx([20_000, 700, 5, 0], rel=0.07)
    assert distinct_counts(frame, ["a"], "NOT is_out") == pytest.approx([100], rel=0.05)
    assert distinct_counts(frame.limit(0), ["b"]) == [0]
    assert distinct_counts(frame, []) == []


@pytest.mark.parametrize("distinct", [1, 3, 1000, 3000, 10_000, 300_000])
def test_the_estimate_is_within_its_error_wherever_it_is_asked(distinct: int) -> None:
    draws = np.random.default_rng(7)
    errors = []
    for _ in range(20):
        hashes = draws.integers(0, 2**64, distinct, dtype=np.uint64)
        ranks = np.zeros(1 << BITS, dtype=int)
        rests = ((hashes << np.uint64(BITS)) | np.uint64(1 << (BITS - 1))) >> np.uint64(1)
        np.maximum.at(ranks, (hashes >> np.uint64(REST)).astype(int), 64 - np.frexp(rests.astype(float))[1])
        errors.append(estimated(r for r in ranks.tolist() if r) / distinct - 1)
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 0.04


@pytest.mark.parametrize(
    ("rest", "place"), [((1 << 63) - 1, 1), (1 << 62, 1), ((1 << 62) - 1, 2), (1 << (BITS - 2), REST + 1)]
)
def test_a_rank_is_the_place_of_the_first_bit(rest: int, place: int) -> None:
    assert rank(rest) == place
