"""New objects of a bucket on moto's server: each once by listing and by event, whatever is overwritten, repeated or gone."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from lakehouse.sources import s3
from lakehouse.sources.feeds import S3
from lakehouse.sources.files import Refused
from lakehouse.sources.slices import Json, Slice
from tests.services.moto import empty, running_store

BUCKET = "shop"


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with running_store() as address:
        yield address


@dataclass
class Shop:
    """A bucket, a queue that gets its events, and what was found in them so far."""

    address: str
    state: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3 = boto3.client("s3", endpoint_url=self.address)
        self.sqs = boto3.client("sqs", endpoint_url=self.address)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.queue = self.sqs.create_queue(QueueName="events")["QueueUrl"]

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    def notify(self) -> None:
        """From now on each new object puts an event into the queue, as S3 does; it begins with a test event."""
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        what = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=what)

    def waiting(self) -> int:
        """Messages that the queue still has, those that it hides for now too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def find(self, more: Mapping[str, object] | None = None, limit: int = 100) -> list[list[str]]:
        """The keys of each slice that is found now."""
        feed = S3.model_validate({"bucket": BUCKET} | dict(more or {}))
        ways = {"events": s3.told, "listing": s3.listed_in_order if feed.in_order else s3.listed}
        return [self.take(found) for found in ways[feed.by](feed, self.state, limit)]

    def take(self, found: Slice) -> list[str]:
        self.last = json.loads(json.dumps({"what": found.what, "state": found.state}))
        self.state = self.last["state"]
        return [o["key"] for o in self.last["what"]["objects"]]


@pytest.fixture
def shop(store: str) -> Iterator[Shop]:
    """An empty bucket with an empty queue."""
    yield Shop(store)
    empty(store)


def test_a_listing_gives_each_object_once_and_an_overwritten_one_again(shop: Shop) -> None:
    shop.put("in/a.csv", "1")
    shop.put("in/b.csv", "2")
    shop.put("in/folder/", "")
    shop.put("in/b.txt", "2")
    shop.put("out/c.csv", "3")
    only = {"prefix": "in/", "suffix": ".csv"}
    assert [sorted(keys) for keys in shop.find(only)] == [["in/a.csv", "in/b.csv"]]
    assert shop.find(only) == []
    shop.put("in/a.csv", "changed")
    shop.put("in/c d+é.csv", "4")
    assert [sorted(keys) for keys in shop.find(only)] == [["in/a.csv", "in/c d+é.csv"]]
    assert shop.find(only) == []


def test_slices_are_no_larger_than_asked_and_go_on_where_one_ended(shop: Shop) -> None:
    for n in range(5):
        shop.put(f"{n}.csv", str(n))
    feed = S3(bucket=BUCKET)
    shop.take(next(s3.listed(feed, {}, 2)))  # killed after the first slice was written
    taken = [o["key"] for o in shop.last["what"]["objects"]]
    rest = shop.find(limit=2)
    assert [len(keys) for keys in rest] == [2, 1]
    assert sorted(taken + [key for keys in rest for key in keys]) == [f"{n}.csv" for n in range(5)]


def test_a_listing_of_more_than_one_answer_is_read_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "PAGE", 2)
    for n in range(5):
        shop.put(f"{n:04}.csv", "x")
    assert [len(keys) for keys in shop.find()] == [5]


def test_keys_in_order_are_listed_from_the_last_one_on(shop: Shop) -> None:
    for key in ("2025/01.csv", "2025/02.csv"):
        shop.put(key, "x")
    assert shop.find({"in_order": True}) == [["2025/01.csv", "2025/02.csv"]]
    shop.put("2024/12.csv", "too late for a bucket whose keys only grow")
    shop.put("2025/03.csv", "x")
    assert shop.find({"in_order": True}) == [["2025/03.csv"]]
    assert shop.state == {"key": "2025/03.csv"}


def test_events_are_read_once_and_deleted_only_when_their_slice_has_landed(shop: Shop) -> None:
    shop.notify()
    shop.put("in/a b.csv", "1")
    shop.put("other/b.csv", "2")
    feed = S3.model_validate({"bucket": BUCKET, "by": "events", "queue": shop.queue, "prefix": "in/"})
    (found,) = s3.told(feed, {}, 100)
    assert shop.take(found) == ["in/a b.csv"]
    assert shop.waiting() == 3
    s3.settle(feed, shop.last["what"], None)
    assert shop.waiting() == 0


def _until_quiet(shop: Shop, feed: S3) -> list[list[str]]:
    """Find and settle until the queue is empty: what a run does with each slice once it has landed."""
    found = []
    for slice_ in s3.told(feed, shop.state, 100):
        found.append(shop.take(slice_))
        s3.settle(feed, shop.last["what"], None)
    return found


def test_an_event_that_comes_twice_brings_its_object_once(shop: Shop) -> None:
    feed = S3.model_validate({"bucket": BUCKET, "by": "events", "queue": shop.queue})
    shop.put("a.csv", "1")
    body = _event("a.csv", "c4ca4238a0b923820dcc509a6f75849b")
    for text in (body, body, json.dumps({"Type": "Notification", "Message": body})):
        shop.sqs.send_message(QueueUrl=shop.queue, MessageBody=text)
    assert _until_quiet(shop, feed) == [["a.csv"]]
    shop.sqs.send_message(QueueUrl=shop.queue, MessageBody=body)
    assert _until_quiet(shop, feed) == [[]]
    assert shop.waiting() == 0


def test_what_is_no_event_is_refused_with_its_text(shop: Shop) -> None:
    feed = S3.model_validate({"bucket": BUCKET, "by": "events", "queue": shop.queue})
    for text in ("nonsense", '{"a": 1}', json.dumps({"Event": "s3:TestEvent"})):
        shop.sqs.send_message(QueueUrl=shop.queue, MessageBody=text)
    assert _until_quiet(shop, feed) == [[]]
    paths, refused = s3.present(feed, shop.last["what"], None)
    assert paths == []
    assert sorted(r.reason for r in refused) == ["malformed_event"] * 2
    assert all(r.path.startswith(shop.queue) for r in refused)
    assert any("nonsense" in r.detail for r in refused)


def _event(key: str, etag: str) -> str:
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2025-01-01T10:00:00.000Z",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "eTag": etag, "size": 1}},
    }
    return json.dumps({"Records": [record]})


def test_copies_are_of_the_very_objects_that_were_found(shop: Shop, tmp_path: Path) -> None:
    for key in ("a.csv", "b.csv", "c.csv", "x/../../../escaped.csv"):
        shop.put(key, key)
    shop.find()
    shop.put("b.csv", "changed since")
    shop.s3.delete_object(Bucket=BUCKET, Key="c.csv")
    feed, staging = S3(bucket=BUCKET), str(tmp_path / "stage d")
    paths, refused = s3.present(feed, shop.last["what"], staging)
    assert [Path(path).read_text(encoding="utf-8") for path in paths] == ["a.csv"]
    assert sorted((r.path, r.reason) for r in refused) == [
        ("s3a://shop/b.csv", "object_gone"),
        ("s3a://shop/c.csv", "object_gone"),
        ("s3a://shop/x/../../../escaped.csv", "object_name"),
    ]
    moved = s3.as_objects([Refused(paths[0], "empty_file", "")], s3.of_copy(staging))
    assert moved[0].path == "s3a://shop/a.csv"
    s3.settle(feed, shop.last["what"], staging)
    assert not Path(staging).exists()


def test_objects_read_in_place_are_checked_to_be_those_that_were_found(shop: Shop) -> None:
    shop.put("a.csv", "1")
    shop.put("b.csv", "1")
    shop.find()
    shop.put("b.csv", "2")
    paths, refused = s3.present(S3(bucket=BUCKET), shop.last["what"], None)
    assert paths == ["s3a://shop/a.csv"]
    assert [r.reason for r in refused] == ["object_gone"]
