"""Messages of a real broker: each lands once by topic, partition and offset; broken ones are told, tombstones kept."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import to_avro

from tests.jobs.feeds.landing import MOMENTS, SILVER, Landing, consent
from tests.services.kafka import Broker, running_broker
from tests.small_lake import SmallLake

FEED = """
  kafka:
    servers: ${{env:TEST_KAFKA}}
    topics: [{topic}]
    {more}
"""
AT = "2025-01-01T10:00:00Z"
MESSAGE = "key string, value string, headers array<struct<key string, value binary>>, partition int"
SCHEMA = {
    "type": "record",
    "name": "consent",
    "fields": [{"name": "id", "type": ["null", "long"]}, {"name": "purpose", "type": ["null", "string"]}],
}


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as found:
        yield found


class Topic(Landing):
    """A topic of the test's own, and its source."""

    def __init__(self, small: SmallLake, request: pytest.FixtureRequest, broker: Broker) -> None:
        super().__init__(small, request)
        self.broker = broker
        self.read()

    def read(self, more: str = "") -> None:
        """(Re)write the source file."""
        self.source(FEED.format(topic=self.name, more=more), at="$.value")

    def send(self, *values: str | None, key: str = "k", partition: int = 0) -> None:
        """Send messages with one header to a partition."""
        rows = [(key, value, [("trace", b"t1")], partition) for value in values]
        frame = self.small.spark.createDataFrame(rows, MESSAGE)
        frame.write.format("kafka").options(
            **{"kafka.bootstrap.servers": self.broker.servers, "topic": self.name}
        ).save()

    def places(self) -> list[tuple[str, int]]:
        """Topic, partition and offset of what has landed, sorted."""
        return sorted((row["_file"].removeprefix(f"kafka://{self.name}/"), row["_row"]) for row in self.rows())


@pytest.fixture
def topic(broker: Broker, shared: SmallLake, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Topic:
    monkeypatch.setenv("TEST_KAFKA", broker.servers)
    return Topic(shared, request, broker)


def messages(*numbers: int) -> list[str]:
    return [json.dumps(consent(n)) for n in numbers]


def test_messages_land_with_their_envelope_and_broken_ones_are_told(topic: Topic) -> None:
    topic.send(*messages(1, 2), "{broken", None, "[1]", "")
    topic.send(*messages(3), key="ü", partition=1)
    assert topic.land() == [(4, 3, 0)]
    assert topic.places() == [("0", 0), ("0", 1), ("0", 3), ("1", 0)]
    by_place = {(row["_file"][-1], row["_row"]): json.loads(row["json"]) for row in topic.rows()}
    third = by_place["1", 0]
    assert third["value"] == consent(3)
    assert {k: third[k] for k in ("key", "topic", "partition", "offset")} == {
        "key": "ü",
        "topic": topic.name,
        "partition": 1,
        "offset": 0,
    }
    assert third["headers"] == [{"key": "trace", "value": "t1"}]
    assert "value" not in by_place["0", 3] or by_place["0", 3]["value"] is None
    refused = topic.refused()
    assert sorted((r["row"], r["record"]) for r in refused) == [(2, "{broken"), (4, "[1]"), (5, "")]
    assert {(r["file"], r["reason"], r["detail"]) for r in refused} == {
        (f"kafka://{topic.name}/0", "malformed_record", "the value is not a JSON object")
    }
    assert topic.in_silver() == ["1", "2", "3"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_comes_again_with_the_same_offsets(topic: Topic, moment: str) -> None:
    topic.read("max_offsets: 2")
    topic.send(*messages(0, 1, 2))
    with topic.killed(moment):
        assert "killed by the test" in topic.failure()
    topic.send(*messages(3))
    assert len(topic.land()) >= 2
    assert topic.places() == [("0", n) for n in range(4)]
    before = topic.small.versions()
    assert topic.land() == []
    assert topic.small.versions() == before


@pytest.mark.slow
def test_avro_by_a_schema_file_behind_a_registrys_header(topic: Topic, tmp_path: Path, spark: SparkSession) -> None:
    schema = tmp_path / "consent.avsc"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    topic.read(f"value: avro\n    avro_schema: {schema}\n    skip_bytes: 5")
    rows = spark.createDataFrame([(5, "marketing")], "id long, purpose string")
    avro = to_avro(F.struct("id", "purpose"), json.dumps(SCHEMA))
    value = F.concat(F.lit(b"\x00\x00\x00\x00\x07"), avro)
    broken = spark.range(1).select(F.lit(b"\x00\x00\x00\x00\x07\xff").alias("value"))
    to = {"kafka.bootstrap.servers": topic.broker.servers, "topic": topic.name}
    rows.select(value.alias("value")).unionAll(broken).write.format("kafka").options(**to).save()
    assert topic.land() == [(1, 1, 0)]
    assert [p["value"] for p in topic.payloads()] == [{"id": 5, "purpose": "marketing"}]
    (refused,) = topic.refused()
    assert base64.b64decode(refused["record"]) == b"\x00\x00\x00\x00\x07\xff"


@pytest.mark.slow
def test_text_and_a_pattern_of_topics(topic: Topic) -> None:
    topic.source(f"  kafka: {{servers: '${{env:TEST_KAFKA}}', pattern: '{topic.name}.*', value: text}}")
    topic.send("plain", "文")
    assert topic.land() == [(2, 0, 0)]
    assert sorted(str(p["value"]) for p in topic.payloads()) == ["plain", "文"]


@pytest.mark.slow
def test_a_micro_batch_is_in_silver_within_seconds(
    topic: Topic, record_property: Callable[[str, object], None]
) -> None:
    topic.send(*messages(0))
    topic.land()
    topic.in_silver()
    topic.small.spark.range(1, 5001).select(
        F.to_json(
            F.struct("id", F.lit("marketing").alias("purpose"), F.lit("grant").alias("action"), F.lit(AT).alias("at"))
        )
        .cast("binary")
        .alias("value")
    ).write.format("kafka").options(**{"kafka.bootstrap.servers": topic.broker.servers, "topic": topic.name}).save()
    began = time.monotonic()
    outcome = topic.small.run(topic.job, SILVER)
    seconds = time.monotonic() - began
    assert not outcome.failures
    assert sum(run.rows_out for run in outcome.runs[SILVER]) == 5000
    record_property("seconds", f"{seconds:.1f}, of which bronze {outcome.seconds[topic.job]:.1f}")
    assert seconds < 60
