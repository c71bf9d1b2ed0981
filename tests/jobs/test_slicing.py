"""Slices of people: gender and tier of the city, and what a file of tiers must not be."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.slicing import attributes, load_tiers
from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT, load_settings


def test_who_is_in_no_city_is_in_no_tier_and_an_unlisted_city_is_other(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "city_tiers.yml").write_text("first: [上海]\nsecond: [Kassel]\n", encoding="utf-8")
    people = [("a", "female", "上海"), ("b", None, "Kassel"), ("c", "male", "Utrecht"), ("d", None, None)]
    customers = spark.createDataFrame(people, "one_id string, gender string, city string")
    customers = customers.withColumn("joined_at", F.timestamp_seconds(F.lit(1_700_000_000)))
    found = attributes(customers, load_settings(conf=str(tmp_path))).toArrow().to_pylist()
    assert {row["one_id"]: (row["gender"], row["city_tier"]) for row in found} == {
        "a": ("female", "first"),
        "b": (None, "second"),
        "c": ("male", "other"),
        "d": (None, None),
    }


def test_the_projects_own_tiers_are_read_and_no_file_is_no_tier(tmp_path: Path) -> None:
    assert load_tiers(ROOT / "conf" / "city_tiers.yml")["北京"] == "first"
    assert load_tiers(tmp_path / "city_tiers.yml") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("first: 上海", "a list of cities is expected"),
        ("first: [1]", "a list of cities is expected"),
        ("first: [上海]\nsecond: [上海]", "上海 is listed twice"),
        ("first: [上海, 上海]", "上海 is listed twice"),
        ("[上海]", "tiers with lists of cities are expected"),
        ("first: [", "not YAML"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "city_tiers.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=told) as caught:
        load_tiers(path)
    assert "city_tiers.yml" in str(caught.value)
