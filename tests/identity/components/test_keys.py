"""The dictionary of keys: a bijection that only grows."""

import random

import pytest
from pyspark.sql import SparkSession

from identity.components import keys


def test_keys_are_dense_unique_and_for_ever(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BUCKETS", 7)
    tokens = [f"t{i:04d}" for i in range(500)]
    known: dict[str, int] = {}
    for day, last in enumerate((0, 200, 500)):
        seen = random.Random(day).choices(tokens[:last], k=3 * last) + tokens[:last] if last else []
        before = spark.createDataFrame(list(known.items()), "token string, key long")
        arrived = spark.createDataFrame([(token,) for token in [*seen, None]], "token string").repartition(3)
        new = keys.extend_keys(before, arrived).collect()
        assert {row["token"] for row in new} == set(tokens[:last]) - set(known)
        assert sorted(row["key"] for row in new) == list(range(len(known) + 1, len(known) + len(new) + 1))
        known |= {row["token"]: row["key"] for row in new}
    assert len(set(known.values())) == len(known) == 500


def test_the_same_tokens_get_the_same_keys_in_any_order(spark: SparkSession) -> None:
    known = spark.createDataFrame([("old", 41)], "token string, key long")
    tokens = [(f"new{i}",) for i in range(100)]
    draws = [random.Random(seed).sample(tokens, 100) for seed in (1, 2)]
    found = [
        keys.extend_keys(known, spark.createDataFrame(draw, "token string").repartition(parts)).collect()
        for parts, draw in enumerate(draws, start=1)
    ]
    assert sorted(found[0]) == sorted(found[1])
    assert min(row["key"] for row in found[0]) == 42


def test_edges_to_keys(spark: SparkSession) -> None:
    dictionary = spark.createDataFrame([("a", 1), ("b", 2), ("c", 3), ("d", 4)], "token string, key long")
    edges = spark.createDataFrame([("a", "b"), ("b", "x")], "src_token string, dst_token string")
    assert sorted(keys.keyed_edges(edges, dictionary).collect(), key=str) == [(1, 2), (2, None)]
