"""Tiers by quantile and by thresholds, and who moved between them since the day before."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from jobs.gold.agg_rfm_migration import agg_rfm_migration
from jobs.gold.mart_rfm import mart_rfm
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver
from tests.jobs.frames import frame, owners
from tests.small_lake import settings_for

DAY = date(2025, 6, 30)
THRESHOLDS = """
cuts: thresholds
thresholds: {recency_days: [7, 30, 60, 120], frequency: [1, 2, 3, 4], monetary_amount: [10, 20, 30, 40]}
tiers:
  - {name: active, r: [5, 5]}
  - {name: resting}
"""


def settings(folder: Path, text: str = THRESHOLDS) -> Settings:
    (folder / "conf" / "value").mkdir(parents=True)
    (folder / "conf" / "value" / "rfm.yml").write_text(text, encoding="utf-8")
    return settings_for(folder, folder / "conf")


def lines(spark: SparkSession, orders: Mapping[str, list[int]]) -> DataFrame:
    """Order lines of tokens: an order of 15 so many days before the day."""
    rows = [
        {
            "order_id": f"{token}-{ago}",
            "line_no": "1",
            "customer_token": token,
            "ordered_on": DAY - timedelta(days=ago),
            "ordered_at": datetime(2025, 1, 1, tzinfo=UTC),
            "net_amount": Decimal(15),
            "is_return": False,
            "is_cancelled": False,
        }
        for token, days in orders.items()
        for ago in days
    ]
    return frame(spark, gold.FCT_ORDER_LINE, rows)


def migration(bought: DataFrame, people: DataFrame, own: Settings) -> DataFrame:
    found = agg_rfm_migration.transform(lines=bought, identity_map=people, as_of=DAY, settings=own)
    assert isinstance(found, DataFrame)
    return found


def test_who_moved_is_counted_by_pair_of_tiers(spark: SparkSession, tmp_path: Path) -> None:
    people = owners(spark, silver.IDENTITY_MAP, {"A": "t1 t2", "B": "t3", "C": "t4", "D": "t5"})
    bought = lines(spark, {"t1": [90], "t2": [0], "t3": [8], "t4": [0], "t5": [3]})
    found = migration(bought, people, settings(tmp_path))
    moved = {(r.from_tier, r.to_tier): (r.n_people, r.monetary_amount) for r in found.collect()}
    assert moved == {
        ("resting", "active"): (1, Decimal(30)),  # A, by an account that bought today
        ("active", "resting"): (1, Decimal(15)),  # B, a week and a day ago
        ("none", "active"): (1, Decimal(15)),  # C, new
        ("active", "active"): (1, Decimal(15)),  # D
    }


def test_the_later_day_is_the_marts(spark: SparkSession, tmp_path: Path) -> None:
    days = {f"t{i}": [i, 2 * i + 1, 3 * i] for i in range(40)}
    people = owners(spark, silver.IDENTITY_MAP, {f"P{i}": f"t{i}" for i in range(40)})
    own = settings(tmp_path, "cuts: quantile")
    found = migration(lines(spark, days), people, own)
    marts = [
        {
            "one_id": f"P{i}",
            "last_order_on": DAY - timedelta(days=min(ago)),
            "orders": len(set(ago)),
            "revenue_amount": Decimal(15 * len(set(ago))),
        }
        for i, ago in enumerate(days.values())
    ]
    mart = mart_rfm.transform(frame(spark, gold.MART_CUSTOMER_360, marts), as_of=DAY, settings=own)
    assert isinstance(mart, DataFrame)
    wanted = {row.tier: row["count"] for row in mart.groupBy("tier").count().collect()}
    assert {
        r.to_tier: r.n for r in found.groupBy("to_tier").agg({"n_people": "sum"}).toDF("to_tier", "n").collect()
    } == wanted
    assert len(wanted) > 2
