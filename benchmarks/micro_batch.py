"""Seconds of a micro-batch from a Kafka topic to silver on a warm session: `python -m benchmarks.micro_batch [rounds] [events]`.

Starts a broker of its own (`make jars-broker`), sends so many events a round, and runs the landing and the silver job, as a
loop of `kith run` in one session would. Prints seconds of each round, from the moment when the events are in the topic.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from pyspark.sql import functions as F

from lakehouse.session import build_session
from lakehouse.settings import ROOT
from tests.services.kafka import running_broker
from tests.small_lake import TOKEN_KEY, SmallLake, settings_for

NAME = "shop__consent"
JOBS = (f"bronze.{NAME}", "silver.consent_event")
WARM = 2
SOURCE = """
description: Consents from a topic.
from:
  kafka: {servers: "${env:BENCH_KAFKA}", topics: [consents]}
maps:
  silver.consent_event:
    columns: {consent_id: $.value.id, purpose: $.value.purpose, action: $.value.action, occurred_at: $.value.at}
"""
EVENT = """to_json(named_struct('id', id, 'purpose', 'marketing', 'action', 'grant', 'at', '2025-01-01T10:00:00Z')) AS value"""


def main(rounds: int, events: int) -> None:
    """Run the rounds and print their seconds, without those that warm the session up."""
    os.environ["KITH_TOKEN_KEY"] = TOKEN_KEY
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder, running_broker() as broker:
        os.environ["BENCH_KAFKA"] = broker.servers
        spark = build_session(settings_for(Path(folder), ROOT / "conf"), "micro-batch")
        spark.sparkContext.setLogLevel("ERROR")
        small = SmallLake(spark, Path(folder))
        small.source(NAME, SOURCE)
        to = {"kafka.bootstrap.servers": broker.servers, "topic": "consents"}
        found: list[tuple[float, float]] = []
        for number in range(WARM + rounds):
            rows = spark.range(number * events, (number + 1) * events).selectExpr("cast(id as string) AS key", EVENT)
            rows.select("key", F.col("value").cast("binary")).write.format("kafka").options(**to).save()
            began = time.monotonic()
            outcome = small.run(*JOBS)
            found.append((time.monotonic() - began, outcome.seconds[JOBS[0]]))
            landed = sum(run.rows_out for run in outcome.runs[JOBS[1]])
            print(f"round {number}: {landed} events in silver after {found[-1][0]:.2f} s, bronze {found[-1][1]:.2f} s")
        warm = [seconds for seconds, _ in found[WARM:]]
        print(f"{events} events a micro-batch: median {statistics.median(warm):.2f} s, slowest {max(warm):.2f} s")
        spark.stop()


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["5"])[0]), int((sys.argv[2:3] or ["1000"])[0]))
