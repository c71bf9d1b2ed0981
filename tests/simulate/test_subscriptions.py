"""Shows that the paid club bills what the truth says, that people lapse as often as they should, and why."""

import hashlib
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import exp, sqrt

import pytest

from simulate import dirt, subscriptions
from simulate.club import CORRECTED
from simulate.subscriptions import TERM_DAYS
from tests.simulate.staged import Row, Staged, text
from tests.simulate.test_dirt import assert_rate

FEED, TRUTH = "club/subscription", "subscription_term"
START = date(2025, 1, 1)
REST = "566df972f3a3beb809d84512571fd6cc295f6332fce34c869cd2d84aeb5e7dc7"
"""Of all that is generated for 200 people beside the club's own: as it was before there was a club."""


@pytest.fixture(scope="module")
def truth(doubled: Staged) -> list[Row]:
    return sorted(doubled.truth(TRUTH), key=lambda row: (text(row, "subscription_id"), text(row, "starts_on")))


@pytest.fixture(scope="module")
def stated(doubled: Staged) -> list[Row]:
    return doubled.rows(FEED)


def _number(row: Row, name: str) -> float:
    value = row[name]
    assert isinstance(value, (int, float))
    return float(value)


def _day(value: object) -> int:
    return (date.fromisoformat(str(value)[:10]) - START).days


def _of_subscription(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[text(row, "subscription_id")].append(row)
    return found


def test_everything_else_is_as_it_was_without_the_club(staged: Staged) -> None:
    rest = {name: found for name, found in staged.digest().items() if FEED not in name and TRUTH not in name}
    assert hashlib.sha256(repr(sorted(rest.items())).encode()).hexdigest() == REST, "other draws: golden figures change"


def test_terms_follow_one_another_until_the_last_and_then_there_is_a_gap(truth: list[Row]) -> None:
    for rows in _of_subscription(truth).values():
        assert len({row["person_id"] for row in rows}) == 1
        assert [row["term_no"] for row in rows] == list(range(1, len(rows) + 1))
        for before, after in pairwise(rows):
            gap = _day(after["starts_on"]) - _day(before["ends_on"])
            assert gap % TERM_DAYS == 0
            assert (gap > 0) == before["is_last"]
        assert all(_day(row["ends_on"]) - _day(row["starts_on"]) == TERM_DAYS for row in rows)


def test_as_many_lapse_as_should_among_the_likely_and_the_unlikely(truth: list[Row]) -> None:
    ranked = sorted(truth, key=lambda row: _number(row, "lapse_probability"))
    for part in range(4):
        rows = ranked[part * len(ranked) // 4 : (part + 1) * len(ranked) // 4]
        chances = [_number(row, "lapse_probability") for row in rows]
        margin = 4 * sqrt(sum(p * (1 - p) for p in chances))
        assert abs(sum(bool(row["is_last"]) for row in rows) - sum(chances)) <= margin
    low, high = (_number(ranked[len(ranked) * place // 10], "lapse_probability") for place in (1, 9))
    assert high > 8 * low, "behaviour tells"


def test_the_chance_to_lapse_follows_from_what_the_data_show(
    doubled: Staged, truth: list[Row], stated: list[Row]
) -> None:
    """The declared odds, worked out once more from orders, calls, payments and uses of the term; few lines are damaged."""
    bought, called = defaultdict(list), defaultdict(list)
    for order in doubled.base("orders"):
        bought[f"P{order['id']:09d}"].append(_number(order, "day"))
    owners = {text(row, "record_key"): text(row, "person_id") for row in doubled.truth("record_owner")}
    for call in doubled.rows("service/call"):
        called[owners[text(call, "call_id")]].append(_day(call["started_at"]))
    uses: dict[tuple[object, object], int] = defaultdict(int)
    by_hand = {}
    for row in {text(row, "event_id"): row for row in stated}.values():
        uses[row["subscription_id"], row["term_no"]] += row["event"] == "used"
        by_hand[row["subscription_id"]] = not row["auto_renew"]
    first = {name: _day(rows[0]["starts_on"]) for name, rows in _of_subscription(truth).items()}
    right = 0
    told = [row for row in truth if _day(row["ends_on"]) < 360]
    for row in told:
        person, begins, ends = text(row, "person_id"), _day(row["starts_on"]), _day(row["ends_on"])
        orders = sum(ends - subscriptions.BOUGHT_DAYS <= day < ends for day in bought[person])
        slot = (begins - first[text(row, "subscription_id")]) // TERM_DAYS
        odds = subscriptions.BASE + subscriptions.TENURE * min(slot, 8)
        odds += subscriptions.BOUGHT * min(orders, 3) if orders else subscriptions.NOT_BOUGHT
        odds += subscriptions.BENEFIT * uses[row["subscription_id"], row["term_no"]]
        odds += subscriptions.PRICE_RISE * (slot == subscriptions.INTRODUCTORY_TERMS - 1)
        odds += subscriptions.PAYS_BY_HAND * by_hand[row["subscription_id"]]
        odds += subscriptions.CALLED * any(begins <= day < ends for day in called[person])
        right += abs(1 / (1 + exp(-odds)) - _number(row, "lapse_probability")) < 1e-9
    assert len(told) > 700
    assert right / len(told) > 0.97


def test_the_billing_system_states_what_is_true(truth: list[Row], stated: list[Row]) -> None:
    last = {(row["subscription_id"], _day(row["ends_on"])): row["is_last"] for row in truth}
    ended = {(row["subscription_id"], _day(row["term_ends_on"])) for row in stated if row["event"] == "lapsed"}
    assert {term for term, is_last in last.items() if is_last} >= ended
    over = {term for term, is_last in last.items() if is_last and term[1] < 360}
    assert len(over - ended) <= 0.02 * len(over), "but for damaged lines"
    paid = {
        (row["subscription_id"], _day(row["term_ends_on"])) for row in stated if row["event"] in {"started", "renewed"}
    }
    assert paid <= set(last)
    assert {row["event"] for row in stated} == {"started", "renewed", "cancelled", "resumed", "lapsed", "used"}
    assert all(("member_no" in row) != ("app_user" in row) for row in stated)
    gone = {(row["subscription_id"], row["term_no"]) for row in stated if row["event"] == "cancelled"}
    back = {(row["subscription_id"], row["term_no"]) for row in stated if row["event"] == "resumed"}
    assert gone & back
    assert gone - back


def test_statements_come_late_and_prices_are_corrected(stated: list[Row]) -> None:
    versions: dict[str, list[Row]] = defaultdict(list)
    for row in stated:
        versions[text(row, "event_id")].append(row)
    by_hand = [v for v in versions.values() if not v[0]["auto_renew"] and v[0]["event"] in {"started", "renewed"}]
    twice = [sorted(v, key=lambda row: text(row, "recorded_at")) for v in versions.values() if len(v) > 1]
    assert_rate(len(twice), len(by_hand), CORRECTED)
    for wrong, right in twice:
        assert _number(wrong, "price") == 10 * _number(right, "price")
        apart = datetime.fromisoformat(text(right, "recorded_at")) - datetime.fromisoformat(text(right, "at"))
        assert timedelta(days=1) <= apart <= timedelta(days=3)
    once = [rows[0] for rows in versions.values() if len(rows) == 1]
    assert_rate(sum(row["at"] != row["recorded_at"] for row in once), len(once), dirt.ROW_LATE)
