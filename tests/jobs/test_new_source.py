"""From samples alone to silver: source files drafted of five kinds of files, landed and mapped without a row refused."""

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.source_drafting import write_source
from lakehouse.settings import Settings
from lakehouse.tables import feeds, silver
from tests.small_lake import SmallLake

MEMBERS = "影城卡号,姓名,性别,手机号,邮箱,出生日期,注册时间,更新时间\n" + "".join(
    f"Y{n:04},王伟,{'男女'[n % 2]},1381234{n:04},u{n}@qq.com,1990/{n % 12 + 1}/3,"
    f"2024/1/{n % 28 + 1} 10:00:00,2025/1/2 09:{n:02}:00\n"
    for n in range(40)
)
RECEIPTS = "receipt_no\tline_no\tsold_at\tsku\tqty\tunit_price\tmember_no\n" + "".join(
    f"R{n // 2}\t{n % 2}\t2025-01-01 10:{n:02}:00\tSKU{n % 7}\t{n % 3 + 1}\t¥1,00{n % 10}.50\tM{n // 2:04}\n"
    for n in range(50)
)
LINES = [{"skuId": "A", "count": 2, "price": 10.5}, {"skuId": "B", "count": 1, "price": 3}]
ORDERS = "".join(
    json.dumps(
        {"orderNo": f"o{n}", "gmtCreate": 1735689600000 + n, "buyer": {"mobile": f"1381234{n:04}"}, "items": LINES}
    )
    + "\n"
    for n in range(20)
)
CONSENTS = "id,phone,purpose,action,at\n" + "".join(
    f"c{n},1381234{n:04},marketing,{'同意' if n % 2 else '拒绝'},2025-01-01 10:00:{n:02}\n" for n in range(20)
)
EVENTS = "message_uuid,event,phone,timestamp\n" + "".join(
    f"e{n},Page Viewed,1381234{n:04},{1735689600 + n}\n" for n in range(30)
)
SAMPLES = {
    "cinema__member": ("members.csv", MEMBERS.encode("gb18030")),
    "till__receipt": ("receipts.csv", RECEIPTS.encode()),
    "shop__order": ("orders.jsonl", ORDERS.encode()),
    "forms__consent": ("consents.csv", CONSENTS.encode()),
    "site__event": ("events.csv", EVENTS.encode()),
}


@pytest.fixture(scope="module")
def taken_in(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake whose sources were all drafted from their first deliveries."""
    small = SmallLake(spark, tmp_path_factory.mktemp("taken"))
    settings: Settings = small.settings
    for name, (file, content) in SAMPLES.items():
        path = small.deliver(name, file, content)
        write_source(settings, Path(path), name=name, out=None, force=False)
    outcome = small.run("bronze.*", "silver.customer_record", "silver.order_header", "silver.order_line",
                        "silver.consent_event", "silver.event", "silver.identifier_observation")  # fmt: skip
    assert not outcome.failures, outcome.failures
    return small


def test_nothing_is_refused_and_every_row_is_accounted_for(taken_in: SmallLake) -> None:
    assert taken_in.quarantined() == []
    balances = taken_in.read(feeds.CONSERVATION).select("stage", "is_balanced", "balance").collect()
    assert {row["stage"] for row in balances} == {"land", "map", "merge"}
    assert all(row["is_balanced"] is not False and row["balance"] == 0 for row in balances)


def test_people_are_read_of_a_chinese_list(taken_in: SmallLake) -> None:
    rows = taken_in.read(silver.CUSTOMER_RECORD).collect()
    assert len(rows) == 40
    one = next(row for row in rows if row["record_id"] == "Y0003")
    assert (one["name"], one["gender"], str(one["birth_on"]), one["phone_status"]) == (
        "王伟",
        "female",
        "1990-04-03",
        "repaired",
    )
    assert (str(one["joined_at"]), str(one["updated_at"])) == ("2024-01-04 10:00:00", "2025-01-02 09:03:00")
    assert one["email_token"] is not None


def test_lines_are_read_of_receipts_and_of_nested_orders(taken_in: SmallLake) -> None:
    rows = taken_in.read(silver.ORDER_LINE).collect()
    counts = {name: sum(1 for row in rows if row["source"] == name) for name in ("till__receipt", "shop__order")}
    assert counts == {"till__receipt": 50, "shop__order": 40}
    line = next(row for row in rows if (row["order_id"], row["line_no"]) == ("till:R1", "1"))
    assert (line["sku"], line["quantity"], str(line["unit_price_amount"])) == ("SKU3", 1, "1003.500")
    nested = next(row for row in rows if row["order_id"] == "shop:o5" and row["sku"] == "A")
    assert (nested["quantity"], str(nested["ordered_at"])[:19]) == (2, "2025-01-01 00:00:00")
    headers = taken_in.read(silver.ORDER_HEADER).groupBy("source").count().collect()
    assert {row["source"]: row["count"] for row in headers} == {"till__receipt": 25, "shop__order": 20}


def test_consents_and_events_are_read(taken_in: SmallLake) -> None:
    said = taken_in.read(silver.CONSENT_EVENT).groupBy("action").count().collect()
    assert {row["action"]: row["count"] for row in said} == {"grant": 10, "deny": 10}
    happened = taken_in.read(silver.EVENT).select("event_id", "event", "occurred_at").orderBy("occurred_at").collect()
    assert len(happened) == 30
    assert (happened[1]["event_id"], happened[1]["event"], str(happened[1]["occurred_at"])) == (
        "e1",
        "Page Viewed",
        "2025-01-01 00:00:01",
    )


def test_a_phone_seen_by_four_feeds_is_one_identifier(taken_in: SmallLake) -> None:
    seen = taken_in.read(silver.IDENTIFIER_OBSERVATION).where("id_type = 'phone'")
    by_token = seen.groupBy("id_token").agg({"source": "count"}).collect()
    assert max(row[1] for row in by_token) == 4
