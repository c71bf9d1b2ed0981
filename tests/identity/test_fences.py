"""Degree caps: shared phones, tablets and placeholders weld nobody, and the cut edges say why."""

from pyspark.sql import DataFrame, SparkSession

from identity.fences import fence
from identity.identifiers import IdentityRules

SCHEMA = (
    "src_token string, dst_token string, src_type string, dst_type string, rule_id string, edge_type string, "
    "weight double, is_merging boolean, first_seen_at timestamp, last_seen_at timestamp, evidence_count long"
)
Link = tuple[str, str]


def linked(spark: SparkSession, links: list[Link], rules: IdentityRules) -> DataFrame:
    """Edges between tokens written ``type:name``."""
    rows = []
    for number, link in enumerate(links):
        (src, src_type), (dst, dst_type) = sorted((token, token.split(":")[0]) for token in link)
        merging = rules.type_of(src_type).is_merging and rules.type_of(dst_type).is_merging
        rows.append((src, dst, src_type, dst_type, f"s{number % 3}", "strong", 1.0, merging, None, None, 1))
    return spark.createDataFrame(rows, SCHEMA)


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
    placeholder: list[Link] = [("phone:0", f"member_no:{i}") for i in range(100, 120)]
    family: list[Link] = [("phone:home", f"member_no:{i}") for i in range(200, 203)]
    tablet: list[Link] = [
        ("device:shared", "app_user:301"),
        ("device:shared", "app_user:302"),
        ("device:shared", "anonymous_app:301"),
    ]
    parcels: list[Link] = [("recipient_phone:r", f"tiger_account:{i}") for i in range(100)]
    kept, cut = fence(linked(spark, people + placeholder + family + tablet + parcels, rules), rules)
    keeps = {(row["src_token"], row["dst_token"]): row["is_merging"] for row in kept.collect()}
    cuts = {(row["src_token"], row["dst_token"]): row for row in cut.collect()}
    assert set(keeps) == {tuple(sorted(link)) for link in people + parcels}
    assert {merging for ends, merging in keeps.items() if "recipient_phone:r" in ends} == {False}
    assert {merging for ends, merging in keeps.items() if "recipient_phone:r" not in ends} == {True}
    assert set(cuts) == {tuple(sorted(link)) for link in placeholder + family + tablet}
    assert not any(row["is_merging"] for row in cuts.values())
    assert {row["reason"] for row in cuts.values()} == {
        "phone: 20 accounts share it, max_degree 12",
        "phone: 3 accounts of one type share it, max_same_type 2",
        "device: 2 accounts of one type share it, max_same_type 1",
    }
    assert cut.columns == [*kept.columns, "reason"]


def test_a_guest_account_with_everybodys_phone_is_cut(spark: SparkSession, rules: IdentityRules) -> None:
    capped = rules.model_copy(
        update={
            "identifiers": tuple(
                kind.model_copy(update={"max_neighbours": 5}) if kind.name == "web_user" else kind
                for kind in rules.identifiers
            )
        }
    )
    guest: list[Link] = [("web_user:guest", f"phone:{i}") for i in range(6)]
    person: list[Link] = [("web_user:person", f"phone:{i}") for i in range(50, 55)]
    kept, cut = fence(linked(spark, guest + person, capped), capped)
    assert {tuple(sorted((row["src_token"], row["dst_token"]))) for row in kept.collect()} == {
        tuple(sorted(link)) for link in person
    }
    assert {row["reason"] for row in cut.collect()} == {"web_user: 6 identifiers seen with it, max_neighbours 5"}
