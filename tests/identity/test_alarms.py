"""People who look like welds are named by size and by density, at the limits to the identifier."""

import pytest
from pyspark.sql import SparkSession

from identity.alarms import alarming
from identity.identifiers import Alarms

MEMBERS = [
    *[(f"c{n}", "chain") for n in range(5)],
    *[(f"k{n}", "clique") for n in range(4)],
    ("x", "pair"),
    ("y", "pair"),
]
CHAIN = [(f"c{n}", f"c{n + 1}") for n in range(4)]
CLIQUE = [(f"k{a}", f"k{b}") for a in range(4) for b in range(a + 1, 4)]
LINKS = [*CHAIN, *CLIQUE, *CLIQUE, ("x", "y")]


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        (Alarms(), set()),
        (Alarms(max_cluster_tokens=5), set()),
        (Alarms(max_cluster_tokens=4), {("chain", 5, 4, 0.4, "too_many_identifiers")}),
        (Alarms(min_density=0.4), set()),
        (Alarms(min_density=0.5), {("chain", 5, 4, 0.4, "too_sparse")}),
        (
            Alarms(max_cluster_tokens=3, min_density=0.5),
            {("chain", 5, 4, 0.4, "too_many_identifiers"), ("clique", 4, 6, 1.0, "too_many_identifiers")},
        ),
    ],
)
def test_who_alarms_and_why(spark: SparkSession, alarms: Alarms, expected: set[tuple[object, ...]]) -> None:
    members = spark.createDataFrame(MEMBERS, "token string, one_id string")
    links = spark.createDataFrame(LINKS, "src_token string, dst_token string")
    assert {tuple(row) for row in alarming(members, links, alarms).collect()} == expected


def test_identifiers_without_any_evidence_between_them_alarm_too(spark: SparkSession) -> None:
    members = spark.createDataFrame([(f"a{n}", "alone") for n in range(3)], "token string, one_id string")
    links = spark.createDataFrame([], "src_token string, dst_token string")
    assert [tuple(row) for row in alarming(members, links, Alarms(min_density=0.1)).collect()] == [
        ("alone", 3, 0, 0.0, "too_sparse")
    ]
