"""Shows that every source is there, in its format and with exactly its fields."""

from datetime import datetime

import pytest

from simulate.feeds import FEEDS
from tests.simulate.staged import JSON_FEEDS, Staged, inner, text

EVENT = (
    "type event messageId anonymousId userId originalTimestamp timestamp sentAt receivedAt context properties traits"
)
NORTH = "receipt_no line_no store_id sold_at member_no phone sku qty unit_price discount amount pay_method"
# The contract with conf/sources: exactly these names.
FIELDS = {
    "app/event": EVENT,
    "miniprogram_coffee/event": EVENT,
    "miniprogram_mall/event": EVENT,
    "web/event": EVENT,
    "pos/receipt_south": "小票号 行号 门店 销售日期 销售时间 会员手机 商品编码 商品名称 数量 单价 金额",
    "crm/member": "member_no name gender birth_date phone email city address store_id status joined_at updated_at",
    "market_tiger/order": "order_id status created_at paid_at updated_at buyer recipient items payment currency",
    "market_dog/order": "orderNo state gmtCreate gmtModified buyerId receiver lines totalCent",
    "trace/scan": "code sku batch_no node_type node_id scanned_at openid phone",
    "ads/click": "click_id campaign_id channel device_id anonymous_id clicked_at landing_url cost",
    "ads/spend": "day channel campaign_id impressions clicks cost currency",
    "campaign/campaign": "campaign_id name goal channel starts_on ends_on budget holdout_share updated_at",
    "campaign/send": "send_id campaign_id channel member_no phone template_id sent_at arm",
    "campaign/receipt": "send_id event at",
    "consent/event": (
        "consent_id subject_type subject purpose channel action policy_version jurisdiction evidence_uri at"
    ),
    "service/call": "call_id phone member_no started_at seconds transcript",
    "review/review": "review_id platform account sku rating text at",
    "survey/answer": "answer_id survey_id email phone question answer nps at",
    "erp/product": (
        "sku name category subcategory brand price_band unit gtin launched_on status updated_at"
    ),
    "erp/store": "store_id name format region province city lat lon opened_on updated_at",
    "erp/price": "sku price currency valid_from valid_to updated_at",
    "club/subscription": (
        "event_id subscription_id member_no app_user event plan term_no term_starts_on term_ends_on price renewal_price "
        "currency auto_renew at recorded_at"
    ),
    "erp/promotion": "promotion_id name kind category discount_pct starts_on ends_on updated_at",
}  # fmt: skip
NESTED = {
    ("market_tiger/order", "buyer"): "account nick",
    ("market_tiger/order", "recipient"): "name phone province city district detail",
    ("market_tiger/order", "payment"): "amount method",
    ("market_dog/order", "receiver"): "fullName mobile address",
    ("web/event", "context"): "device ip app library campaign page userAgent consent",
    ("miniprogram_mall/event", "context"): "device ip app library campaign userAgent consent",
    ("app/event", "properties"): "sku category price quantity order_id query store_id currency",
    ("miniprogram_coffee/event", "traits"): "phone name unionid",
    ("web/event", "traits"): "phone email name",
}
ITEMS = {
    ("market_tiger/order", "items"): "line sku title qty price discount",
    ("market_dog/order", "lines"): "lineId skuId skuName count unitPriceCent discountCent",
}


def test_every_source_of_the_brand_is_registered() -> None:
    assert {feed.name for feed in FEEDS} == {*FIELDS, "pos/receipt_north"}


@pytest.mark.parametrize("feed", sorted(FIELDS))
def test_a_source_has_exactly_its_fields(staged: Staged, feed: str) -> None:
    rows = staged.rows(feed)
    names = {name for row in rows for name in row}
    assert rows, "the source is empty"
    assert names == set(FIELDS[feed].split())
    if feed not in JSON_FEEDS:
        assert list(rows[0]) == FIELDS[feed].split(), "in this order"


def test_the_northern_tills_gain_a_column_in_the_middle_of_the_year(staged: Staged) -> None:
    rows = staged.rows("pos/receipt_north")
    plain = {text(row, "sold_at")[:7] for row in rows if list(row) == NORTH.split()}
    wider = {text(row, "sold_at")[:7] for row in rows if list(row) == [*NORTH.split(), "coupon_code"]}
    assert max(month for month in plain if month < "2026") <= "2025-07"
    assert min(wider) >= "2025-07"
    assert sum(list(row) in (NORTH.split(), [*NORTH.split(), "coupon_code"]) for row in rows) == len(rows)


@pytest.mark.parametrize(("feed", "part"), sorted(NESTED))
def test_a_nested_object_has_exactly_its_fields(staged: Staged, feed: str, part: str) -> None:
    assert {name for row in staged.rows(feed) for name in inner(row, part)} == set(NESTED[feed, part].split())


@pytest.mark.parametrize(("feed", "part"), sorted(ITEMS))
def test_an_item_of_an_order_has_exactly_its_fields(staged: Staged, feed: str, part: str) -> None:
    items = [item for row in staged.rows(feed) if isinstance(lines := row[part], list) for item in lines]
    assert items
    assert {name for item in items for name in item} == set(ITEMS[feed, part].split())


def test_the_southern_tills_write_gb18030(staged: Staged) -> None:
    (history,) = staged.files("pos/receipt_south", "000")
    content = history.read_bytes()
    assert content.decode("gb18030").startswith("小票号,行号,门店,")
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")


def test_anonymous_until_login_and_named_after(staged: Staged) -> None:
    for feed in ("app/event", "web/event", "miniprogram_mall/event"):
        rows = staged.rows(feed)
        assert all(text(row, "anonymousId") for row in rows)
        assert all(text(row, "userId") for row in rows if row["type"] == "identify")
        assert 0.15 < sum(not text(row, "userId") for row in rows) / len(rows) < 0.85
        assert all("traits" not in row for row in rows if row["type"] != "identify")


def test_clocks_of_devices_are_corrected_by_the_collectors(staged: Staged) -> None:
    rows = staged.rows("miniprogram_coffee/event")
    skewed = [row for row in rows if abs(_ms(row, "timestamp") - _ms(row, "originalTimestamp")) > 10_000]
    assert skewed, "some devices' clocks are wrong"
    for row in rows:
        held = _ms(row, "sentAt") - _ms(row, "originalTimestamp")
        assert _ms(row, "timestamp") == _ms(row, "receivedAt") - held


def test_gtins_have_valid_check_digits(staged: Staged) -> None:
    for row in staged.rows("erp/product"):
        numbers = [int(digit) for digit in text(row, "gtin")]
        assert len(numbers) == 13
        assert sum(number * (3 if place % 2 else 1) for place, number in enumerate(numbers)) % 10 == 0


def test_marketplaces_mask_phones_and_often_deliver_to_others(staged: Staged) -> None:
    orders = staged.rows("market_tiger/order")
    phones = [text(inner(row, "recipient"), "phone") for row in orders]
    assert 0.75 < sum("****" in phone for phone in phones) / len(phones) < 0.95
    names: dict[str, set[str]] = {}
    for row in orders:
        names.setdefault(text(inner(row, "buyer"), "account"), set()).add(text(inner(row, "recipient"), "name").strip())
    assert sum(len(received) > 1 for received in names.values()) >= 3


def _ms(row: dict[str, object], name: str) -> int:
    return round(datetime.fromisoformat(text(row, name)).timestamp() * 1000)
