"""Each level of identity, from what identifiers a person has."""

from collections.abc import Sequence

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules
from identity.levels import LEVELS, confirmed, level, shown


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([("anonymous_web", 1), ("device", 3), ("recipient_phone", 2)], "anonymous"),
        ([("anonymous_coffee", 1), ("coffee_openid", 1)], "pseudonymous"),
        ([("tiger_account", 4)], "pseudonymous"),
        ([("unionid", 2)], "pseudonymous"),
        ([("tiger_account", 2), ("phone", 1)], "known"),
        ([("email", 1)], "known"),
        ([("member_no", 5)], "known"),
        ([("app_user", 1)], "known"),
        ([("web_user", 1)], "known"),
        ([("phone", 2)], "verified"),
        ([("member_no", 1), ("email", 3)], "verified"),
        ([("of no type", 9)], "anonymous"),
    ],
)
def test_a_person_is_known_by_the_best_of_their_identifiers(
    held: Sequence[tuple[str, int]], expected: str, rules: IdentityRules, spark: SparkSession
) -> None:
    frame = spark.createDataFrame(held, "id_type string, n_sources bigint")
    best = level(F.max(confirmed(rules, F.col("id_type"), F.col("n_sources")))).alias("level")
    row = frame.agg(best).first()
    assert row is not None
    assert row["level"] == expected


def test_confirmation_never_makes_an_identifier_show_less(rules: IdentityRules, spark: SparkSession) -> None:
    rows = [(kind.name, n) for kind in rules.identifiers for n in (1, 2, 3)]
    frame = spark.createDataFrame(rows, "id_type string, n_sources bigint")
    alone, more = shown(rules, F.col("id_type")), confirmed(rules, F.col("id_type"), F.col("n_sources"))
    assert frame.where(more < alone).count() == 0
    assert {row[0] for row in frame.select(level(more)).distinct().collect()} == set(LEVELS)
