"""Rows of a database by a high-water mark: what is new is found by the mark, what came late by an overlap.

A slice is the range of marks from ``low`` (of which some were landed before) to ``high``. Marks travel as the database's
own text, so that neither precision nor zone is lost on the way. Rows of the overlap are known by key and mark: the hash of
both is ``_row``.
"""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, DataType, DateType, TimestampNTZType, TimestampType

from lakehouse.sources.feeds import Jdbc, span_seconds
from lakehouse.sources.records import AGAIN, records
from lakehouse.sources.references import all_resolved, resolved
from lakehouse.sources.slices import Json, Slice

TEXT = 64
POSITIVE = (1 << 63) - 1
DRIVERS = {
    "jdbc:postgresql:": "org.postgresql.Driver",
    "jdbc:mysql:": "com.mysql.cj.jdbc.Driver",
    "jdbc:mariadb:": "org.mariadb.jdbc.Driver",
    "jdbc:oracle:": "oracle.jdbc.OracleDriver",
}
"""Drivers by address: a jar that a session loads does not make its driver known. ``options: {driver: …}`` names others."""


def plan(spark: SparkSession, feed: Jdbc, state: Json, landed: DataFrame) -> Iterator[Slice]:
    """The next range of marks; nothing where every row in it was landed before. ``landed`` are the source's bronze rows."""
    low = state.get("next")
    text = f"CAST({{}} AS CHAR({TEXT}))"
    by = feed.partition_by or feed.mark
    cells = [text.format(c) for c in (f"MAX({feed.mark})", _behind(feed), f"MIN({by})", f"MAX({by})")]
    names = ("high", "next", "first", "last")
    query = f"SELECT {', '.join(f'{c} AS {n}_' for c, n in zip(cells, names, strict=True))} FROM {_range(feed, low)}"
    row = _reader(spark, feed).option("query", query).load().collect()[0]
    high, after, first, last = (value.strip() if value is not None else None for value in row)
    what: Json = {"low": low, "high": high, "first": first, "last": last}
    if high is not None and (high != state.get("high") or _has_more(spark, feed, what, landed)):
        yield Slice(what, {"next": after, "high": high})


def _behind(feed: Jdbc) -> str:
    if isinstance(feed.overlap, str):
        return f"MAX({feed.mark}) - INTERVAL '{span_seconds(feed.overlap)}' SECOND"
    return f"MAX({feed.mark}) - {feed.overlap}" if feed.overlap else f"MAX({feed.mark})"


def _has_more(spark: SparkSession, feed: Jdbc, what: Json, landed: DataFrame) -> bool:
    return not _marked(_rows(spark, feed, what), feed, what, landed).where(~F.col(AGAIN)).isEmpty()


def read(spark: SparkSession, feed: Jdbc, what: Json, landed: DataFrame) -> DataFrame:
    """The rows of a slice as records; those of its overlap that are in ``landed`` already are flagged."""
    rows = _rows(spark, feed, what)
    marked = _marked(rows, feed, what, landed)
    payload = F.struct(*[_value(f.name, f.dataType, feed) for f in rows.schema.fields])
    return records(marked, F.to_variant_object(payload), F.lit(feed.place), again=F.col(AGAIN))


def _rows(spark: SparkSession, feed: Jdbc, what: Json) -> DataFrame:
    reader = _reader(spark, feed).option("dbtable", _range(feed, what["low"], what["high"]))
    if feed.partitions > 1 and what["first"] != what["last"]:
        bounds = {
            "lowerBound": str(what["first"]),
            "upperBound": str(what["last"]),
            "numPartitions": str(feed.partitions),
        }
        reader = reader.options(partitionColumn=feed.partition_by or feed.mark, **bounds)
    return reader.load()


def _range(feed: Jdbc, low: object, high: object = None) -> str:
    """The statement that the database runs: the relation between two marks, both of them in it."""
    relation = feed.table or f"({feed.query}) kith_query"
    bounds = [f"{feed.mark} {sign} '{mark}'" for sign, mark in ((">=", low), ("<=", high)) if mark is not None]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else f" WHERE {feed.mark} IS NOT NULL"
    return f"(SELECT * FROM {relation}{where}) kith_range"


def _marked(rows: DataFrame, feed: Jdbc, what: Json, landed: DataFrame) -> DataFrame:
    """The rows with ``_row``, ``_sequence``, and whether they were landed before."""
    kind = rows.schema[feed.mark].dataType
    own = F.xxhash64(*[F.col(name) for name in (*feed.key, feed.mark)]).bitwiseAND(POSITIVE)
    marked = rows.select("*", own.alias("_row"), _sequence(F.col(feed.mark), kind).alias("_sequence"))
    if what["low"] is None:
        return marked.select("*", F.lit(False).alias(AGAIN))
    low = _sequence(F.lit(what["low"]).try_cast(kind), kind)
    before = landed.where(F.col("_sequence") >= F.coalesce(low, F.lit(-POSITIVE))).select(
        "_row", F.lit(True).alias(AGAIN)
    )
    joined = marked.join(before.distinct(), on="_row", how="left")
    return joined.withColumn(AGAIN, F.coalesce(AGAIN, F.lit(False)))


def _sequence(mark: Column, kind: DataType) -> Column:
    """A mark as a number that keeps its order: microseconds of a time, else the number itself."""
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return F.unix_micros(mark.cast("timestamp"))
    return mark.cast("bigint")


def _value(name: str, kind: DataType, feed: Jdbc) -> Column:
    """A column as it goes into the payload: bytes as base64, JSON as what it says."""
    column = F.col(f"`{name}`")
    if isinstance(kind, BinaryType):
        return F.base64(column).alias(name)
    if name in feed.json_columns:
        return F.coalesce(F.try_parse_json(column), column.cast("variant")).alias(name)
    return column.alias(name)


def _reader(spark: SparkSession, feed: Jdbc) -> DataFrameReader:
    login = {name: value for name, value in (("user", feed.user), ("password", feed.password)) if value}
    options = all_resolved(login, "from.jdbc") | all_resolved(feed.options, "from.jdbc.options")
    url = resolved(feed.url, "from.jdbc.url")
    driver = next(({"driver": name} for start, name in DRIVERS.items() if url.startswith(start)), {})
    return spark.read.format("jdbc").option("preferTimestampNTZ", "true").options(url=url, **(driver | options))
