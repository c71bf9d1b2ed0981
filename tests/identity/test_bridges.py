"""Components that hold what may not be together: cut at the weakest bridge, each part whole, and as a brute force would."""

import itertools
import random

from pyspark.sql import DataFrame, SparkSession

from identity.bridges import ACCOUNT, ASKING, CONTACT, Limits, parted, shared, silent, spanning

Edge = tuple[int, int, float]
Pair = tuple[int, int]
Value = tuple[int, int, int]


def test_the_weakest_bridge_between_two_values_is_cut() -> None:
    # 1 and 9 are unionids; a phone (2) is sure of the one, a cookie (5) hangs on both, more on the other.
    edges = [(1, 2), (8, 9), (5, 8), (2, 5)]  # the strongest first
    assert spanning([1, 2, 5, 8, 9], edges, [(1, 7, 1), (9, 7, 9)]) == {1: 1, 2: 1, 5: 5, 8: 5, 9: 5}


def test_kinds_are_apart_and_strangers_are_passed_over() -> None:
    edges = [(1, 2), (2, 3), (2, 99)]
    assert set(spanning([1, 2, 3], edges, [(1, 7, 1), (3, 8, 3), (98, 7, 98)], [(1, 97)]).values()) == {1}


def test_a_forbidden_pair_is_parted_whoever_joined_the_parts_before() -> None:
    edges = [(1, 2), (3, 4), (2, 3), (4, 5)]
    assert spanning([1, 2, 3, 4, 5], edges, forbidden=[(1, 5)]) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5}


def test_random_graphs_never_break_a_limit_and_cut_only_what_would() -> None:
    dice = random.Random(11)
    for _ in range(200):
        n = dice.randrange(2, 14)
        edges = [(dice.randrange(n), dice.randrange(n)) for _ in range(dice.randrange(30))]
        unique = [(v, dice.randrange(2), dice.randrange(3)) for v in range(n) if dice.random() < 0.3]
        forbidden = [(dice.randrange(n), dice.randrange(n)) for _ in range(3)]
        forbidden = [(a, b) for a, b in forbidden if a != b]
        found = spanning(range(n), edges, unique, forbidden)

        def breaks(group: set[int], unique: list[Value] = unique, pairs: list[Pair] = forbidden) -> bool:
            said = {(kind, value) for v, kind, value in unique if v in group}
            return len(said) != len({kind for kind, _ in said}) or any(a in group and b in group for a, b in pairs)

        parts = [{v for v in found if found[v] == label} for label in set(found.values())]
        assert all(min(part) == found[next(iter(part))] and not breaks(part) for part in parts)
        for a, b in edges:  # an edge between two parts would have brought together what may not be
            one, other = (next(part for part in parts if v in part) for v in (a, b))
            assert one is other or breaks(one | other)
        for part in parts:  # and each part holds together by its own edges
            seen = {min(part)}
            while more := {b for a, b in itertools.chain(edges, ((y, x) for x, y in edges)) if a in seen} & part - seen:
                seen |= more
            assert seen == part


def test_a_contact_whose_accounts_contradict_each_other_is_nobodys() -> None:
    codes = {1: ACCOUNT, 2: ACCOUNT, 3: ACCOUNT, 9: CONTACT, 8: CONTACT, 5: 0}
    edges = [(1, 9), (2, 9), (2, 8), (3, 8), (1, 5)]
    birth, name = 0, 1
    assert shared(codes, edges, [(1, birth, 70), (2, birth, 80), (3, birth, 80)]) == {9}
    assert shared(codes, edges, [(5, birth, 70), (3, birth, 80)]) == set(), "two steps away on one side only"
    assert shared(codes, edges, [(5, birth, 70), (2, birth, 80), (3, name, 1)]) == {9}


def test_a_contact_joins_no_account_that_told_nothing_where_another_of_its_type_told() -> None:
    codes = {1: ACCOUNT, 2: ACCOUNT, 3: ACCOUNT, 4: ACCOUNT, 9: ASKING, 8: CONTACT, 5: 0}
    app, member, phone = 0.0, 1.0, 7.0
    types = {1: app, 2: app, 3: member, 4: member, 9: phone, 8: phone, 5: 3.0}
    edges = [(1, 9), (2, 9), (3, 9), (2, 8), (1, 8), (4, 5)]
    assert silent(codes, types, edges, {1}) == {(2, 9)}, "the member (3) has the phone to itself; 8 does not ask"
    assert silent(codes, types, edges, {1, 2}) == set(), "both told: their names decide"
    assert silent({**codes, 9: ASKING | CONTACT}, types, edges, {1}) == {(2, 9)}
    assert shared({**codes, 9: ASKING | CONTACT}, edges, [(1, 0, 70), (2, 0, 80)]) == {8, 9}
    assert shared(codes, edges, [(1, 0, 70), (2, 0, 80)]) == {8}, "a trace that asks is no contact"
    assert silent(codes, types, edges, {3}) == set(), "neither told: one person's as far as anybody knows"


def limits(
    spark: SparkSession,
    edges: list[Edge],
    unique: list[Value],
    forbidden: list[Pair],
    kinds: list[Value] | None = None,
    told: tuple[int, ...] = (),
) -> Limits:
    """Limits over real edges."""
    real = spark.createDataFrame(edges, "src long, dst long, strength double")

    def evidence(asked: DataFrame) -> DataFrame:
        return real.join(asked.withColumnRenamed("vertex", "src"), on="src", how="left_semi")

    return Limits(
        spark.createDataFrame(unique, "vertex long, kind long, value long"),
        spark.createDataFrame(forbidden, "src long, dst long"),
        spark.createDataFrame(kinds or [], "vertex long, code int, type int"),
        evidence,
        spark.createDataFrame([(vertex,) for vertex in told], "vertex long") if told else None,
    )


def test_only_crowded_components_are_parted(spark: SparkSession) -> None:
    edges = [(1, 2, 0.9), (2, 3, 0.5), (3, 4, 0.9), (10, 11, 0.2), (20, 21, 0.3), (21, 22, 0.4)]
    rows = [(v, 1) for v in (1, 2, 3, 4)] + [(10, 10), (11, 10), (20, 20), (21, 20), (22, 20)]
    components = spark.createDataFrame(rows, "vertex long, component long")
    cut = parted(
        components,
        limits(
            spark, edges, [(1, 0, 1), (4, 0, 4), (10, 0, 10), (11, 1, 11), (10, 2, 5), (11, 2, 5)], [(22, 20), (10, 20)]
        ),
    )
    assert cut is not None
    found = {row["vertex"]: (row["component"], row["whole"]) for row in cut.components.collect()}
    assert found == {1: (1, 1), 2: (1, 1), 3: (3, 1), 4: (3, 1), 20: (20, 20), 21: (21, 20), 22: (21, 20)}
    assert {tuple(row) for row in cut.kept.collect()} == {(1, 2), (3, 4), (21, 22)}


def test_an_asking_contact_is_parted_from_an_account_that_told_nothing(spark: SparkSession) -> None:
    edges = [(1, 9, 0.9), (2, 9, 0.9), (2, 5, 0.5), (11, 19, 0.9), (12, 19, 0.9), (21, 29, 0.9), (22, 29, 0.9)]
    rows = [(v, v // 10 * 10) for v in (1, 2, 5, 9, 11, 12, 19, 21, 22, 29)]
    kinds = [(v, ACCOUNT, 0) for v in (1, 2, 11, 12, 21, 22)] + [(9, ASKING, 1), (19, ASKING, 1), (29, CONTACT, 1)]
    components = spark.createDataFrame(rows, "vertex long, component long")
    cut = parted(components, limits(spark, edges, [], [], kinds, told=(1, 11, 12, 21)))
    assert cut is not None
    found = {row["vertex"]: row["component"] for row in cut.components.collect()}
    assert found == {1: 1, 9: 1, 2: 2, 5: 2}, "only where an asking contact meets one that told and one that did not"
    assert {tuple(row) for row in cut.kept.collect()} == {(1, 9), (2, 5)}


def test_nothing_to_part(spark: SparkSession) -> None:
    components = spark.createDataFrame([(1, 1), (2, 1)], "vertex long, component long")
    assert parted(components, limits(spark, [(1, 2, 0.9)], [(1, 0, 1), (2, 1, 2)], [])) is None
