"""Shows what decisions contradict, when they hold, and how a split is said with pins and a forbid."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest

from identity.overrides import Decision, Holding, Override, OverrideError, anchor, check, in_force, minted, split

DAY = date(2026, 3, 1)
AT = datetime(2026, 2, 1, tzinfo=UTC)


def made(number: int, kind: Literal["pin", "forbid"], a: str, b: str, **more: object) -> Override:
    return Override(f"O{number}", kind, a, b, "G", "why", "me", AT, **more)  # type: ignore[arg-type]


def test_ids_sort_by_time_and_are_ulids() -> None:
    ids = [minted(1_700_000_000_000 + n, bytes([255 - n]) * 10) for n in range(5)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {26}
    assert minted(0, b"\0" * 10) == "0" * 26
    assert minted((1 << 48) - 1, b"\xff" * 10) == "7" + "Z" * 25
    with pytest.raises(ValueError, match="10 bytes"):
        minted(0, b"short")


def test_an_override_holds_through_its_last_day_and_not_once_lifted() -> None:
    ever, last, past = made(3, "pin", "a", "b"), made(2, "pin", "c", "d", until_on=DAY), made(1, "pin", "e", "f")
    gone = made(0, "forbid", "a", "z", lifted_at=AT, lifted_by="me")
    late = made(4, "pin", "g", "h", until_on=DAY - timedelta(days=1))
    assert in_force([ever, last, past, gone, late], DAY) == [past, last, ever]
    assert in_force([last], DAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("decision", "said", "named"),
    [
        (Decision("forbid", "a", "b"), "a pin says", "O1"),
        (Decision("forbid", "b", "a"), "a pin says", "O1"),
        (Decision("forbid", "a", "c"), "a pin says", "O1, O2"),
        (Decision("pin", "x", "y"), "a forbid says", "O3"),
        (Decision("pin", "x", "x"), "one identifier", "x"),
        (Decision("pin", "b", "a"), "already", "O1"),
        (Decision("forbid", "y", "x"), "already", "O3"),
    ],
)
def test_what_cannot_stand_beside_others_is_refused_by_name(decision: Decision, said: str, named: str) -> None:
    known = [made(1, "pin", "a", "b"), made(2, "pin", "b", "c"), made(3, "forbid", "x", "y")]
    with pytest.raises(OverrideError, match=said) as refused:
        check([decision], known, DAY)
    assert named in refused.value.where.values()


def test_a_pin_through_others_that_would_join_the_forbidden_is_refused() -> None:
    known = [made(1, "pin", "a", "b"), made(2, "pin", "c", "d"), made(3, "forbid", "a", "d")]
    with pytest.raises(OverrideError, match="never one person") as refused:
        check([Decision("pin", "b", "c")], known, DAY)
    assert refused.value.where["override"] == "O3"
    check([Decision("pin", "b", "e")], known, DAY)


def test_what_no_longer_holds_contradicts_nothing() -> None:
    known = [made(1, "pin", "a", "b", lifted_at=AT), made(2, "pin", "a", "b", until_on=DAY - timedelta(days=1))]
    check([Decision("forbid", "a", "b")], known, DAY)
    with pytest.raises(OverrideError, match="a pin says"):
        check([Decision("forbid", "a", "b")], known, DAY - timedelta(days=1))


def held(token: str, days: int, *, verified: bool = False, account: bool = False) -> Holding:
    return Holding(token, AT + timedelta(days=days), verified, account)


PERSON = (
    held("cookie", 0),
    held("app", 1, account=True),
    held("web", 2, account=True),
    held("member2", 5, verified=True, account=True),
    held("member1", 4, verified=True, account=True),
)


def test_the_anchor_is_the_oldest_verified_then_the_oldest_account_then_the_oldest() -> None:
    assert anchor(PERSON).token == "member1"
    assert anchor(PERSON, without={"member1"}).token == "member2"
    assert anchor(PERSON, without={"member1", "member2"}).token == "app"
    assert anchor(PERSON[:1]).token == "cookie"


def test_a_split_forbids_the_two_anchors_and_pins_what_leaves_together() -> None:
    assert split(PERSON, {"web", "member2", "cookie"}) == [
        Decision("forbid", "member2", "member1"),
        Decision("pin", "member2", "cookie"),
        Decision("pin", "member2", "web"),
    ]
    assert split(PERSON, ["member1"]) == [Decision("forbid", "member1", "member2")]
    check(split(PERSON, {"web", "member2", "cookie"}), [], DAY)


@pytest.mark.parametrize(
    ("leaving", "said"),
    [({"stranger"}, "not an identifier"), (set(), "nothing is"), ({h.token for h in PERSON}, "would be left")],
)
def test_a_split_of_nothing_of_everything_or_of_strangers_is_refused(leaving: set[str], said: str) -> None:
    with pytest.raises(OverrideError, match=said):
        split(PERSON, leaving)


def test_a_split_against_a_pin_is_refused() -> None:
    with pytest.raises(OverrideError, match="a pin says"):
        check(split(PERSON, {"web"}), [made(1, "pin", "web", "member1")], DAY)
