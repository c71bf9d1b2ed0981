"""The proof: what is right passes, and every planted fault is found and named."""

from collections.abc import Callable, Iterable

import pytest
from pyspark.sql import SparkSession

from identity.verify import IdentityProofError, Proof, prove, require

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]
EDGES: list[Edge] = [(1, 2), (2, 3), (3, 3), (10, 11), (20, 20), (30, 31), (31, 32)]
RIGHT = {1: 1, 2: 1, 3: 1, 10: 10, 11: 10, 20: 20, 30: 30, 31: 30, 32: 30}


def proofs(
    spark: SparkSession, rows: list[tuple[int, int]], *, edges: list[Edge] = EDGES, forbidden: list[Edge] | None = None
) -> list[Proof]:
    """The failures of components given as rows."""
    return prove(
        spark.createDataFrame(rows, "vertex long, component long"),
        spark.createDataFrame(edges, "src long, dst long"),
        None if forbidden is None else spark.createDataFrame(forbidden, "src long, dst long"),
        vertices=spark.createDataFrame([(1,), (20,)], "vertex long"),
    )


def test_what_is_right_is_proven(spark: SparkSession) -> None:
    assert proofs(spark, list(RIGHT.items()), forbidden=[(1, 10), (2, 99)]) == []
    require([])


def test_an_empty_graph_is_proven(spark: SparkSession) -> None:
    empty = spark.createDataFrame([], "src long, dst long")
    assert prove(empty.toDF("vertex", "component"), empty) == []


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({2: None}, {("vertex_missing", 2, 1)}),
        ({20: None}, {("vertex_missing", 1, 20)}),
        ({10: 11, 11: 11}, {("label_is_least", 1, 11), ("sample_recomputed", 2, 10)}),
        ({3: 3}, {("edge_inside", 1, 2)}),
        ({10: 1, 11: 1}, {("sample_recomputed", 2, 10)}),
    ],
    ids=["dropped vertex", "dropped lonely vertex", "wrong label", "cut component", "welded components"],
)
def test_a_fault_is_found(spark: SparkSession, change: dict[int, int | None], failed: set[tuple[str, int, int]]) -> None:
    rows = [(vertex, label) for vertex, label in {**RIGHT, **change}.items() if label is not None]
    found = {(proof.rule, proof.failures, proof.example) for proof in proofs(spark, rows)}
    assert failed <= found
    assert {rule for rule, _, _ in found} == {rule for rule, _, _ in failed}


def test_a_vertex_twice_and_a_forbidden_pair_stop_publication(spark: SparkSession) -> None:
    failures = proofs(spark, [*RIGHT.items(), (11, 10)], forbidden=[(1, 3), (1, 10)])
    assert failures == [Proof("forbidden_apart", 1, 1), Proof("vertex_once", 1, 11)]
    with pytest.raises(IdentityProofError, match=r"forbidden_apart fails 1 times, e\.g\. at 1; vertex_once") as caught:
        require(failures)
    assert caught.value.where["rule"] == "forbidden_apart"


def test_the_sample_draws_whole_components(spark: SparkSession) -> None:
    """300 pairs, each welded to the next: a sample of a tenth still finds some, and blames no right one."""
    edges = [(2 * i, 2 * i + 1) for i in range(600)]
    welded = [(vertex, vertex // 4 * 4) for edge in edges for vertex in edge]
    right = [(vertex, vertex // 2 * 2) for edge in edges for vertex in edge]
    given = spark.createDataFrame(edges, "src long, dst long")
    wrong = prove(spark.createDataFrame(welded, "vertex long, component long"), given, sampled_vertices=120)
    assert [proof.rule for proof in wrong] == ["sample_recomputed"]
    assert 20 < wrong[0].failures < 120
    assert prove(spark.createDataFrame(right, "vertex long, component long"), given, sampled_vertices=120) == []
