"""Shows that generation is deterministic, scales, dates its deliveries rightly and plants what it promises."""

from datetime import date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from simulate import Brand, campaigns, generate
from simulate.assortment import CAFE_SIZE, PAIRS, PRODUCTS
from simulate.dice import Dice
from simulate.feeds import FEEDS
from simulate.orders import orders
from simulate.people import people
from tests.simulate.conftest import SMALL
from tests.simulate.staged import Staged, day_of, text

SELDOM = frozenset({"consent/event", "service/call"})
EVENTS = ("app/event", "miniprogram_coffee/event", "miniprogram_mall/event", "web/event")
KEYS = {
    **dict.fromkeys(EVENTS, "messageId"),
    "pos/receipt_north": "receipt_no",
    "pos/receipt_south": "小票号",
    "ads/click": "click_id",
    "campaign/send": "send_id",
    "consent/event": "consent_id",
    "service/call": "call_id",
    "review/review": "review_id",
    "survey/answer": "answer_id",
}
# When a row reached the system that delivers it; no row waits longer than two days.
ARRIVALS = {
    **dict.fromkeys(EVENTS, ("receivedAt", 0)),
    "pos/receipt_south": ("销售日期", 2),
    "ads/click": ("clicked_at", 0),
    "ads/spend": ("day", 0),
    "campaign/send": ("sent_at", 0),
    "campaign/receipt": ("at", 0),
    "consent/event": ("at", 0),
    "crm/member": ("updated_at", 0),
    "market_tiger/order": ("updated_at", 2),
    "service/call": ("started_at", 0),
    "survey/answer": ("at", 0),
    "trace/scan": ("scanned_at", 0),
    "club/subscription": ("recorded_at", 0),
}


def test_the_same_seed_gives_the_same_content(spark: SparkSession, staged: Staged, tmp_path: Path) -> None:
    told: list[str] = []
    zone = spark.conf.get("spark.sql.session.timeZone")
    generate(spark, SMALL, str(tmp_path), told.append)
    assert Staged(tmp_path).digest() == staged.digest()
    assert len(staged.digest()) > 60
    assert {feed.name for feed in FEEDS} < set(told)
    assert len(told) == len(set(told))
    assert spark.conf.get("spark.sql.session.timeZone") == zone


def test_another_seed_gives_other_people(spark: SparkSession) -> None:
    first, second = (people(spark, SMALL, Dice(seed)).select("id", "rate", "taste") for seed in (7, 8))
    assert first.join(second, on=["id", "rate", "taste"], how="inner").where("rate > 0").count() == 0


@pytest.mark.parametrize("feed", sorted(KEYS))
def test_deliveries_are_disjoint(staged: Staged, feed: str) -> None:
    deliveries = [{text(row, KEYS[feed]) for row in staged.rows(feed, f"{number:03d}")} for number in range(4)]
    assert sum(len(keys) for keys in deliveries) == len(set().union(*deliveries))
    assert len(deliveries[0]) > 10 * len(deliveries[1])


@pytest.mark.parametrize("feed", sorted(ARRIVALS))
def test_deliveries_hold_their_days(staged: Staged, feed: str) -> None:
    field, late = ARRIVALS[feed]
    seen = 0
    for number in range(1, SMALL.increments + 1):
        days = {_day(text(row, field)) for row in staged.rows(feed, f"{number:03d}")}
        assert all(0 <= (day_of(number) - day).days <= late for day in days), days
        seen += len(days)
    assert seen or feed in SELDOM, "no increment has a row"
    assert max(_day(text(row, field)) for row in staged.rows(feed, "000")) < SMALL.start.replace(year=2026)


def test_twice_the_people_give_twice_the_rows(staged: Staged, doubled: Staged) -> None:
    for feed in (*EVENTS, "pos/receipt_north", "pos/receipt_south", "crm/member", "trace/scan", "campaign/send"):
        assert 1.5 < len(doubled.rows(feed)) / len(staged.rows(feed)) < 2.6, feed
    total = [sum(len(brand.rows(feed)) for feed in KEYS) for brand in (staged, doubled)]
    assert 1.75 < total[1] / total[0] < 2.25


def test_people_buy_and_browse_as_much_as_they_should(doubled: Staged) -> None:
    lines = sum(len(bought) for order in doubled.base("orders") if isinstance(bought := order["lines"], list))
    events = sum(len(doubled.rows(feed)) for feed in EVENTS)
    assert 8 <= lines / 400 <= 14
    assert 30 <= events / 400 <= 55


def test_what_goes_together_is_bought_together(doubled: Staged) -> None:
    baskets = [
        [line["sku"] for line in bought]
        for order in doubled.base("orders")
        if isinstance(bought := order["lines"], list)
    ]
    pairs = [basket for basket in baskets if len(basket) > 1]
    assert 0.55 < sum(PAIRS[basket[0]] == basket[1] for basket in pairs) / len(pairs) < 0.72
    assert all(len(set(basket)) == len(basket) for basket in baskets)
    assert all((sku < CAFE_SIZE) == (basket[0] < CAFE_SIZE) for basket in baskets for sku in basket)
    assert {sku for basket in baskets for sku in basket} == set(range(len(PRODUCTS)))


def test_the_treated_buy_more_by_the_planted_effect(spark: SparkSession) -> None:
    brand, dice = Brand(people=12_000), Dice(7)
    crowd = people(spark, brand, dice)
    last = campaigns.count(brand) - 2  # the one before the last: its two weeks are over
    after = f"(day - {campaigns.first_day(brand)})"
    within = f"{after} > 0 AND {after} % {campaigns.EVERY_DAYS} BETWEEN 1 AND {campaigns.EFFECT_DAYS}"
    asked = crowd.where("kind = 'person'").selectExpr("*", f"explode(sequence(0, {last})) AS campaign")
    bought = orders(crowd, brand, dice).where(within).selectExpr("*", f"{after} DIV {campaigns.EVERY_DAYS} AS campaign")
    arm = [f"{campaigns.is_held_out(dice, 'campaign')} AS held_out", f"{campaigns.uplift('campaign')} > 0 AS works"]
    counts = [
        frame.where(f"campaign <= {last} AND {campaigns.in_audience(brand, dice, 'campaign')}")
        .selectExpr(*arm)
        .groupBy("held_out", "works")
        .count()
        for frame in (asked, bought)
    ]
    people_in, orders_of = (
        {(row["held_out"], row["works"]): row["count"] for row in frame.collect()} for frame in counts
    )
    rates = {arm: orders_of[arm] / people_in[arm] for arm in people_in}
    assert abs(rates[False, False] / rates[True, False] - 1) < 0.10, "no effect where none is planted"
    planted = [uplift for number in range(last + 1) if (uplift := campaigns.UPLIFTS[number % len(campaigns.UPLIFTS)])]
    assert abs(rates[False, True] / rates[True, True] - 1 - sum(planted) / len(planted)) < 0.20


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment.replace("/", "-")).date()
