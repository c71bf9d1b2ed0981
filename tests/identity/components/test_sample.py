"""The proof by sample: right components pass, and each way of being wrong is found."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from identity.components.sample import prove_sample
from identity.components.unionfind import Pair

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]


def arrays(rows: Iterable[Edge]) -> Pair:
    """Rows as two arrays."""
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


def rules(found: Iterable[Edge], edges: list[Edge], n: int, sampled: int = 10**6) -> list[str]:
    """The names of the rules that are broken."""
    return [proof.rule for proof in prove_sample([arrays(found)], [arrays(edges)], n, sampled)]


def test_what_is_right_passes(shape: list[Edge], oracle: Oracle) -> None:
    found = oracle(shape)
    assert rules(found.items(), shape, len(found)) == []
    assert rules(found.items(), shape, len(found), sampled=30) == []


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ([(1, 1), (2, 1), (3, 3)], "vertex_count"),
        ([(1, 1), (2, 1), (3, 4), (4, 4)], "label_is_least"),
        ([(1, 1), (2, 1), (2, 1), (3, 3)], "vertex_once"),
        ([(1, 1), (2, 2), (3, 3), (4, 3)], "sample_recomputed"),
        ([(1, 1), (2, 1), (3, 1), (4, 1)], "sample_recomputed"),
    ],
    ids=["a vertex is missing", "a label is not the least", "a vertex twice", "cut apart", "joined without evidence"],
)
def test_what_is_wrong_is_found(found: list[Edge], rule: str) -> None:
    assert rule in rules(found, [(1, 2), (3, 4)], 4)


def test_the_sample_is_of_whole_components() -> None:
    edges = [(10 * i, 10 * i + j) for i in range(2000) for j in range(1, 4)]
    found = [(10 * i + j, 10 * i) for i in range(2000) for j in range(4)]
    wrong = [(vertex, label if label % 20 else min(label, vertex - 1)) for vertex, label in found]
    assert rules(found, edges, len(found), sampled=500) == []
    assert rules(wrong, edges, len(found), sampled=500) != []
