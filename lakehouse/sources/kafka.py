"""Messages of Kafka topics: Spark's own stream holds the offsets; topic and partition are the file, the offset is the row."""

from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

from lakehouse.errors import SourceError
from lakehouse.sources.feeds import Kafka
from lakehouse.sources.records import records
from lakehouse.sources.references import all_resolved, resolved


def stream(spark: SparkSession, feed: Kafka) -> DataFrame:
    """The stream of the feed's messages from ``starting`` on, or from where its checkpoint stands."""
    which = {"subscribePattern": feed.pattern} if feed.pattern else {"subscribe": ",".join(feed.topics)}
    options = {
        "kafka.bootstrap.servers": resolved(feed.servers, "from.kafka.servers"),
        "includeHeaders": "true",
    } | which
    options |= {"startingOffsets": feed.starting} | all_resolved(feed.options, "from.kafka.options")
    if feed.max_offsets:
        options["maxOffsetsPerTrigger"] = str(feed.max_offsets)
    return spark.readStream.format("kafka").options(**options).load()


def read(batch: DataFrame, feed: Kafka) -> DataFrame:
    """Messages as records: ``key, value, headers, topic, partition, offset, timestamp``.

    A value that is not what the feed says is bad; no value at all (a tombstone) is a record whose value is null.
    """
    value, is_bad = _VALUES[feed.value](batch, feed)
    parts = batch.select(
        _text(F.col("key")).alias("key"),
        value.alias("value"),
        F.transform("headers", lambda h: F.struct(h["key"].alias("key"), _text(h["value"]).alias("value"))).alias(
            "headers"
        ),
        "topic",
        "partition",
        "offset",
        "timestamp",
        F.when(F.col("value").isNotNull() & is_bad, _text(F.col("value"))).alias("_raw"),
    )
    names = [name for name in parts.columns if name != "_raw"]
    numbered = parts.select("*", F.col("offset").alias("_row"), F.unix_micros("timestamp").alias("_sequence"))
    place = F.format_string("kafka://%s/%d", F.col("topic"), F.col("partition"))
    payload = F.to_variant_object(F.struct(*names))
    return records(numbered, payload, place, bad=F.col("_raw"), why=f"the value is not {_MEANT[feed.value]}")


def _text(column: Column) -> Column:
    """Bytes as the text that they are, or in base64."""
    text = column.cast("string")
    return F.when(F.is_valid_utf8(text), text).otherwise(F.base64(column))


def _json(batch: DataFrame, _: Kafka) -> tuple[Column, Column]:
    text = batch["value"].cast("string")
    parsed = F.when(F.ltrim(text).startswith("{"), F.try_parse_json(text))
    return parsed, parsed.isNull()


def _plain(batch: DataFrame, _: Kafka) -> tuple[Column, Column]:
    text = batch["value"].cast("string")
    return text, ~F.is_valid_utf8(text)


def _avro(batch: DataFrame, feed: Kafka) -> tuple[Column, Column]:
    """Spark makes a record of nulls of what is no Avro: it is bad when nothing is in it."""
    path = Path(feed.avro_schema)
    if not path.is_file():
        raise SourceError("there is no such Avro schema", file=path, key="from.kafka.avro_schema")
    body = F.expr(f"substring(value, {feed.skip_bytes + 1})") if feed.skip_bytes else batch["value"]
    decoded = from_avro(body, path.read_text(encoding="utf-8"), {"mode": "PERMISSIVE"})
    return decoded, F.to_json(decoded) == "{}"


_VALUES = {"json": _json, "text": _plain, "avro": _avro}
_MEANT = {"json": "a JSON object", "text": "UTF-8 text", "avro": "Avro of the schema"}
