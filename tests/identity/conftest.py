"""Graphs of several shapes and a plain union-find, to hold the engines against."""

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from identity.identifiers import IdentityRules, load_rules

Edge = tuple[int, int]
Oracle = Callable[[Iterable[Edge]], dict[int, int]]


def components_of(edges: Iterable[Edge]) -> dict[int, int]:
    """Vertex → least vertex of its component, one edge at a time."""
    parent: dict[int, int] = {}

    def root(vertex: int) -> int:
        while parent.setdefault(vertex, vertex) != vertex:
            vertex = parent[vertex]
        return vertex

    for src, dst in edges:
        one, other = sorted((root(src), root(dst)))
        parent[other] = one
    return {vertex: root(vertex) for vertex in list(parent)}


def _chain(n: int) -> list[Edge]:
    return [(i, i + 1) for i in range(n)]


def _clique(n: int) -> list[Edge]:
    return [(i, j) for i in range(n) for j in range(n)]


def _random(n: int, m: int, seed: int) -> list[Edge]:
    draw = random.Random(seed)
    return [(draw.randrange(n), draw.randrange(n)) for _ in range(m)]


def _wide(edges: list[Edge], seed: int) -> list[Edge]:
    """The same graph over ids from the whole 64-bit range."""
    draw = random.Random(seed)
    names: dict[int, int] = {}
    for vertex in (end for edge in edges for end in edge):
        names.setdefault(vertex, draw.randrange(-(2**63), 2**63))
    return [(names[src], names[dst]) for src, dst in edges]


SHAPES: dict[str, list[Edge]] = {
    "one edge": [(7, 3)],
    "self-loops": [(5, 5), (9, 9), (5, 5)],
    "duplicates, both ways": [(1, 2), (2, 1), (1, 2), (3, 4)],
    "chain": _chain(500),
    "chain, from its end": _chain(500)[::-1],
    "star with the least id outside": [(1000, i) for i in range(1, 400)],
    "two cliques and a bridge": _clique(12) + [(i + 50, j + 50) for i, j in _clique(12)] + [(3, 55)],
    "sparse random": _random(800, 500, 1),
    "near the threshold": _random(800, 420, 2) + _chain(40),
    "dense random": _random(200, 900, 3),
    "multiples of 2^20": [(i << 20, (i + 1) << 20) for i in range(0, 300, 2)],
    "the whole range of longs": _wide(_random(300, 260, 4), 5),
    "both ends of the range": [(-(2**63), 2**63 - 1), (0, -1)],
}


@pytest.fixture(params=SHAPES, ids=str)
def shape(request: pytest.FixtureRequest) -> list[Edge]:
    """One graph after the other."""
    return SHAPES[request.param]


@pytest.fixture(scope="session")
def shapes() -> dict[str, list[Edge]]:
    """All the graphs, by name."""
    return SHAPES


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """The plain union-find."""
    return components_of


@pytest.fixture(scope="session")
def rules() -> IdentityRules:
    """The rules that the project ships."""
    return load_rules(Path(__file__).parents[2] / "conf" / "identity.yml")
