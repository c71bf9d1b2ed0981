"""Fences: shared phones, tablets and placeholders weld nobody, and the cut edges say why."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from identity.fences import judge
from identity.identifiers import IdentityRules

SCHEMA = (
    "src_token string, dst_token string, src_type string, dst_type string, rule_id string, edge_type string, "
    "weight double, is_merging boolean, first_seen_at timestamp, last_seen_at timestamp, evidence_count long"
)
Link = tuple[str, str]
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = date(2026, 3, 1)


def linked(spark: SparkSession, links: list[Link], rules: IdentityRules) -> DataFrame:
    """Edges between tokens written ``type:name``."""
    rows = []
    for number, link in enumerate(links):
        (src, src_type), (dst, dst_type) = sorted((token, token.split(":")[0]) for token in link)
        merging = rules.type_of(src_type).is_merging and rules.type_of(dst_type).is_merging
        at = START + timedelta(days=number)
        rows.append((src, dst, src_type, dst_type, f"s{number % 3}/x", "strong", 1.0, merging, at, at, 1))
    return spark.createDataFrame(rows, SCHEMA)


def judged(spark: SparkSession, edges: DataFrame, rules: IdentityRules, day: date = DAY) -> dict[Link, Row]:
    """The judged edges by their ends; placeholders are the values called ``nobody``."""
    nobody = edges.where("src_token LIKE '%:nobody'").selectExpr("src_token AS token", "'placeholder: x' AS reason")
    rows = judge(edges, rules, day, nobody.distinct()).collect()
    return {(row["src_token"], row["dst_token"]): row for row in rows}


def changed(rules: IdentityRules, name: str, **settings: object) -> IdentityRules:
    """The rules with other settings of one type."""
    kinds = tuple(kind.model_copy(update=settings) if kind.name == name else kind for kind in rules.identifiers)
    return rules.model_copy(update={"identifiers": kinds})


def test_fences(spark: SparkSession, rules: IdentityRules) -> None:
    people: list[Link] = [
        ("phone:mine", "member_no:1"),
        ("phone:mine", "app_user:1"),
        ("phone:mine", "app_user:1"),  # by another rule: one neighbour all the same
        ("phone:mine", "coffee_openid:1"),
        ("device:mine", "app_user:1"),
        ("device:mine", "coffee_openid:1"),  # one person's accounts of two kinds on one device
        ("device:mine", "anonymous_app:1"),
        ("device:mine", "anonymous_app:2"),
    ]
    crowd: list[Link] = [("phone:0", f"member_no:{i}") for i in range(100, 120)]
    family: list[Link] = [("phone:home", f"member_no:{i}") for i in range(200, 203)]
    tablet: list[Link] = [
        ("device:shared", "app_user:301"),
        ("device:shared", "app_user:302"),
        ("device:shared", "anonymous_app:301"),
    ]
    parcels: list[Link] = [("recipient_phone:r", f"tiger_account:{i}") for i in range(100)]
    found = judged(spark, linked(spark, people + crowd + family + tablet + parcels, rules), rules)
    cut = {ends: row for ends, row in found.items() if row["fence_reason"]}
    assert set(cut) == {tuple(sorted(link)) for link in crowd + family + tablet}
    assert not any(row["is_merging"] for row in cut.values())
    assert {row["is_merging"] for ends, row in found.items() if "recipient_phone:r" in ends} == {False}
    assert all(found[min(link), max(link)]["is_merging"] for link in people)
    assert {row["fence_reason"] for row in cut.values()} == {
        "degree: phone: 20 accounts share it, max_degree 12",
        "degree: phone: 3 accounts of one type share it, max_same_type 2",
        "shared_device: device: 2 accounts of one type share it, max_same_type 1",
    }


def test_a_guest_account_with_everybodys_phone_is_cut(spark: SparkSession, rules: IdentityRules) -> None:
    capped = changed(rules, "web_user", max_neighbours=5)
    guest: list[Link] = [("web_user:guest", f"phone:{i}") for i in range(6)]
    person: list[Link] = [("web_user:person", f"phone:{i}") for i in range(50, 55)]
    found = judged(spark, linked(spark, guest + person, capped), capped)
    assert {found[min(link), max(link)]["fence_reason"] for link in person} == {None}
    assert {found[min(link), max(link)]["fence_reason"] for link in guest} == {
        "degree: web_user: 6 identifiers seen with it, max_neighbours 5"
    }


def test_a_placeholder_says_nothing_and_counts_for_nobody(spark: SparkSession, rules: IdentityRules) -> None:
    capped = changed(rules, "member_no", max_neighbours=1)
    links: list[Link] = [("member_no:nobody", "phone:1"), ("member_no:2", "phone:1")]
    found = judged(spark, linked(spark, links, capped), capped)
    assert found["member_no:nobody", "phone:1"]["fence_reason"] == "placeholder: x"
    assert found["member_no:2", "phone:1"]["is_merging"]


@pytest.mark.parametrize(("ttl", "reason"), [(59, "expired: last seen on 2026-01-01, edge_ttl_days 59"), (60, None)])
def test_an_edge_that_was_not_seen_for_its_time_expires(
    spark: SparkSession, rules: IdentityRules, ttl: int, reason: str | None
) -> None:
    aged = changed(changed(rules, "card", edge_ttl_days=ttl), "member_no", edge_ttl_days=400)
    found = judged(spark, linked(spark, [("member_no:1", "card:1")], aged), aged, date(2026, 3, 2))
    assert found["card:1", "member_no:1"]["fence_reason"] == reason


def test_few_witnesses_do_not_join(spark: SparkSession, rules: IdentityRules) -> None:
    asking = changed(rules, "card", witnesses=3, main_share=0.6, vouched_by=("s0",), max_same_type=9)
    edges = linked(spark, [("tiger_account:a", f"card:{i}") for i in range(4)], asking)
    rows = {f"card:{i}": n for i, n in enumerate((1, 6, 2, 1))}
    counted = edges.drop("evidence_count", "rule_id").join(
        spark.createDataFrame(
            [(card, n, "s0/x" if card == "card:0" else "s1/x") for card, n in rows.items()],
            "src_token string, evidence_count long, rule_id string",
        ),
        on="src_token",
    )
    found = judged(spark, counted.select(edges.columns), asking)
    assert {ends[0]: row["fence_reason"] for ends, row in found.items()} == {
        "card:0": None,  # its source is trusted
        "card:1": None,  # six of ten
        "card:2": "witness: 2 records say so, witnesses 3",
        "card:3": "witness: 1 records say so, witnesses 3",
    }
    rarer = judged(spark, counted.select(edges.columns), changed(asking, "card", main_share=0.7))
    assert rarer["card:1", "tiger_account:a"]["fence_reason"] == "witness: 0.60 of its records say so, main_share 0.7"


def test_what_was_left_on_a_device_long_before_or_after_its_accounts_is_somebody_elses(
    spark: SparkSession, rules: IdentityRules
) -> None:
    lent = changed(rules, "device", max_gap_days=20)
    used: list[Link] = [
        ("device:d", "anonymous_web:before"),  # 21 days before the first account
        ("device:d", "anonymous_web:just"),
        ("device:old", "anonymous_mall:alone"),  # no account was ever seen on it
    ]
    use: list[Link] = [("device:d", "app_user:1"), ("device:d", "coffee_openid:1")]
    after: list[Link] = [("device:d", "anonymous_mall:then"), ("device:d", "anonymous_mall:after")]
    filler: list[Link] = [("email:x", f"web_user:{i}") for i in range(20)]
    links = used + filler[2:] + use + filler[:19] + after  # link n is seen on day n
    found = judged(spark, linked(spark, links, lent), lent)
    reasons = {other: row["fence_reason"] for (other, end), row in found.items() if end.startswith("device:")}
    words = "shared_device: device: 21 days from any account's use, max_gap_days 20"
    assert {other for other, reason in reasons.items() if reason} == {"anonymous_web:before", "anonymous_mall:after"}
    assert {reasons["anonymous_web:before"], reasons["anonymous_mall:after"]} == {words}
    assert len(reasons) == len(used + use + after)


def test_a_degree_is_counted_within_its_window(spark: SparkSession, rules: IdentityRules) -> None:
    # Link n is seen on day n: four accounts within four days, or one after the other.
    busy: list[Link] = [("phone:busy", f"member_no:{i}") for i in range(4)]
    quiet: list[Link] = [("phone:quiet", f"member_no:{i}") for i in range(10, 14)]
    filler: list[Link] = [("email:x", f"web_user:{i}") for i in range(9)]
    spread = [link for one in quiet for link in (one, *filler)]
    for window, cut in ((None, {"phone:busy", "phone:quiet"}), (5, {"phone:busy"}), (3, set())):
        timed = changed(rules, "phone", max_degree=3, max_same_type=3, degree_window_days=window)
        found = judged(spark, linked(spark, busy + spread, timed), timed)
        reasons = {ends[1]: row["fence_reason"] for ends, row in found.items() if ends[1].startswith("phone")}
        assert {phone for phone, reason in reasons.items() if reason} == cut
        if window == 5:
            assert reasons["phone:busy"] == "degree: phone: 4 accounts share it within 5 days, max_degree 3"
