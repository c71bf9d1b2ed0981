"""Fences by increments: twenty random days of sightings, each day's table equal to all edges judged at once."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from identity.edges import edges, edges_of
from identity.fences import REASONS, judge
from identity.hygiene import placeholders
from identity.identifiers import IdentityRules
from identity.refenced import rejudge

START = date(2026, 1, 1)
SCHEMA = (
    "source string, record_id string, id_type string, id_token string, first_seen_at timestamp, last_seen_at timestamp, "
    "seen_days array<date>"
)
KEY = ("src_token", "dst_token", "rule_id")
Record = tuple[str, tuple[tuple[str, str], ...]]

RULES = IdentityRules.model_validate(
    {
        "placeholder_share": 0.12,
        "placeholder_min_records": 5,
        "identifiers": [
            {"name": "member", "kind": "account", "strength": "strong", "is_merging": True, "priority": 1, "max_degree": 9},
            {
                "name": "phone", "kind": "contact", "strength": "strong", "is_merging": True, "priority": 2, "max_degree": 3,
                "max_same_type": 2, "degree_window_days": 6, "edge_ttl_days": 8,
            },
            {
                "name": "parcel", "kind": "contact", "strength": "strong", "is_merging": True, "priority": 3, "max_degree": 2,
                "witnesses": 2, "main_share": 0.5, "vouched_by": ["crm"],
            },
            {"name": "cookie", "kind": "trace", "strength": "strong", "is_merging": True, "priority": 4, "max_degree": 9},
            {
                "name": "device", "kind": "trace", "strength": "weak", "is_merging": True, "priority": 5, "max_degree": 2,
                "max_gap_days": 2,
            },
        ],
    }
)  # fmt: skip


class Shop:
    """Records that are seen again and again, with what a lake keeps of them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.seen: dict[Record, set[date]] = {}

    def record(self) -> Record:
        """A member with one or two other identifiers, few values each, some of them popular."""
        dice = self.dice
        ids = [("member", f"m{dice.randrange(12)}")] if dice.random() < 0.8 else []
        kinds = dice.sample(["phone", "parcel", "device"], dice.choice([1, 1, 2]))
        ids += [(kind, f"{kind[:2]}{min(dice.randrange(14), dice.randrange(14))}") for kind in kinds]
        return dice.choice(["crm", "shop", "app"]), tuple(sorted(ids))

    def live(self, day: date) -> set[Record]:
        """One day's records: new ones, and some seen before."""
        found = {self.record() for _ in range(self.dice.randrange(1, 5))}
        found |= set(self.dice.sample(sorted(self.seen), min(len(self.seen), 2)))
        for record in found:
            self.seen.setdefault(record, set()).add(day)
        return found

    def observations(self, spark: SparkSession) -> DataFrame:
        """Rows of silver.identifier_observation."""
        rows = []
        for (source, ids), days in self.seen.items():
            first, last = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (min(days), max(days)))
            rows += [(source, str(ids), kind, value, first, last, sorted(days)[:8]) for kind, value in ids]
        return spark.createDataFrame(rows, SCHEMA)


def identifiers(observations: DataFrame) -> DataFrame:
    """Rows of silver.identifier, as far as placeholders need them."""
    return observations.groupBy("id_token", "id_type").agg(F.count("*").alias("n_records"))


def table(frame: DataFrame) -> dict[tuple[str, ...], Row]:
    """Judged edges by their key; fails when one comes twice."""
    rows = frame.select(*sorted(frame.columns)).collect()
    found = {tuple(row[name] for name in KEY): row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("days", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_random_days_equal_full_runs(spark: SparkSession, days: int) -> None:
    shop, known = Shop(5), None
    rows: dict[tuple[str, ...], Row] = {}
    met: set[str] = set()
    shares: list[float] = []
    for number in range(days):
        day = START + timedelta(days=number)
        records = spark.createDataFrame([(s, str(i)) for s, i in shop.live(day)], "source string, record_id string")
        observations = shop.observations(spark)
        empty = placeholders(identifiers(observations), RULES)
        full = judge(edges(observations, RULES), RULES, day, empty).localCheckpoint()
        if known is None:
            known = full
        else:
            fresh = edges_of(observations, records, RULES)
            part = table(rejudge(fresh, known, RULES, day, empty))
            shares.append(len(part) / full.count())
            rows |= part
            assert rows == table(full), f"day {number}"
            known = full  # what a MERGE would have made of it: just held to be equal
        rows = table(full)
        met |= {(row[name] or "none").split(":")[0] for row in rows.values() for name in REASONS}
    assert met >= {"none", "degree"}
    assert days < 20 or met == {"none", "placeholder", "expired", "witness", "degree", "shared_device"}
    assert min(shares[4:]) < 0.9, "only what is touched"
    assert days < 20 or min(shares[5:]) < 0.7


GAPS: dict[int, tuple[tuple[str, str], ...]] = {
    0: (("member:m0", "device:d0"), ("cookie:c0", "device:d0"), ("cookie:c1", "device:d1")),
    3: (("cookie:c2", "device:d0"),),
    4: (("member:m0", "device:d0"),),
    5: (("member:m1", "device:d1"),),
    6: (("cookie:c1", "device:d1"),),
}
FAR: dict[int, dict[str, str]] = {
    3: {"c2": "shared_device: device: 3 days from any account's use, max_gap_days 2"},
    5: {"c1": "shared_device: device: 5 days from any account's use, max_gap_days 2"},
}
"""Which cookies are too far from their device's use after each day: the use comes back, or the cookie does."""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_gap_opens_and_closes_as_in_a_full_run(spark: SparkSession) -> None:
    shop, known = Shop(5), None
    for number, links in GAPS.items():
        day = START + timedelta(days=number)
        records: list[Record] = [("app", tuple(sorted(_named(end) for end in link))) for link in links]
        for record in records:
            shop.seen.setdefault(record, set()).add(day)
        observations = shop.observations(spark)
        empty = placeholders(identifiers(observations), RULES)
        full = judge(edges(observations, RULES), RULES, day, empty).localCheckpoint()
        if known is not None:
            seen = spark.createDataFrame([(s, str(i)) for s, i in records], "source string, record_id string")
            part = table(rejudge(edges_of(observations, seen, RULES), known, RULES, day, empty))
            assert table(known) | part == table(full), f"day {number}"
        found = {row["src_token"]: row["fence_reason"] for row in table(full).values() if row["fence_reason"]}
        assert found == FAR.get(number, {})
        known = full


def _named(end: str) -> tuple[str, str]:
    kind, _, value = end.partition(":")
    return kind, value
