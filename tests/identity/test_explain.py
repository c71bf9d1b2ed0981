"""Shows that the strongest path and tree are the best of all there are, on graphs small enough to try every one."""

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest

from identity.explain import PIN, Evidence, best_links, rooted, spanning_tree, strongest_path


def edge(src: str, dst: str, weight: float = 1.0, n: int = 1, **more: object) -> Evidence:
    values: dict[str, object] = {"edge_type": "strong" if weight > 0.5 else "weak", "rule_id": f"s/{src}~{dst}"} | more
    return Evidence(src, dst, "t", "t", weight=weight, evidence_count=n, **values)  # type: ignore[arg-type]


def cut(src: str, dst: str, weight: float = 1.0, n: int = 1, fence: str = "degree") -> Evidence:
    return edge(src, dst, weight, n, fence=fence, reason="too many share it")


def tokens(path: Sequence[Evidence] | None) -> list[str]:
    return [] if not path else [path[0].src_token, *(step.dst_token for step in path)]


def every_path(edges: Sequence[Evidence], start: str, end: str) -> Iterator[list[Evidence]]:
    """All simple paths, by depth-first search."""
    links = best_links(edges)

    def onward(path: list[Evidence], here: str) -> Iterator[list[Evidence]]:
        if here == end:
            yield path
            return
        seen = {start, *(step.dst_token for step in path)}
        for there, step in links.get(here, {}).items():
            if there not in seen:
                yield from onward([*path, step], there)

    yield from onward([], start)


def worth(path: Sequence[Evidence]) -> tuple[object, ...]:
    """The documented order: fewer cuts, stronger weakest edge, fewer steps, more records behind the least-shown edge."""
    weakest = min(step.strength for step in path)
    return (
        -sum(step.is_cut for step in path),
        weakest,
        -len(path),
        min(step.evidence_count for step in path),
    )


@pytest.mark.parametrize("seed", range(60))
def test_no_path_is_better_than_the_one_that_is_told(seed: int) -> None:
    draw = random.Random(seed)
    names = "abcdefg"
    edges = []
    for src, dst in itertools.combinations(names, 2):
        if draw.random() < 0.45:
            fence = draw.choice([None, None, "weak"])
            edges.append(edge(src, dst, draw.choice([0.3, 0.9, 1.0]), draw.randint(1, 3), fence=fence))
    draw.shuffle(edges)
    paths = list(every_path(edges, "a", "g"))
    told = strongest_path(edges, {"a"}, {"g"})
    assert (told is None) == (not paths)
    if told:
        assert worth(told) == max(map(worth, paths))
        assert told[0].src_token == "a"
        assert told[-1].dst_token == "g"
        assert all(one.dst_token == other.src_token for one, other in itertools.pairwise(told))
        assert tokens(told) == tokens(strongest_path(edges[::-1], {"a"}, {"g"}))


def test_a_long_strong_way_is_told_before_a_short_weak_one() -> None:
    edges = [edge("a", "d", 0.5), edge("a", "b"), edge("b", "c"), edge("c", "d")]
    assert tokens(strongest_path(edges, {"a"}, {"d"})) == ["a", "b", "c", "d"]


def test_where_nothing_joins_the_path_goes_through_the_fewest_cuts_and_names_the_fence() -> None:
    edges = [edge("a", "b"), cut("b", "d"), edge("a", "c", 0.3), cut("c", "x"), cut("x", "d"), edge("d", "e")]
    path = strongest_path(edges, {"a"}, {"e"})
    assert tokens(path) == ["a", "b", "d", "e"]
    assert path is not None
    assert [step.fence for step in path] == [None, "degree", None]


def test_a_pin_is_stronger_than_any_evidence() -> None:
    edges = [edge("a", "b", edge_type="strong"), edge("a", "b", edge_type=PIN, rule_id="override/1")]
    path = strongest_path(edges, {"a"}, {"b"})
    assert path is not None
    assert path[0].rule_id == "override/1"
    assert [other.rule_id for other in path[0].also] == ["s/a~b"]


def test_the_same_token_on_both_sides_needs_no_step_and_strangers_have_no_path() -> None:
    assert strongest_path([edge("a", "b")], {"a", "c"}, {"c"}) == []
    assert strongest_path([edge("a", "b"), edge("c", "d")], {"a"}, {"d"}) is None
    assert strongest_path([], {"a"}, {"b"}) is None


def test_edges_of_one_pair_are_one_link_with_the_others_beside_it_and_loops_fall_out() -> None:
    links = best_links([edge("b", "a", 0.9, rule_id="2"), edge("a", "b", 0.9, 4, rule_id="1"), edge("a", "a")])
    assert set(links) == {"a", "b"}
    assert links["a"]["b"].rule_id == "1"
    assert [other.src_token for other in links["a"]["b"].also] == ["a"]
    assert links["b"]["a"].dst_token == "a"


@pytest.mark.parametrize("seed", range(30))
def test_the_tree_holds_a_bottleneck_path_between_every_two(seed: int) -> None:
    draw = random.Random(seed)
    pairs = [p for p in itertools.combinations("abcdefgh", 2) if draw.random() < 0.5]
    edges = [edge(a, b, draw.choice([0.2, 0.5, 0.9, 1.0]), draw.randint(1, 2)) for a, b in pairs]
    tree = spanning_tree(edges)
    for a, b in itertools.combinations("abcdefgh", 2):
        whole, kept = (strongest_path(some, {a}, {b}) for some in (edges, tree))
        assert (whole is None) == (kept is None)
        if whole and kept:
            assert min(s.strength for s in whole) == min(s.strength for s in kept)


def test_cut_edges_are_no_part_of_the_tree_and_it_is_read_from_its_root_down() -> None:
    tree = spanning_tree([edge("c", "b", 0.9), edge("a", "b"), edge("a", "d", 0.3), cut("d", "z")])
    assert {end for e in tree for end in (e.src_token, e.dst_token)} == set("abcd")
    told = [(depth, e.src_token, e.dst_token) for depth, e in rooted(tree, "a")]
    assert told == [(1, "a", "b"), (2, "b", "c"), (1, "a", "d")]


def test_a_path_of_many_thousand_edges_is_found() -> None:
    names = [f"{n:06}" for n in range(20_000)]
    chain = [edge(a, b, 0.9) for a, b in itertools.pairwise(names)]
    assert len(strongest_path(chain, {names[0]}, {names[-1]}) or []) == len(chain)
    assert len(rooted(spanning_tree(chain), names[0])) == len(chain)
