"""Clusters are not welded: by one strong edge, against a rule, or beyond the size that their density allows."""

from itertools import combinations

import numpy as np
import pytest

from identity.match.guards import Limits, Rule, components, guarded_clusters

Edge = tuple[int, int, float]


def clusters(n: int, edges: list[Edge], *rules: Rule, limits: Limits | None = None) -> list[int]:
    left, right, weights = (np.array(part) for part in zip(*edges, strict=True))
    found = guarded_clusters(n, left, right, weights.astype(float), rules=rules, limits=limits)
    return [int(name) for name in found]


def clique(*members: int, bits: float = 8.0) -> list[Edge]:
    return [(a, b, bits) for a, b in combinations(members, 2)]


def test_a_bridge_does_not_weld_two_groups() -> None:
    edges = [*clique(0, 1, 2), *clique(3, 4, 5), (2, 3, 14.0)]
    assert components(6, np.array([a for a, _, _ in edges]), np.array([b for _, b, _ in edges])).max() == 0
    assert len(set(clusters(6, edges))) == 2


def test_a_missing_or_weak_pair_does_not_split_a_person() -> None:
    edges = [*clique(0, 1, 2, 3, bits=9.0)[1:], (0, 1, -2.0)]
    assert clusters(4, edges) == [0, 0, 0, 0]


def test_a_person_has_one_value_of_a_unique_column() -> None:
    rule = Rule("one card for a person", np.array([7, -1, 8]))
    assert clusters(3, clique(0, 1, 2)) == [0, 0, 0]
    found = clusters(3, [(0, 1, 9.0), (0, 2, 7.0), (1, 2, 5.0)], rule)
    assert found == [0, 0, 2], "the strongest edge wins, the other value stays alone"


def test_a_file_without_duplicates_gives_one_record_to_a_cluster() -> None:
    rule = Rule("one record of a file", np.array([0, 0, 1]), is_apart=True)
    assert clusters(3, [(0, 2, 6.0), (1, 2, 9.0)], rule) == [0, 1, 1]


def test_a_large_cluster_grows_only_where_it_is_dense() -> None:
    chain: list[Edge] = [(a, a + 1, 12.0) for a in range(40)]
    near: list[Edge] = [(a, b, -1.0) for a, b in combinations(range(41), 2) if b > a + 1]
    sizes = np.bincount(clusters(41, chain + near, limits=Limits(max_cluster=5)))
    assert sizes.max() <= 5
    assert np.bincount(clusters(41, clique(*range(41)), limits=Limits(max_cluster=5))).max() == 41


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_pairs_does_not_matter_and_no_cluster_spans_components(seed: int) -> None:
    dice = np.random.default_rng(seed)
    pairs = sorted({(min(a, b), max(a, b)) for a, b in dice.integers(0, 60, (150, 2)).tolist() if a != b})
    edges = [(a, b, float(w)) for (a, b), w in zip(pairs, dice.normal(1, 5, len(pairs)), strict=True)]
    found = clusters(60, edges)
    shuffled = [edges[i] for i in dice.permutation(len(edges))]
    assert clusters(60, shuffled) == found
    strong = [(a, b) for a, b, w in edges if w >= 0]
    component = components(60, *(np.array(ends) for ends in zip(*strong, strict=True)))
    assert all(component[member] == component[name] for member, name in enumerate(found))
    assert all(name <= member for member, name in enumerate(found))
