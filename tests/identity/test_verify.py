"""The proof: what is right passes, and every planted fault is found and named."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from pyspark.sql import SparkSession

from identity.components import labels as lookups
from identity.components import proof
from identity.components.proof import prove_here
from identity.verify import IdentityProofError, Proof, prove, require

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]
EDGES: list[Edge] = [(1, 2), (2, 3), (3, 3), (10, 11), (20, 20), (30, 31), (31, 32)]
RIGHT = {1: 1, 2: 1, 3: 1, 10: 10, 11: 10, 20: 20, 30: 30, 31: 30, 32: 30}


def proofs(
    spark: SparkSession,
    rows: list[tuple[int, int]],
    *,
    edges: list[Edge] = EDGES,
    forbidden: list[Edge] | None = None,
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
    assert prove_here(empty.toDF("vertex", "component"), empty) == []


def test_every_fault_is_found_and_named(spark: SparkSession) -> None:
    """The same graph five times over, each time with another fault."""
    faults: list[dict[int, int | None]] = [
        {10: None},  # 100: a vertex of an edge is lost
        {10: 11, 11: 11},  # 200: not the least label
        {32: 32},  # 300: an edge is cut
        {10: 1, 11: 1},  # 400: two people are welded
        {},  # 500: a vertex comes twice, and a forbidden pair is together
    ]
    rows, edges = [(510, 511)], []
    for place, change in enumerate(faults, start=1):
        changed = {**RIGHT, **change}
        rows += [(v + 100 * place, label + 100 * place) for v, label in changed.items() if label is not None]
        edges += [(src + 100 * place, dst + 100 * place) for src, dst in EDGES]
    failures = prove(
        spark.createDataFrame(rows, "vertex long, component long"),
        spark.createDataFrame(edges, "src long, dst long"),
        spark.createDataFrame([(501, 503), (501, 520), (110, 999)], "src long, dst long"),
        vertices=spark.createDataFrame([(101,), (777,), (888,)], "vertex long"),
    )
    assert failures == [
        Proof("edge_inside", 2, 331),
        Proof("forbidden_apart", 1, 501),
        Proof("label_is_least", 3, 110),
        Proof("vertex_missing", 1, 110),
        Proof("vertex_missing", 2, 777),
        Proof("vertex_once", 1, 510),
        Proof("sample_recomputed", 7, 111),
    ]
    here = prove_here(
        spark.createDataFrame(rows, "vertex long, component long"),
        spark.createDataFrame(edges, "src long, dst long").repartition(3),
        spark.createDataFrame([(501, 503), (501, 520), (110, 999)], "src long, dst long"),
    )
    assert here == [
        Proof("edge_inside", 2, 331),
        Proof("forbidden_apart", 1, 501),
        Proof("label_is_least", 4, 110),
        Proof("sample_recomputed", 7, 110),
        Proof("vertex_missing", 1, 110),
        Proof("vertex_once", 1, 510),
    ]
    with pytest.raises(
        IdentityProofError, match=r"edge_inside fails 2 times, e\.g\. at 331; forbidden_apart"
    ) as caught:
        require(failures)
    assert caught.value.where["rule"] == "edge_inside"


def test_one_worker_proves_what_is_right(spark: SparkSession, shape: list[Edge], oracle: Oracle) -> None:
    found = spark.createDataFrame(list(oracle(shape).items()), "vertex long, component long").repartition(2)
    assert prove_here(found, spark.createDataFrame(shape, "src long, dst long")) == []


def test_one_worker_looks_up_large_graphs_in_a_table(
    monkeypatch: pytest.MonkeyPatch, shape: list[Edge], oracle: Oracle
) -> None:
    monkeypatch.setattr(lookups, "SMALL", -1)
    found = oracle(shape)
    vertices, labels = (np.array(side, dtype=np.int64) for side in zip(*found.items(), strict=True))
    src, dst = (np.array(side, dtype=np.int64) for side in zip(*shape, strict=True))
    assert proof.proofs([(vertices, labels)], [(src, dst)], []) == []
    twice = proof.proofs([(vertices, labels), (vertices[:1], labels[:1])], [(src, dst)], [(src, dst)])
    expected = {Proof("vertex_once", 1, int(vertices[0])), Proof("forbidden_apart", len(src), int(src.min()))}
    assert set(twice) == expected
    lost = proof.proofs([(vertices[1:], labels[1:])], [(src, dst)], [])
    assert "vertex_missing" in {one.rule for one in lost}


def test_one_worker_counts_lost_vertices(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(1, 1), (None, 1), (2, 1)], "vertex long, component long")
    edges = spark.createDataFrame([(1, 2), (2, None)], "src long, dst long")
    assert [proof.rule for proof in prove_here(rows, edges)] == ["vertex_missing", "vertex_once"]


def test_the_sample_draws_whole_components_and_blames_no_right_one(spark: SparkSession) -> None:
    """600 right pairs and 300 fours that nothing joins: a tenth is drawn, and only fours are blamed."""
    edges = [(2 * i, 2 * i + 1) for i in range(1200)]
    size = {True: 2, False: 4}
    rows = [(v, v // size[v < 1200] * size[v < 1200]) for edge in edges for v in edge]
    failures = prove(
        spark.createDataFrame(rows, "vertex long, component long"),
        spark.createDataFrame(edges, "src long, dst long"),
        sampled_vertices=240,
    )
    assert [proof.rule for proof in failures] == ["sample_recomputed"]
    assert 20 < failures[0].failures < 120
    assert failures[0].example is not None
    assert failures[0].example >= 1200
    assert failures[0].example % 4 == 2
