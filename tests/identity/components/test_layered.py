"""Weak evidence adds to people and never joins two of them, over any number of steps."""

from pyspark.sql import SparkSession

from identity.components import Forest
from identity.components.layered import layered


def test_weak_edges_never_join_two_known_people(spark: SparkSession) -> None:
    people = [(1, 2), (2, 3), (11, 12), (21, 22), (31, 32)]
    weak = [
        (3, 50),  # a device of one person: joins
        (50, 51),  # and what hangs on the device
        (12, 60),  # a tablet, by way of a cookie, between two people: refused, both ways
        (60, 61),
        (61, 22),
        (70, 71),  # two traces that nobody owns: one group
        (31, 32),  # weak beside strong: nothing to refuse
        (80, 81),  # two known people who have weak edges only
    ]
    rows = [(*edge, False) for edge in people] + [(*edge, True) for edge in weak]
    known = spark.createDataFrame([(v,) for v in (1, 3, 11, 12, 21, 31, 80, 81)], "vertex long")
    layers = layered(spark.createDataFrame(rows, "src long, dst long, is_weak boolean"), known, Forest())
    solved = layers.components.collect()
    found = {row["vertex"]: row["component"] for row in solved}
    reaches = {row["vertex"]: (row["point"], row["reach"]) for row in solved}
    refused = {tuple(row) for row in layers.refused.collect()}
    followed = {tuple(row) for row in layers.followed.collect()}
    layers.release()
    assert found == {
        **dict.fromkeys((1, 2, 3, 50, 51), 1),
        **dict.fromkeys((11, 12), 11),
        **dict.fromkeys((21, 22), 21),
        **dict.fromkeys((31, 32), 31),
        **dict.fromkeys((70, 71), 70),
        **{vertex: vertex for vertex in (60, 61, 80, 81)},
    }
    assert {reaches[v] for v in (11, 12)} == {(11, 11)}
    assert {reaches[v] for v in (21, 22, 60, 61)} == {(21, 11), (60, 11), (61, 11)}
    assert (reaches[51], reaches[71]) == ((51, 1), (71, 70))
    assert refused == {(12, 60), (60, 61), (61, 22), (80, 81)}
    assert followed == {*people, *weak} - refused
