"""Records that share no identifier and are alike: found by their model, joined as evidence, and apart again when they differ."""

import random

import pytest

from lakehouse.tables import person, silver
from tests.small_lake import SmallLake

SOURCE = "crm__member"
FEED = """
description: Members of a test.
format: csv
required: [number, at]
maps:
  silver.customer_record:
    sequence: $.at
    columns:
      record_id: $.number
      customer_token: {token: member_no, from: $.number}
      name: {rule: name, from: $.name}
      gender: $.gender
      birth_on: {rule: date, from: $.born}
      city: $.city
      joined_at: $.at
      updated_at: $.at
identifiers:
  - at: $.at
    ids: {member_no: $.number, phone: $.tel}
"""
TWICE = 20
"""People who are there twice: a model of two hundred records believes in few of them less."""
HEADER = "number,name,gender,born,city,tel,at"
CITIES = ("Bath", "Leeds", "York", "Derby", "Truro", "Ely", "Ripon", "Wells")
GIVEN = ("Anna", "Boris", "Clara", "David", "Edith", "Frank", "Grace", "Henry", "Irene", "Jacob", "Karen", "Louis")
FAMILY = (
    "Abbot",
    "Baker",
    "Carter",
    "Dyer",
    "Ember",
    "Fisher",
    "Glover",
    "Hunter",
    "Ironside",
    "Joiner",
    "Keeper",
    "Leech",
)


def members() -> list[str]:
    """Two hundred people as the clerk wrote them down, one a line."""
    dice = random.Random(3)
    rows = []
    for n in range(200):
        name = f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}{dice.choice(['', 'son', 'man', 'well', 'ton'])}"
        born = f"{dice.randrange(1940, 2005)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
        gender, city = dice.choice(["female", "male"]), dice.choice(CITIES)
        rows.append(f"M{n:03},{name},{gender},{born},{city},139{n:08},2025-01-01 09:00:00")
    return rows


def again(row: str, number: str, at: str, **change: str) -> str:
    """A line's person under another number and telephone."""
    values = dict(zip(HEADER.split(","), row.split(","), strict=True))
    return ",".join((values | {"number": number, "tel": "", "at": at} | change).values())


def deliver(small: SmallLake, name: str, rows: list[str], second: int) -> None:
    """Deliver lines and bring the map up to date."""
    small.deliver(SOURCE, name, "\n".join([HEADER, *rows, ""]), second=second)
    outcome = small.run("+silver.identity_map", "silver.identity_fence")
    assert not outcome.failures, outcome.failures


def people(small: SmallLake) -> tuple[int, int]:
    """How many people there are, and how many pairs of records were found to be alike."""
    current = small.read(silver.IDENTITY_MAP).where("is_current").select("one_id").distinct().count()
    return current, small.read(person.IDENTITY_MATCH).count()


@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("adaptive", ["false", "true"])
def test_alike_records_are_one_person_while_they_are_alike(small: SmallLake, adaptive: str) -> None:
    rows = members()
    small.source(SOURCE, FEED)
    small.spark.conf.set("spark.sql.adaptive.enabled", adaptive)
    try:
        deliver(small, "1.csv", rows, 1)
        assert people(small) == (200, 0)
        twice = [again(row, f"M9{n:02}", "2025-01-02 09:00:00") for n, row in enumerate(rows[5 : 5 + TWICE])]
        deliver(small, "2.csv", twice, 2)
        assert people(small) == (200, TWICE)
        edges = small.read(silver.IDENTITY_EDGE).where("rule_id LIKE 'match/%'").collect()
        assert [(row["rule_id"], row["is_merging"]) for row in edges] == [("match/member_no~member_no", True)] * TWICE
        other = again(rows[5], "M900", "2025-01-03 09:00:00", name="Zoe Quick", born="1999-09-09", city="Ely")
        deliver(small, "3.csv", [other], 3)
        assert people(small) == (201, TWICE - 1)
        assert small.read(silver.IDENTITY_EDGE).where("rule_id LIKE 'match/%'").count() == TWICE - 1
        before = small.versions()
        assert not small.run("+silver.identity_map", "silver.identity_fence").failures
        assert small.versions() == before
    finally:
        small.spark.conf.set("spark.sql.adaptive.enabled", "false")
