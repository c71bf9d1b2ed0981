"""Landing and conforming events: Kith, the same written by hand in PySpark, and a DuckDB script, on the same files.

    python -m benchmarks.landing 10e6 [--folder /tmp/kith-bench] [--no-peers] [--more 3]

The files are JSON lines in the Segment spec (2 % sent twice, 1 % late), fifty to a load. Kith lands them by `app__event` of
conf/sources into bronze and from there into `silver.event`, as `kith run` does; the hand-written job does the same in two
plain statements: text to VARIANT to Delta, Delta to typed, tokenised, deduplicated rows to Delta. Both in one warm session of
size m, in turn. DuckDB reads, types and deduplicates the files into Parquet (plain hashes instead of keyed ones, no history).
Then 1 % new events are delivered to Kith. CPU is that of this process and its children. Both tables are held together.
``--no-peers`` leaves out the two others; the session is then warmed up by a tenth of the files in another lake. ``--more``
delivers 1 % more, so many times, to the lake that an earlier run left behind, and compares with its full load.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.clock import cpu_seconds
from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.runner import run_job
from lakehouse.settings import ROOT, load_settings
from lakehouse.standardise.rules import rule
from lakehouse.standardise.token import token
from lakehouse.tables import silver

FILES = 50
FULL = "full.json"
SOURCE = "app__event"
COMPARED = ("event_id", "type", "event", "customer_token", "occurred_at", "sku", "value_amount", "is_bot")
EVENTS = """
    SELECT 'e' || n AS "messageId", CASE WHEN n % 10 = 0 THEN 'identify' ELSE 'track' END AS "type",
        CASE WHEN n % 10 = 0 THEN NULL ELSE ['Product Viewed', 'Product Added', 'Products Searched'][1 + n % 3] END AS "event",
        CASE WHEN n % 3 = 0 THEN 'u' || hash(n) % {people} ELSE NULL END AS "userId",
        'a' || hash(n + 1) % {people} AS "anonymousId", seen AS "originalTimestamp", seen AS "sentAt",
        got AS "receivedAt", seen AS "timestamp",
        {{'sku': 'S' || n % 5000, 'price': (n % 9000) / 100.0, 'quantity': 1 + n % 3,
          'store_id': NULL, 'query': NULL}} AS properties,
        {{'userAgent': CASE WHEN n % 50 = 0 THEN 'Googlebot/2.1' ELSE 'KithApp/5.1 (iPhone)' END,
          'device': {{'id': 'd' || hash(n + 1) % {people}, 'type': 'ios'}}, 'campaign': {{'name': 'c' || n % 40}},
          'locale': 'zh-CN', 'network': {{'wifi': n % 2 = 0, 'carrier': 'CMCC'}}}} AS context
    FROM (SELECT n, strftime(t, '%Y-%m-%dT%H:%M:%SZ') AS seen, strftime(t + INTERVAL 2 SECOND, '%Y-%m-%dT%H:%M:%SZ') AS got
          FROM (SELECT range % {unique} AS n, TIMESTAMP '2026-01-01' + to_seconds(range % {unique} % 2592000) AS t
                FROM range({first}, {last})))
"""
Spent = tuple[float, float]


def make(folder: Path, first: int, last: int, unique: int, files: int) -> None:
    """Write events ``first`` to ``last`` as JSON lines, about evenly into ``files`` files."""
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-(last - first) // files)
    for number, low in enumerate(range(first, last, step)):
        target = folder / f"{first}-{number:03d}.jsonl"
        query = EVENTS.format(first=low, last=min(low + step, last), unique=unique, people=max(unique // 20, 1))
        partial = target.with_name(f".{target.name}")
        duckdb.sql(f"COPY ({query}) TO '{partial}' (FORMAT json)")
        partial.replace(target)


def timed(what: str, rows: int, work: Callable[[], object]) -> Spent:
    """Do it; wall and CPU seconds, printed."""
    began, busy = time.monotonic(), cpu_seconds()
    work()
    wall, cpu = time.monotonic() - began, cpu_seconds() - busy
    print(f"  {what}: {wall:.1f} s wall, {cpu:.1f} CPU s, {rows / cpu:,.0f} rows a CPU second", flush=True)
    return wall, cpu


def kith(context: Context) -> None:
    """Land and conform what is new, as `kith run bronze.app__event silver.event` does."""
    graph = build_graph(context.sources)
    for name in (f"bronze.{SOURCE}", "silver.event"):
        began = time.monotonic()
        run_job(context, graph.jobs[name])
        print(f"    {name}: {time.monotonic() - began:.1f} s", flush=True)


def by_hand(spark: SparkSession, files: Path, target: Path, key: bytes) -> None:
    """The same by somebody who knows Spark and writes it for this one feed."""
    shutil.rmtree(target, ignore_errors=True)
    spark = spark.newSession()
    spark.conf.set("spark.sql.variant.pushVariantIntoScan", "true")  # Spark's default, and better for this query
    raw = spark.read.text(str(files)).select(
        F.try_parse_json("value").alias("payload"),
        F.lit(SOURCE).alias("_source"),
        F.col("_metadata.file_path").alias("_file"),
        F.unix_micros("_metadata.file_modification_time").alias("_sequence"),
        F.current_timestamp().alias("_ingested_at"),
    )
    raw.where("payload IS NOT NULL").write.format("delta").save(f"{target}/bronze")
    events = spark.read.format("delta").load(f"{target}/bronze").transform(typed, key)
    rest = [name for name in events.columns if name != "event_id"]
    best = F.max_by(F.struct(*rest), "_sequence").alias("best")
    latest = events.groupBy("event_id").agg(best).select("event_id", "best.*").drop("_sequence")
    latest.write.format("delta").save(f"{target}/silver")


def typed(bronze: DataFrame, key: bytes) -> DataFrame:
    """Events with types, tokens and flags."""

    def text(path: str, kind: str = "string") -> str:
        return f"try_variant_get(payload, '$.{path}', '{kind}')"

    at = {name: f"try_cast({text(name)} AS timestamp)" for name in ("receivedAt", "sentAt", "originalTimestamp")}
    user, stranger = (rule("code")(text(name))["value"] for name in ("userId", "anonymousId"))
    unknown = token("anonymous_app", stranger, key)
    return bronze.select(
        F.expr(text("messageId")).alias("event_id"),
        F.expr(text("type")).alias("type"),
        F.expr(text("event")).alias("event"),
        F.coalesce(token("app_user", user, key), unknown).alias("customer_token"),
        unknown.alias("anonymous_token"),
        F.expr(f"{at['receivedAt']} - ({at['sentAt']} - {at['originalTimestamp']})").alias("occurred_at"),
        F.expr(at["receivedAt"]).alias("received_at"),
        F.lit("app").alias("channel"),
        F.expr(text("context.device.type")).alias("device_type"),
        F.expr(text("properties.sku")).alias("sku"),
        F.expr(text("properties.store_id")).alias("place_id"),
        F.expr(text("context.campaign.name")).alias("campaign_id"),
        F.expr(text("properties.query")).alias("query"),
        F.expr(
            f"CAST({text('properties.price', 'decimal(18, 2)')} * {text('properties.quantity', 'int')} AS decimal(18, 2))"
        ).alias("value_amount"),
        F.expr(f"coalesce({text('context.userAgent')}, '') RLIKE '(?i)bot|crawl|spider'").alias("is_bot"),
        F.unix_micros(F.expr(at["receivedAt"])).alias("_sequence"),
    )


def by_duckdb(files: Path, target: Path) -> None:
    """A reference of another kind: one process, no lake, no history, no key."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    found = f"read_json('{files}/*.jsonl', format = 'newline_delimited')"
    connection = duckdb.connect()
    connection.execute(f"SET threads = {os.cpu_count()}")
    connection.execute(f"COPY (SELECT *, filename FROM {found}) TO '{target}/bronze.parquet'")
    connection.execute(f"""
        COPY (SELECT "messageId" AS event_id, arg_max(struct_pack(t := "type", e := event,
              who := sha256(coalesce("userId", "anonymousId")), at := "receivedAt" - ("sentAt" - "originalTimestamp"),
              sku := properties.sku, amount := properties.price * properties.quantity,
              bot := regexp_matches(coalesce(context."userAgent", ''), '(?i)bot|crawl|spider')), "receivedAt") AS best
              FROM '{target}/bronze.parquet' GROUP BY 1) TO '{target}/silver.parquet'""")


def are_equal(ours: DataFrame, theirs: DataFrame) -> bool:
    """Whether both hold the same events, by content."""

    def digest(frame: DataFrame) -> list[int]:
        hashes = F.xxhash64(*[F.col(name).cast("string") for name in COMPARED])
        row = frame.agg(F.count("*"), F.sum(hashes.cast("decimal(38, 0)"))).collect()[0]
        return [int(row[0]), int(row[1])]

    return digest(ours) == digest(theirs)


def main() -> None:
    """Make the files, run what is asked for, print what it took and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=float)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kith-bench")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--more", type=int, default=0)
    asked = parser.parse_args()
    rows = int(asked.events)
    folder = asked.folder / f"landing-{rows}"
    os.environ.setdefault("KITH_TOKEN_KEY", "0" * 64)
    if asked.more:
        full: Spent = tuple(json.loads((folder / FULL).read_text()))
        context = context_of(folder)
        for _ in range(asked.more):
            deliver_more(context, folder, rows, full)
        return
    files = prepare(folder, rows)
    context = context_of(folder)
    if asked.no_peers:
        warm(folder, rows)
    else:
        by_hand(context.spark, files, folder / "warm", b"warm")  # both find a warm session
    full = timed("Kith", rows, lambda: kith(context))
    (folder / FULL).write_text(json.dumps(full))
    if not asked.no_peers:
        peers(context, folder, files, rows, full)
    deliver_more(context, folder, rows, full)


def prepare(folder: Path, rows: int) -> Path:
    """An empty home with the configuration of the one source, and its files; where they are."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "conf", folder / "conf")
    for other in (folder / "conf" / "sources").glob("*.yml"):
        if other.stem != SOURCE:
            other.unlink()
    files = landing(folder)
    make(files, 0, rows, max(int(rows * 0.98), 1), FILES)
    size = sum(path.stat().st_size for path in files.iterdir())
    print(f"{rows:,} events, {size / 2**20:,.0f} MiB of JSON lines", flush=True)
    return files


def landing(folder: Path) -> Path:
    """Where the source's files are."""
    return folder / "landing" / SOURCE.replace("__", "/")


def context_of(folder: Path) -> Context:
    """A run in a lake of its own below the folder."""
    home, conf, files = (str(folder / name) for name in ("home", "conf", "landing"))
    settings = load_settings(None, home=home, conf=conf, landing=files, spark_size="m", driver_memory="8g")
    return Context(settings, day=date(2026, 2, 1))


def warm(folder: Path, rows: int) -> None:
    """Land a tenth of the files in another lake, in the same session: what is compiled then is compiled for both."""
    other = folder / "warm"
    shutil.copytree(folder / "conf", other / "conf")
    landing(other).mkdir(parents=True)
    for path in sorted(landing(folder).iterdir())[: FILES // 10]:
        (landing(other) / path.name).hardlink_to(path)
    timed("Kith, the first tenth, to warm up", rows // 10, lambda: kith(context_of(other)))
    shutil.rmtree(other)


def peers(context: Context, folder: Path, files: Path, rows: int, full: Spent) -> None:
    """The two others on the same files."""
    peer = timed("by hand", rows, lambda: by_hand(context.spark, files, folder / "hand", context.key))
    right = are_equal(context.lake.read(silver.EVENT), context.spark.read.format("delta").load(f"{folder}/hand/silver"))
    print(f"  the same events: {right}")
    timed("DuckDB, for reference", rows, lambda: by_duckdb(files, folder / "duckdb"))
    print(f"rows a CPU second, Kith / by hand: {peer[1] / full[1]:.2f}; wall {peer[0] / full[0]:.2f}")


def deliver_more(context: Context, folder: Path, rows: int, full: Spent) -> None:
    """1 % new events to Kith, in one file."""
    files, late = landing(folder), rows // 100
    before = sum(int(path.name.partition("-")[0]) >= rows for path in files.glob("*.jsonl"))
    first = rows + before * late
    make(files, first, first + late, 10 * rows, 1)
    new = timed(f"Kith, {late:,} more", late, lambda: kith(context))
    print(f"1 % new / full: {100 * new[1] / full[1]:.1f} % of the CPU, {100 * new[0] / full[0]:.1f} % of the wall time")


if __name__ == "__main__":
    main()
