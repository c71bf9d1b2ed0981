"""Shows that the truth is complete, consistent with the records, and silent about bots."""

from collections import Counter

import pytest

from simulate import dirt
from tests.simulate.staged import Staged, digits, inner, text

TYPES = {
    "member_no", "phone", "email", "app_user", "coffee_openid", "mall_openid", "unionid", "web_user", "tiger_account",
    "dog_account", "anonymous_app", "anonymous_coffee", "anonymous_mall", "anonymous_web", "device",
}  # fmt: skip
CHANNELS = {
    "app/event": ("app_user", "anonymous_app"),
    "miniprogram_coffee/event": ("coffee_openid", "anonymous_coffee"),
    "miniprogram_mall/event": ("mall_openid", "anonymous_mall"),
    "web/event": ("web_user", "anonymous_web"),
}
OWNED = {
    "pos/receipt_north": "receipt_no",
    "pos/receipt_south": "小票号",
    "market_tiger/order": "order_id",
    "market_dog/order": "orderNo",
    "crm/member": "member_no",
    "campaign/send": "send_id",
    "service/call": "call_id",
    "review/review": "review_id",
    "survey/answer": "answer_id",
}


@pytest.fixture(scope="module")
def holders(staged: Staged) -> dict[tuple[str, str], set[str]]:
    """Who holds an identifier, by type and value."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in staged.truth("identifier"):
        found.setdefault((text(row, "id_type"), text(row, "value")), set()).add(text(row, "person_id"))
    return found


@pytest.fixture(scope="module")
def owners(staged: Staged) -> dict[tuple[str, str], str]:
    """Whose a record is, by source and key."""
    return {
        (text(row, "source"), text(row, "record_key")): text(row, "person_id") for row in staged.truth("record_owner")
    }


def test_every_person_is_there_once(staged: Staged, holders: dict[tuple[str, str], set[str]]) -> None:
    persons = [text(row, "person_id") for row in staged.truth("person")]
    assert len(persons) == len(set(persons)) == 200
    assert set().union(*holders.values()) == set(persons)
    assert {kind for kind, _ in holders} == TYPES
    assert len(staged.truth("identifier")) == sum(len(people) for people in holders.values()), "each holder once"


def test_lives_are_told_in_order(staged: Staged) -> None:
    persons = staged.truth("person")
    for row in persons:
        assert row["dropout_on"] is None or text(row, "joined_on") < text(row, "dropout_on")
        assert row["returned_on"] is None or text(row, "dropout_on") < text(row, "returned_on")
    assert 0.2 < sum(row["dropout_on"] is not None for row in persons) / 200 < 0.6
    assert any(row["returned_on"] is not None for row in persons)
    sizes = Counter(text(row, "household_id") for row in persons)
    assert 120 < len(sizes) < 190
    assert max(sizes.values()) <= 4


def test_a_click_shows_the_anonymous_id_of_where_it_landed(
    staged: Staged, holders: dict[tuple[str, str], set[str]]
) -> None:
    landed: Counter[str] = Counter()
    for row in staged.rows("ads/click"):
        if row.get("anonymous_id") and row.get("device_id"):
            host = text(row, "landing_url").split("/")[2].split(".")[0]
            kind = {"mall": "anonymous_mall", "shop": "anonymous_web"}[host]
            assert (kind, text(row, "anonymous_id")) in holders
            landed[kind] += 1
    assert min(landed["anonymous_mall"], landed["anonymous_web"]) > 10


@pytest.mark.parametrize("feed", sorted(CHANNELS))
def test_every_registration_and_device_is_in_truth(
    staged: Staged, holders: dict[tuple[str, str], set[str]], feed: str
) -> None:
    account, anonymous = CHANNELS[feed]
    unknown = set()
    for row in staged.rows(feed):
        who, device = holders.get((account, text(row, "userId"))), holders.get((anonymous, text(row, "anonymousId")))
        if device is None or (row.get("userId") and (who is None or not who <= device)):
            unknown.add(text(row, "anonymousId"))
    # Only the bot of the web site and the tester of the app are nobody.
    assert len(unknown) <= (4 if feed in {"web/event", "app/event"} else 0)


def test_every_owned_record_is_known(staged: Staged, owners: dict[tuple[str, str], str]) -> None:
    assert len(owners) == len(staged.truth("record_owner"))
    for feed, key in OWNED.items():
        assert {text(row, key) for row in staged.rows(feed)} <= {k for source, k in owners if source == feed}, feed


def test_members_and_accounts_belong_to_the_owners(
    staged: Staged, owners: dict[tuple[str, str], str], holders: dict[tuple[str, str], set[str]]
) -> None:
    for row in staged.rows("crm/member"):
        assert holders["member_no", text(row, "member_no")] == {owners["crm/member", text(row, "member_no")]}
    for row in staged.rows("market_tiger/order"):
        account = text(inner(row, "buyer"), "account")
        assert holders["tiger_account", account] == {owners["market_tiger/order", text(row, "order_id")]}
    for row in staged.rows("market_dog/order"):
        assert holders["dog_account", text(row, "buyerId")] == {owners["market_dog/order", text(row, "orderNo")]}


def test_phones_of_callers_and_buyers_are_their_own_or_dirty(
    staged: Staged, owners: dict[tuple[str, str], str], holders: dict[tuple[str, str], set[str]]
) -> None:
    pairs = [
        (owners["service/call", text(row, "call_id")], digits(text(row, "phone")))
        for row in staged.rows("service/call")
    ]
    for row in staged.rows("pos/receipt_south"):
        pairs.append((owners["pos/receipt_south", text(row, "小票号")], digits(text(row, "会员手机"))))
    given = [(owner, phone) for owner, phone in pairs if phone and phone not in dirt.PLACEHOLDER_PHONES]
    wrong = sum(owner not in holders.get(("phone", phone), set()) for owner, phone in given)
    assert given
    assert wrong / len(given) <= 5 * dirt.PHONE_MISTYPED


def test_some_identifiers_are_shared_and_some_people_are_registered_twice(
    holders: dict[tuple[str, str], set[str]],
) -> None:
    for kind in ("phone", "device", "anonymous_app"):
        assert any(len(people) > 1 for (found, _), people in holders.items() if found == kind), kind
    numbers = Counter(person for (kind, _), people in holders.items() if kind == "member_no" for person in people)
    assert max(numbers.values()) == 2


def test_bots_have_no_truth(staged: Staged, holders: dict[tuple[str, str], set[str]]) -> None:
    bots = [row for row in staged.rows("web/event") if "Bot" in text(inner(row, "context"), "userAgent")]
    testers = {
        text(row, "userId") for row in staged.rows("app/event") if text(inner(row, "traits"), "name") == "测试用户"
    }
    assert bots
    assert testers
    assert not any(("anonymous_web", text(row, "anonymousId")) in holders for row in bots)
    assert not any(("app_user", tester) in holders for tester in testers)


def test_the_held_out_get_nothing_and_effects_are_told(staged: Staged) -> None:
    sends = staged.rows("campaign/send")
    effects = {text(row, "campaign_id"): row["uplift"] for row in staged.truth("campaign_effect")}
    arms = {text(row, "send_id"): text(row, "arm") for row in sends}
    received = {text(row, "send_id") for row in staged.rows("campaign/receipt")}
    assert (
        {text(row, "campaign_id") for row in sends}
        <= set(effects)
        == {text(row, "campaign_id") for row in staged.rows("campaign/campaign")}
    )
    assert not any(arms.get(send) == "holdout" for send in received)
    assert 0.12 < sum(arm == "holdout" for arm in arms.values()) / len(arms) < 0.28
    assert min(effects.values(), key=str) == 0.0
