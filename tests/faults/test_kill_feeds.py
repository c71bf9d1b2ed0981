"""Runs that land a database and a bucket are killed at random moments: in the end each row and object has landed once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import boto3
import pytest
from pyspark.sql import SparkSession

from lakehouse.settings import ROOT
from lakehouse.tables import silver
from lakehouse.tables.bronze import bronze_table
from tests.services.moto import running_store
from tests.services.postgres import PASSWORD, Postgres, running_postgres
from tests.small_lake import HEADER, TOKEN_KEY, SmallLake, statements

KILLS, SEED = 4, 6
ROWS, OBJECTS = 40, 5
DATABASE, BUCKET = "crm__consent", "shop__consent"
SELECT = ("bronze.*", "silver.consent_event")
MAP = """
maps:
  silver.consent_event:
    columns: {consent_id: $.id, purpose: $.purpose, action: $.action, occurred_at: $.at}
"""
FROM_DATABASE = """
description: Consents of a database.
from:
  jdbc: {{url: "{url}", table: consent, mark: at, key: [id], overlap: 1 minute, user: kith, password: "${{env:TEST_PASSWORD}}"}}
"""
FROM_BUCKET = """
description: Consents of a bucket.
format: csv
required: [id, purpose, action, at]
from:
  s3: {bucket: shop, read: copy}
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def server() -> Iterator[Postgres]:
    with running_postgres() as found:
        found.run("CREATE TABLE consent (id text PRIMARY KEY, purpose text, action text, at timestamptz)")
        yield found


@pytest.fixture
def store() -> Iterator[str]:
    with running_store() as address:
        yield address


def deliver(server: Postgres, store: str, number: int) -> None:
    """Rows, of which many share a mark with those of the delivery before, and objects."""
    first = number * ROWS
    server.run(
        "INSERT INTO consent SELECT 'd' || n, 'marketing', 'grant',"
        " timestamptz '2025-01-01 10:00+08' + (n / 50) * interval '1 minute'"
        f" FROM generate_series({first}, {first + ROWS - 1}) n"
    )
    s3 = boto3.client("s3", endpoint_url=store)
    for n in range(number * OBJECTS, (number + 1) * OBJECTS):
        s3.put_object(Bucket="shop", Key=f"{n}.csv", Body=f"{HEADER}\n{statements([n])}".encode())


def start(small: SmallLake) -> subprocess.Popen[bytes]:
    """`kith run` in a process group of its own."""
    own = {"CONF": small.settings.conf, "HOME": small.settings.home, "TOKEN_KEY": TOKEN_KEY, "DRIVER_MEMORY": "2g"}
    own |= {"TOKEN_KEY_REF": "env:KITH_TOKEN_KEY", "MAX_FILES_PER_BATCH": "3"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KITH_")} | {"TEST_PASSWORD": PASSWORD}
    environment |= {f"KITH_{name}": value for name, value in own.items()}
    words = [sys.executable, "-c", "from jobs.cli import main; main()", "run", *SELECT]
    with (small.root / "run.log").open("ab") as log:
        return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)


def finish(small: SmallLake) -> float:
    """A whole run, which must end well; returns its seconds."""
    began, process = time.monotonic(), start(small)
    assert process.wait(timeout=600) == 0, (small.root / "run.log").read_text(encoding="utf-8")[-3000:]
    return time.monotonic() - began


def kill_at(small: SmallLake, moment: float) -> None:
    """SIGKILL to driver and JVM in that second of a run's life."""
    process = start(small)
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_killed_runs_land_every_row_and_object_once(
    spark: SparkSession, small: SmallLake, server: Postgres, store: str
) -> None:
    boto3.client("s3", endpoint_url=store).create_bucket(
        Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    small.source(DATABASE, FROM_DATABASE.format(url=server.url) + MAP)
    small.source(BUCKET, FROM_BUCKET + MAP)
    deliver(server, store, 0)
    whole = finish(small)
    dice = random.Random(SEED)
    for number in range(1, KILLS + 1):
        deliver(server, store, number)
        moment = dice.uniform(0.3 * whole, whole)
        kill_at(small, moment)
        print(f"killed in second {moment:.1f} of {whole:.1f}")
    finish(small)
    rows = small.read(bronze_table(DATABASE, "")).selectExpr("variant_get(payload, '$.id', 'string')").collect()
    assert sorted(int(row[0][1:]) for row in rows) == list(range((KILLS + 1) * ROWS))
    files = small.read(bronze_table(BUCKET, "")).select("_file").collect()
    assert sorted(int(row[0].rsplit("/", 1)[1][:-4]) for row in files) == list(range((KILLS + 1) * OBJECTS))
    assert small.read(silver.CONSENT_EVENT).count() == (KILLS + 1) * (ROWS + OBJECTS)
