"""The union-find on arrays: both roads against a plain one, over shapes, batch sizes and orders."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity.components import kernel, unionfind
from identity.components.pruned import Pruned, TooLarge
from identity.components.unionfind import Pair

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]
Road = Callable[[Iterable[Pair]], Iterator[Pair]]


def pruned(edges: Iterable[Pair]) -> Iterator[Pair]:
    """The road of edges that can be read again."""
    held = list(edges)
    return iter(Pruned(lambda: held, sum(len(src) for src, _ in held), budget=1 << 30))


ROADS = pytest.mark.parametrize(
    "road", [unionfind.by_scipy, unionfind.streamed, pruned], ids=["scipy", "compiled", "pruned"]
)


def batches(edges: list[Edge], size: int) -> Iterator[Pair]:
    """The edges as arrays of ``size``, with an empty batch before them."""
    yield np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for start in range(0, len(edges), size):
        part = np.array(edges[start : start + size], dtype=np.int64)
        yield part[:, 0].copy(), part[:, 1].copy()


def collected(pairs: Iterable[Pair]) -> dict[int, int]:
    """Vertex → label; fails when a vertex comes twice."""
    found: dict[int, int] = {}
    for vertices, labels in pairs:
        for vertex, label in zip(vertices.tolist(), labels.tolist(), strict=True):
            assert vertex not in found
            found[vertex] = label
    return found


@ROADS
@pytest.mark.parametrize("size", [1, 17, 100_000])
def test_equals_the_oracle(road: Road, size: int, shape: list[Edge], oracle: Oracle) -> None:
    assert collected(road(batches(shape, size))) == oracle(shape)


@ROADS
def test_order_and_direction_do_not_matter(road: Road, shape: list[Edge], oracle: Oracle) -> None:
    for seed in range(5):
        draw = random.Random(seed)
        turned = [edge if draw.random() < 0.5 else edge[::-1] for edge in draw.sample(shape, len(shape))]
        assert collected(road(batches(turned, 64))) == oracle(shape)


@ROADS
def test_nothing_in_nothing_out(road: Road) -> None:
    assert collected(road([])) == {}
    assert collected(road(batches([], 10))) == {}


@ROADS
@pytest.mark.parametrize("seed", range(4))
def test_random_graphs_against_scipy(road: Road, seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = 30_000, 10_000 * (seed + 1)
    src, dst = draw.integers(0, n, m), draw.integers(0, n, m)
    _, expected = connected_components(coo_array((np.ones(m), (src, dst)), shape=(n, n)), directed=False)
    found = collected(road([(src, dst)]))
    vertices = np.array(sorted(found))
    assert np.array_equal(vertices, np.union1d(src, dst))
    labels = np.array([found[vertex] for vertex in vertices.tolist()])
    assert np.array_equal(expected[labels], expected[vertices])
    assert len(np.unique(labels)) == len(np.unique(expected[vertices]))
    assert (labels <= vertices).all()


def test_the_table_grows_and_keeps_what_it_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unionfind, "FIRST_ROWS", 2)
    monkeypatch.setattr(unionfind, "CHUNK", 1000)
    edges = [(i, i + 2) for i in range(20_000)]
    found = collected(unionfind.streamed(batches(edges, 37)))
    assert found == {vertex: vertex % 2 for vertex in range(20_002)}


@pytest.mark.parametrize("small", [0, 10, 10**6])
def test_small_graphs_and_large_ones_take_their_roads(
    small: int, shapes: dict[str, list[Edge]], oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads: list[str] = []

    def watched(name: str, road: Road) -> Road:
        def walk(pairs: Iterable[Pair]) -> Iterator[Pair]:
            roads.append(name)
            return road(pairs)

        return walk

    monkeypatch.setattr(unionfind, "by_scipy", watched("scipy", unionfind.by_scipy))
    monkeypatch.setattr(unionfind, "streamed", watched("compiled", unionfind.streamed))
    edges = shapes["sparse random"]
    assert collected(unionfind.components(batches(edges, 7), small=small)) == oracle(edges)
    assert roads == ["scipy" if small > len(edges) else "compiled"]


def test_colliding_ids_are_told_apart() -> None:
    ids, parents = unionfind.empty(8)
    rows = [kernel.place(ids, vertex) for vertex in range(1, 200)]
    twins = np.array([vertex for vertex in range(1, 200) if rows[vertex - 1] == rows[0]][:4], dtype=np.int64)
    assert kernel.absorb(ids, parents, twins, twins)[0] == len(twins) == 4
    assert len({kernel.place(ids, vertex) for vertex in twins.tolist()}) == 4


def test_pruning_counts_what_it_finds_and_says_so(shape: list[Edge], oracle: Oracle) -> None:
    heard: list[str] = []
    held = list(batches(shape, 50))
    graph = Pruned(lambda: held, len(shape), budget=1 << 30, say=heard.append)
    expected = oracle(shape)
    assert collected(graph) == expected
    sizes = Counter(expected.values())
    assert (graph.n_vertices, graph.n_components, graph.largest) == (len(expected), len(sizes), max(sizes.values()))
    assert f"{len(sizes):,} components of {len(expected):,} vertices found" in heard[-1]


def test_leaves_that_share_a_counter_with_others_are_no_loss(oracle: Oracle) -> None:
    draw = random.Random(6)
    edges = [(draw.randrange(40_000), draw.randrange(40_000)) for _ in range(15_000)]
    graph = Pruned(lambda: batches(edges, 4000), n_edges=10, budget=1 << 30)  # far too few counters for such a graph
    assert collected(graph) == oracle(edges)


def test_an_estimate_that_falls_short_is_mended(monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> None:
    monkeypatch.setattr(Pruned, "_counted", lambda self: (np.full(1 << 10, 0xAA, dtype=np.uint8), 10))
    edges = [(i, i + 1) for i in range(600_000)]
    assert collected(Pruned(lambda: batches(edges, 50_000), len(edges), budget=1 << 30)) == oracle(edges)


def test_what_does_not_fit_is_refused_before_it_is_tried() -> None:
    edges = [(i, i + 1) for i in range(10_000)]
    with pytest.raises(TooLarge, match=r"10,\d\d\d of them no leaves|vertices"):
        list(Pruned(lambda: batches(edges, 1000), len(edges), budget=100_000))
