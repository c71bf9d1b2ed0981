"""Shows that the row which showed an identifier first is found whatever the order of delivery, and is found again by explain."""

import itertools
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.explaining.register import Register
from jobs.references import Origin, origins_of
from lakehouse.tables import silver
from tests.small_lake import SmallLake

SOURCE = """
description: Visits for a test.
format: csv
required: [user, phone, at]
identifiers:
  - at: $.at
    ids: {app_user: $.user, phone: $.phone}
"""
FILES = {
    "a.csv": "user,phone,at\nu1,13911112222,2025-01-03 10:00:00\nu2,13911113333,2025-01-02 10:00:00\n",
    "b.csv": "user,phone,at\nu9,13911119999,2025-01-01 09:00:00\nu1,13911112222,2025-01-01 10:00:00\n",
    "c.csv": "user,phone,at\nu1,13911112222,2025-01-01 10:00:00\n",
}


@pytest.mark.parametrize("order", list(itertools.permutations(FILES))[::2], ids=lambda o: "".join(n[0] for n in o))
def test_the_first_row_is_the_same_in_any_order_of_delivery(
    spark: SparkSession, tmp_path: Path, order: tuple[str, ...]
) -> None:
    small = SmallLake(spark, tmp_path)
    small.source("app__visit", SOURCE)
    for second, name in enumerate(order):
        small.deliver("app__visit", name, FILES[name], second)
        assert small.run("+silver.identifier_observation").failures == []
    rows = small.read(silver.IDENTIFIER_OBSERVATION).collect()
    found = {(Path(r._first_row.file).name, r._first_row.row, str(r._first_row.seen_at)) for r in rows}
    assert found == {
        ("b.csv", 2, "2025-01-01 10:00:00"),
        ("a.csv", 2, "2025-01-02 10:00:00"),
        ("b.csv", 1, "2025-01-01 09:00:00"),
    }
    register = Register(small.settings.lake_path)
    read = register.ask(silver.IDENTIFIER_OBSERVATION, silver.IDENTIFIER_OBSERVATION.column_names, "id_type = 'phone'")
    origins = {origin for row in read for origin in origins_of(silver.IDENTIFIER_OBSERVATION, row, register)}
    assert {(Path(one.file).name, one.row) for one in origins} == {("b.csv", 2), ("a.csv", 2), ("b.csv", 1)}
    assert all(isinstance(one, Origin) and one.file.startswith("file:") for one in origins)
