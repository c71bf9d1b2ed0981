"""Objects on moto's server land once, found by listing or told by events, over damage, kills and repeated events."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from pyspark.sql import SparkSession

from lakehouse.session import reads_s3a
from lakehouse.tables import feeds
from tests.jobs.feeds.landing import MOMENTS, Landing
from tests.services.moto import empty, running_store
from tests.small_lake import HEADER, SmallLake, statements

BUCKET = "shop"
LISTING = "  s3: {bucket: shop, prefix: consents/, read: copy}"
CSV = "format: csv\nrequired: [id, purpose, action, at]\n"


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with running_store() as address:
        yield address


@pytest.fixture
def shop(store: str, shared: SmallLake, request: pytest.FixtureRequest) -> Iterator["Shop"]:
    """A source that lists an empty bucket."""
    yield Shop(shared, request, store)
    empty(store)


class Shop(Landing):
    """A bucket and its source."""

    def __init__(self, small: SmallLake, request: pytest.FixtureRequest, address: str) -> None:
        super().__init__(small, request)
        self.s3 = boto3.client("s3", endpoint_url=address)
        self.sqs = boto3.client("sqs", endpoint_url=address)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.source(LISTING, CSV)

    def put(self, name: str, *numbers: int, text: str | None = None) -> None:
        """Write an object of consents."""
        content = text if text is not None else f"{HEADER}\n{statements(numbers)}"
        self.s3.put_object(Bucket=BUCKET, Key=f"consents/{name}", Body=content.encode())

    def numbers(self) -> list[int]:
        """The numbers of the consents in bronze, sorted."""
        return sorted(int(str(payload["id"])[1:]) for payload in self.payloads())


def test_new_and_overwritten_objects_land_and_damaged_ones_are_refused_by_their_address(shop: Shop) -> None:
    shop.put("a b.csv", 1, 2)
    shop.put("报表.csv", 3)
    shop.put("empty.csv", text="")
    shop.put("wrong.csv", text="x,y\n1,2\n")
    shop.put("cut.csv", text=f"{HEADER}\n{statements([4])}c5,mark")
    assert shop.land() == [(4, 3, 0)]
    assert shop.land() == []
    files = {row["_file"] for row in shop.rows()}
    assert files == {f"s3a://shop/consents/{name}" for name in ("a%20b.csv", "报表.csv", "cut.csv")}
    assert [(row["file"], row["row"], row["reason"]) for row in shop.refused()] == [
        ("s3a://shop/consents/cut.csv", 2, "malformed_record"),
        ("s3a://shop/consents/empty.csv", None, "empty_file"),
        ("s3a://shop/consents/wrong.csv", None, "wrong_header"),
    ]
    shop.put("a b.csv", 1, 2, 6)
    assert shop.land() == [(3, 0, 0)]
    assert shop.in_silver() == ["c1", "c2", "c3", "c4", "c6"]
    assert not Path(shop.small.settings.landing_path, "_objects", shop.name).exists()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_comes_again_with_the_same_objects(shop: Shop, moment: str) -> None:
    for n in range(4):
        shop.put(f"{n}.csv", n)
    with shop.killed(moment):
        assert "killed by the test" in shop.failure()
    shop.put("4.csv", 4)
    batches = shop.land(files_a_batch=3)
    assert len(batches) == 2
    assert shop.numbers() == [0, 1, 2, 3, 4]
    assert shop.land() == []


def test_events_are_deleted_after_the_commit_only(shop: Shop) -> None:
    queue = shop.sqs.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    arn = shop.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    what = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    shop.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=what)
    shop.source(f"  s3: {{bucket: shop, prefix: consents/, read: copy, by: events, queue: '{queue}'}}", CSV)
    shop.put("1.csv", 1)
    shop.sqs.send_message(QueueUrl=queue, MessageBody="nonsense")
    with shop.killed("_quarantine"):
        assert "killed by the test" in shop.failure()
    assert waiting(shop, queue) == 3, "the test event of S3, the object's event, and nonsense"
    shop.put("2.csv", 2)
    shop.land()
    shop.land()
    assert shop.numbers() == [1, 2]
    assert waiting(shop, queue) == 0
    assert [row["reason"] for row in shop.refused()] == ["malformed_event"]


def waiting(shop: Shop, queue: str) -> int:
    """Messages that the queue has, those that it hides for now too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = shop.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


@pytest.mark.slow
def test_json_lines_of_a_bucket(shop: Shop) -> None:
    shop.source(LISTING, "format: jsonl\n")
    shop.put("1.jsonl", text=json.dumps({"id": "c7"}) + "\n")
    assert shop.land() == [(1, 0, 0)]
    assert shop.numbers() == [7]


@pytest.fixture
def in_place(store: str, shop: Shop, spark: SparkSession) -> Iterator[Shop]:
    """The same where Spark reads the objects itself."""
    if not reads_s3a(spark):
        pytest.skip("no S3A in the session: `make jars-s3` brings its jars (13 MB)")
    login = {"access.key": "made", "secret.key": "up", "endpoint": store, "path.style.access": "true"}
    settings = {f"fs.s3a.{name}": value for name, value in (login | {"endpoint.region": "eu-central-1"}).items()}
    for name, value in settings.items():
        spark.conf.set(name, value)
    shop.source(LISTING.replace("copy", "auto"), CSV)
    yield shop
    for name in settings:
        spark.conf.unset(name)


@pytest.mark.slow
def test_objects_are_read_in_place_where_the_session_has_s3a(in_place: Shop) -> None:
    in_place.put("a b.csv", 1, 2)
    in_place.put("empty.csv", text="")
    assert in_place.land() == [(2, 1, 0)]
    assert {row["_file"] for row in in_place.rows()} == {"s3a://shop/consents/a%20b.csv"}
    assert in_place.land() == []


@pytest.mark.slow
def test_an_object_that_comes_again_under_another_key_is_known_by_its_etag(in_place: Shop) -> None:
    first, other = (f"s3a://shop/consents/{name}" for name in ("报表 1.csv", "again.csv"))
    in_place.put("报表 1.csv", 1, 2)
    assert in_place.land() == [(2, 0, 0)]
    in_place.put("again.csv", 1, 2)
    assert in_place.land() == [(0, 0, 2)]
    assert in_place.numbers() == [1, 2]
    content = f"{HEADER}\n{statements([1, 2])}".encode()
    etag = f"etag:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
    ledger = in_place.small.read(feeds.LANDED_FILE).where(f"source = '{in_place.name}'").orderBy("landed_at")
    rows = ledger.select("file", "size", "digest", "rows", "outcome", "same_as").collect()
    assert [tuple(row) for row in rows] == [
        (first, len(content), etag, 2, "landed", None),
        (other, len(content), etag, 2, "resent", first),
    ]
