"""Pair scores against lists of pairs, written out."""

import random
from itertools import combinations

import pytest
from pyspark.sql import SparkSession

from identity.evaluate import PairScores, cluster_sizes, pairwise


def scores(spark: SparkSession, predicted: dict[str, str], truth: list[tuple[str, int]]) -> PairScores:
    """The scores of plain dictionaries."""
    return pairwise(
        spark.createDataFrame(list(predicted.items()), "token string, one_id string"),
        spark.createDataFrame(truth, "token string, person_id long"),
    )


def test_against_lists_of_pairs(spark: SparkSession) -> None:
    draw = random.Random(3)
    tokens = [f"t{i}" for i in range(120)]
    truth = [(token, draw.randrange(25)) for token in tokens]
    shared = [(token, 99) for token in tokens[:10]] + [(tokens[20], truth[20][1])]
    predicted = {token: f"c{draw.randrange(12)}" for token in [*tokens[:100], "stranger", "other"]}
    found = scores(spark, predicted, truth + shared)
    judged = dict(truth[10:])
    clusters = {token: predicted.get(token, token) for token in judged}
    same_person = {pair for pair in combinations(judged, 2) if judged[pair[0]] == judged[pair[1]]}
    same_cluster = {pair for pair in combinations(judged, 2) if clusters[pair[0]] == clusters[pair[1]]}
    common = same_person & same_cluster
    assert found.tokens == len(judged) == 110
    assert (found.pairs_true, found.pairs_predicted) == (len(same_person), len(same_cluster))
    assert found.pairs_common == len(common)
    assert found.precision == len(common) / len(same_cluster)
    assert found.recall == len(common) / len(same_person)
    assert found.f1 == pytest.approx(2 * len(common) / (len(same_cluster) + len(same_person)))

    def share(token: str, of: dict[str, str] | dict[str, int]) -> float:
        mates = [other for other in judged if of[other] == of[token]]
        return sum(judged[o] == judged[token] and clusters[o] == clusters[token] for o in mates) / len(mates)

    assert found.bcubed_precision == pytest.approx(sum(share(t, clusters) for t in judged) / len(judged))
    assert found.bcubed_recall == pytest.approx(sum(share(t, judged) for t in judged) / len(judged))


def test_nothing_to_judge_is_no_error(spark: SparkSession) -> None:
    nothing = scores(spark, {}, [])
    assert nothing == PairScores(0, 0, 0, 0, 1.0, 1.0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (1.0, 1.0, 1.0)


def test_no_true_pair_found_gives_zero() -> None:
    wrong = PairScores(3, pairs_true=1, pairs_predicted=1, pairs_common=0, bcubed_precision=0.5, bcubed_recall=0.5)
    assert (wrong.precision, wrong.recall, wrong.f1) == (0.0, 0.0, 0.0)


def test_cluster_sizes(spark: SparkSession) -> None:
    predicted = [("a", "1"), ("b", "1"), ("c", "2"), ("d", "3")]
    rows = cluster_sizes(spark.createDataFrame(predicted, "token string, one_id string")).collect()
    assert [tuple(row) for row in rows] == [(1, 2), (2, 1)]
