"""Shows which merge of a person is asked about, against every way to part its accounts, and in which order questions stand."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyspark.sql import SparkSession

from identity.identifiers import load_rules
from identity.review import Joint, joints, questions, weakest
from lakehouse.settings import ROOT

RULES = load_rules(ROOT / "conf" / "identity.yml")


def joint(src: str, dst: str, weight: float, n: int = 1) -> Joint:
    """Upper-case names are accounts."""
    is_one, is_other = src.isupper(), dst.isupper()
    return Joint(1, src, dst, "t", "t", is_one, is_other, ord(src), ord(dst), 1, weight, n, 0, f"{src}~{dst}")


def by_certainty(edges: list[Joint]) -> list[Joint]:
    return sorted(edges, key=lambda e: (-e.kind, -e.weight, -e.n_records, e.src_token, e.dst_token))


def bottleneck(edges: list[Joint], a: str, b: str) -> tuple[float, int] | None:
    """The certainty of the weakest edge on the best way: edges are added, the strongest first, until the two meet."""
    groups = {end: {end} for e in edges for end in (e.src_token, e.dst_token)}
    for e in by_certainty(edges):
        merged = groups[e.src_token] | groups[e.dst_token]
        for token in merged:
            groups[token] = merged
        if b in groups[a]:
            return e.weight, e.n_records
    return None


def test_the_weakest_way_between_any_two_accounts_is_asked_about() -> None:
    asked = 0
    for seed in range(200):
        draw = random.Random(seed)
        names = ["A", "B", "C", "x", "y", "z"]
        pairs = [p for p in itertools.combinations(names, 2) if draw.random() < 0.6]
        edges = [joint(a, b, draw.choice([0.5, 0.9, 1.0]), draw.randint(1, 3)) for a, b in pairs]
        seen = {end for e in edges for end in (e.src_token, e.dst_token)}
        accounts = sorted(name for name in seen if name.isupper())
        ways = [w for a, b in itertools.combinations(accounts, 2) if (w := bottleneck(edges, a, b))]
        question = weakest(by_certainty(edges))
        assert (question is None) == (not ways)
        if question:
            asked += 1
            strongest = next(e for e in edges if (e.src_token, e.dst_token) == (question.src_token, question.dst_token))
            assert (strongest.weight, strongest.n_records) == min(ways)
            assert question.a_accounts
            assert question.b_accounts
    assert asked > 100


def test_a_question_names_both_sides_and_counts_all_that_links_them() -> None:
    edges = [
        joint("A", "x", 1.0),
        joint("B", "y", 1.0),
        joint("x", "y", 0.5, 2),
        joint("A", "y", 0.5),
        joint("B", "z", 0.3),
    ]
    question = weakest(by_certainty(edges))
    assert question is not None
    assert (question.a_token, question.b_token) == ("A", "B")
    assert (question.src_token, question.dst_token, question.weight) == ("x", "y", 0.5)
    assert (question.n_links, question.n_records) == (2, 3)
    assert (question.a_identifiers, question.b_identifiers) == (2, 2)
    assert weakest([joint("A", "x", 1.0), joint("x", "y", 0.1)]) is None


def member(component: int, token: str, id_type: str, minute: int = 0) -> dict[str, object]:
    seen = datetime(2025, 1, 1, 0, minute, tzinfo=UTC)
    return {"id_token": token, "id_type": id_type, "first_seen_at": seen, "component": component}


def evidence(
    src: str, dst: str, weight: float, n: int, edge_type: str = "strong", rule: str = "s/r"
) -> dict[str, object]:
    ends = {"src_token": src, "dst_token": dst, "rule_id": rule, "edge_type": edge_type}
    seen = datetime(2025, 1, 1, tzinfo=UTC)
    return ends | {
        "weight": weight,
        "evidence_count": n,
        "first_seen_at": seen,
        "last_seen_at": seen + timedelta(days=n),
    }


def test_questions_come_the_least_certain_first_and_only_where_accounts_meet(spark: SparkSession) -> None:
    members = [
        *[member(1, "a1", "member_no"), member(1, "b1", "app_user"), member(1, "p1", "phone")],
        *[member(2, "a2", "member_no", 5), member(2, "b2", "member_no", 4), member(2, "d2", "device")],
        *[member(3, "a3", "member_no"), member(3, "b3", "web_user")],
        *[member(4, "a4", "member_no"), member(4, "p4", "phone")],
        *[member(5, "a5", "member_no"), member(5, "b5", "app_user")],
        *[member(6, "a6", "member_no"), member(6, "b6", "member_no"), member(6, "p6", "phone")],
    ]
    edges = [
        *[evidence("a1", "p1", 1.0, 1), evidence("b1", "p1", 1.0, 3), evidence("a1", "p1", 1.0, 1, rule="s/q")],
        *[evidence("a2", "d2", 0.5, 1, "weak"), evidence("b2", "d2", 0.5, 9, "weak")],
        *[evidence("a3", "b3", 1.0, 1), evidence("a3", "b3", 1.0, 1, "pin", "override/x")],
        *[evidence("a4", "p4", 0.1, 1, "weak"), evidence("a4", "b5", 1.0, 1)],
        evidence("a5", "b5", 0.9, 1),
        *[evidence("a6", "p6", 0.9, 2), evidence("b6", "p6", 0.9, 3)],
    ]
    frame, people = (spark.createDataFrame(pa.Table.from_pylist(rows)) for rows in (edges, members))
    joined = joints(frame, people, RULES)
    rows = questions(joined, 10).collect()
    assert [(r.component, r.kind, r.weight, r.n_twins, r.n_records, r.n_days) for r in rows] == [
        (2, 0, 0.5, 1, 1, 1),
        (6, 1, 0.9, 1, 2, 2),
        (5, 1, 0.9, 0, 1, 1),
        (1, 1, 1.0, 0, 2, 1),
        (3, 2, 1.0, 0, 2, 1),
    ]
    assert (rows[0].a_token, rows[0].b_token, rows[0].b_type) == ("b2", "a2", "member_no")
    assert rows[0].review_id == questions(joined.repartition(7), 1).collect()[0].review_id
    assert len({r.review_id for r in rows}) == 5
