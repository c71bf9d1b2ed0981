"""Google Analytics' days that are written anew, Segment's calls saved as files, and objects: landed, mapped, and kept in step."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.settings import ROOT
from lakehouse.sources.mapping import sql
from lakehouse.tables import gold, silver
from tests.small_lake import SmallLake

GA4, SEGMENT, FILES = "ga4__event", "segment__call", "shop__file"
DAY = 1_735_862_400  # 2025-01-03 00:00 UTC


def ga4(n: int, name: str = "page_view", **more: object) -> dict[str, object]:
    """An event of the export as BigQuery writes it: whole numbers as text."""
    return {
        "event_date": "20250103",
        "event_timestamp": str((DAY + n) * 1_000_000),
        "event_name": name,
        "event_params": [
            {"key": "page_location", "value": {"string_value": "https://shop.example/"}},
            {"key": "campaign", "value": {"string_value": "spring"}},
            {"key": "debug_mode", "value": {"int_value": "1"}},
        ],
        "event_server_timestamp_offset": "2000000",
        "user_pseudo_id": f"111.{n}",
        "event_bundle_sequence_id": "7",
        "platform": "WEB",
        "device": {"category": "mobile"},
        "items": [],
        **more,
    }


def lines(events: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


BOUGHT = ga4(
    3,
    "purchase",
    user_id="u3",
    items=[{"item_id": "SKU1", "price": 4.5, "quantity": "2"}, {"item_id": "SKU2", "price": 1.0}],
    ecommerce={"transaction_id": "T1", "purchase_revenue": 10.0},
)


@pytest.fixture(scope="module")
def days(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake after two runs: the second brings a day anew in two files, with one event less and one more."""
    small = SmallLake(spark, tmp_path_factory.mktemp("days"))
    use(small, GA4)
    small.deliver(GA4, "events_20250102.jsonl", lines([ga4(9, event_date="20250102")]), 10)
    small.deliver(GA4, "events_20250103.jsonl", lines([ga4(1), ga4(2), BOUGHT]), 20)
    assert not small.run(f"bronze.{GA4}", "silver.event", "gold.fct_interaction").failures
    small.deliver(GA4, "20250104T060000/events_20250103_0.jsonl", lines([ga4(1), ga4(4)]))
    small.deliver(GA4, "20250104T060000/events_20250103_1.jsonl", lines([BOUGHT]))
    second = small.run(f"bronze.{GA4}", "silver.event", "gold.fct_interaction")
    assert not second.failures, second.failures
    assert [run.rows_deleted for run in second.runs["silver.event"]] == [1]
    return small


def use(small: SmallLake, name: str) -> None:
    """Take a source file from the examples."""
    small.source(name, (ROOT / "examples" / "sources" / f"{name}.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def saved(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    """A lake after one run over calls saved as files, a letter and a photograph."""
    small = SmallLake(spark, tmp_path_factory.mktemp("saved"))
    use(small, SEGMENT)
    use(small, FILES)
    (Path(small.settings.conf) / "extractors.yml").symlink_to(ROOT / "conf" / "extractors.yml")
    for name, text in CALLS.items():
        small.deliver(SEGMENT, name, text, 20)
    small.deliver(FILES, "letter.txt", "物流很慢，盒子压坏了，非常失望。", 20)
    small.deliver(FILES, "photo.jpg", b"\xff\xd8\xff\xe0broken", 20)
    mapped = [f"silver.{name}" for name in ("event", "customer_record", "consent_event", "feedback", "object")]
    outcome = small.run("bronze.*", *mapped, "silver.identifier_observation", "silver.object_feature")
    assert not outcome.failures, outcome.failures
    return small


CALL = {
    "messageId": "m1",
    "type": "track",
    "event": "Completed Order",
    "userId": "u1",
    "anonymousId": "a1",
    "originalTimestamp": "2025-01-03T11:00:00Z",  # an hour fast
    "timestamp": "2025-01-03T10:00:00Z",
    "sentAt": "2025-01-03T11:00:30Z",
    "receivedAt": "2025-01-03T10:00:31Z",
    "properties": {
        "order_id": "o1",
        "revenue": 9.0,
        "currency": "EUR",
        "products": [{"product_id": "SKU1", "price": 4.5, "quantity": 2}],
    },
    "context": {
        "library": {"name": "analytics.js"},
        "device": {"type": "mobile"},
        "consent": {"categoryPreferences": {"Advertising": False, "Analytics": True}},
        "userAgent": "Mozilla/5.0",
    },
}
BATCH = {
    "sentAt": "2025-01-03T12:00:00Z",
    "receivedAt": "2025-01-03T12:00:10Z",
    "context": {"library": {"name": "analytics-ios"}, "userAgent": "Googlebot/2.1"},
    "batch": [
        {"messageId": "m2", "type": "screen", "name": "Home", "anonymousId": "a2", "timestamp": "2025-01-03T11:59:50Z"},
        {
            "messageId": "m3",
            "type": "identify",
            "userId": "u1",
            "timestamp": "2025-01-03T11:59:55Z",
            "traits": {"email": "Wang@kith.example", "name": "王芳"},
            "context": {"environment": "staging"},
        },
        {"type": "track", "event": "without a message id"},
    ],
}
ALIAS = {"messageId": "m4", "type": "alias", "userId": "u1", "previousId": "a1", "receivedAt": "2025-01-03T13:00:00Z"}
GROUP = {"messageId": "m5", "type": "group", "userId": "u1", "groupId": "g", "receivedAt": "2025-01-03T13:00:00Z"}
CALLS = {
    "one.json": json.dumps(CALL, indent=1),
    "batch.json": json.dumps(BATCH),
    "lines.jsonl": lines([ALIAS, GROUP, CALL]),
    "torn.json": '{"messageId": "m6"',
}


def events(small: SmallLake, source: str) -> dict[str, dict[str, Any]]:
    rows = small.read(silver.EVENT).where(F.col("source") == source)
    return {row["event_id"]: row.asDict() for row in rows.collect()}


def test_a_day_that_is_written_anew_takes_the_place_of_the_day(days: SmallLake) -> None:
    found = events(days, GA4)
    assert {key.split(".")[1] for key in found} == {"9", "1", "3", "4"}
    told = {row["_delivery"] for row in found.values()}
    assert told == {f"{GA4}:20250102", f"{GA4}:20250103"}
    assert days.read(gold.FCT_INTERACTION).where("interaction_id LIKE 'ga4%'").count() == 4


@pytest.mark.slow
def test_an_older_delivery_that_comes_late_changes_nothing(days: SmallLake) -> None:
    before = sorted(events(days, GA4))
    days.deliver(GA4, "20250103T230000/events_20250103_9.jsonl", lines([ga4(1), ga4(7)]))
    days.run(f"bronze.{GA4}", "silver.event", "gold.fct_interaction")
    assert sorted(events(days, GA4)) == before


def test_an_event_of_the_export_has_its_parameters_flags_and_times(days: SmallLake) -> None:
    found = {key.split(".")[1]: row for key, row in events(days, GA4).items()}
    page, bought = found["1"], found["3"]
    assert (page["type"], page["event"], page["campaign_id"], page["is_test"]) == ("page", "page_view", "spring", True)
    assert (str(page["original_at"]), str(page["received_at"])) == ("2025-01-03 00:00:01", "2025-01-03 00:00:03")
    assert (bought["event"], bought["sku"], str(bought["value_amount"])) == ("Order Completed", "SKU1", "10.00")


@pytest.mark.slow
def test_the_four_times_of_a_call_and_its_clock_set_right(saved: SmallLake) -> None:
    call = events(saved, SEGMENT)["m1"]
    assert call["event"] == "Order Completed"
    times = [str(call[name])[11:] for name in ("occurred_at", "original_at", "sent_at", "received_at")]
    assert times == ["10:00:01", "11:00:00", "11:00:30", "10:00:31"]
    assert (call["is_bot"], call["is_internal"], call["channel"], call["sku"]) == (False, False, "web", "SKU1")


@pytest.mark.slow
def test_calls_of_a_batch_inherit_and_are_marked_not_dropped(saved: SmallLake) -> None:
    found = events(saved, SEGMENT)
    assert set(found) == {"m1", "m2", "m3", "m4", "m5"}
    assert (found["m2"]["event"], found["m2"]["is_bot"], found["m2"]["channel"]) == ("Home", True, "app")
    assert str(found["m2"]["occurred_at"])[11:] == "12:00:00"
    assert (found["m3"]["is_test"], found["m3"]["is_internal"], found["m3"]["is_bot"]) == (True, True, False)
    refused = {(file, row) for file, row, _ in saved.quarantined()}
    assert {("batch.json", 3), ("torn.json", 1)} <= refused


@pytest.mark.slow
def test_identify_and_consent_reach_their_tables(saved: SmallLake) -> None:
    (person,) = saved.read(silver.CUSTOMER_RECORD).collect()
    assert (person["record_id"], person["name"], person["email_status"]) == ("u1", "王芳", "repaired")
    said = saved.read(silver.CONSENT_EVENT).select("consent_id", "action").collect()
    assert {tuple(row) for row in said} == {("m1:marketing", "deny"), ("m1:profiling", "grant")}
    seen = saved.read(silver.IDENTIFIER_OBSERVATION).where(F.col("source") == SEGMENT)
    assert {row[0] for row in seen.select("id_type").distinct().collect()} == {"web_user", "anonymous_web", "email"}


@pytest.mark.slow
def test_an_object_is_a_row_and_its_words_have_features(saved: SmallLake) -> None:
    rows = {row["name"]: row for row in saved.read(silver.OBJECT).collect()}
    assert (rows["letter.txt"]["mime"], rows["letter.txt"]["characters"]) == ("text/plain", 16)
    assert (rows["photo.jpg"]["mime"], rows["photo.jpg"]["problem"] is not None) == ("image/jpeg", True)
    found = {row["feature"]: row["value"] for row in saved.read(silver.OBJECT_FEATURE).collect()}
    assert (found["language"], found["sentiment"]) == ("zh", "negative")
    assert {found["topic_1"], found["topic_2"]} == {"delivery", "packaging"}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"p": [{"key": "a", "value": {"int_value": "5"}}, {"key": "b", "value": {"string_value": "x"}}]}', "5"),
        ('{"p": [{"key": "a", "value": {"string_value": "", "double_value": 1.5}}]}', ""),
        ('{"p": [{"key": "a", "value": "plain"}]}', "plain"),
        ('{"p": [{"key": "b", "value": {"int_value": 5}}]}', None),
        ('{"p": null}', None),
        ("{}", None),
    ],
)
def test_a_value_is_found_by_its_key_in_a_list(spark: SparkSession, payload: str, expected: str | None) -> None:
    frame = spark.createDataFrame([(payload,)], "text string").select(F.parse_json("text").alias("payload"))
    assert frame.select(F.expr(sql("$.p[?key=a]"))).collect()[0][0] == expected
