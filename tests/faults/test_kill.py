"""Runs are killed at ten random moments and started again: the final tables equal those of undisturbed runs."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.lake import Lake
from lakehouse.settings import ROOT
from lakehouse.table import Table
from lakehouse.tables import gold, ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.jobs.receipts import RECEIPT, RECEIPTS
from tests.small_lake import CONSENT, HEADER, TOKEN_KEY, SmallLake, statements

KILLS, KILLS_A_DAY, DAYS, SEED = 10, 4, 9, 20
ORDERS, CONSENTS = "shop__receipt", "shop__consent"
SELECT = ("+gold.mart_rfm", "+silver.consent_event")
FILES_A_BATCH = 3
TABLES: tuple[Table, ...] = (
    bronze_table(ORDERS, ""),
    bronze_table(CONSENTS, ""),
    silver.ORDER_LINE,
    silver.CONSENT_EVENT,
    silver.IDENTIFIER_OBSERVATION,
    silver.IDENTIFIER,
    silver.IDENTITY_EDGE,
    silver.IDENTITY_MAP,
    gold.DIM_CUSTOMER,
    gold.DIM_PRODUCT,
    gold.FCT_ORDER_LINE,
    gold.MART_CUSTOMER_360,
    gold.MART_RFM,
    ops.QUARANTINE,
)
# What tells when and by which batch a row was landed, and (the lakes have landing folders of their own) from where.
TELLS_OF_THE_RUN = {"_ingested_at", "_batch_id", "quarantined_at", "batch_id", "_file", "file"}
FILE_IN_A_RECORD = r'"_file":"[^"]*"'

STARTED: list[subprocess.Popen[bytes]] = []

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def deliver(small: SmallLake, day: int) -> None:
    """One day's files: seven of receipts, of people who share phones, one of consents, and one of each damage."""
    dice = random.Random(SEED + day)
    for n in range(7):
        lines = [_receipt(dice, f"{day}-{n}-{line}", f"2025-01-{day + 1:02} {8 + n:02}:00:00") for line in range(12)]
        small.deliver(ORDERS, f"{day}/{n}.csv", f"{RECEIPT}\n{''.join(lines)}", second=100 * day + n)
    small.deliver(ORDERS, f"{day}/empty.csv", "", second=100 * day + 8)
    small.deliver(
        ORDERS, f"{day}/cut.csv", f"{RECEIPT}\n{_receipt(dice, f'{day}-x', '2025-')}{day}-y,1", second=100 * day + 9
    )
    texts = statements(range(day * 5, day * 5 + 20), action=dice.choice(("grant", "withdraw")), day=day + 1)
    small.deliver(CONSENTS, f"{day}.csv", f"{HEADER}\n{texts}", second=100 * day)


def _receipt(dice: random.Random, number: str, at: str) -> str:
    who = dice.randrange(60)
    tel = f"139{10_000_000 + who // 2 * 7919}" if dice.random() < 0.4 else ""
    sku, qty, price = dice.randrange(15), dice.choice((1, 1, 2, 3, -1, 0)), dice.randrange(1, 99)
    return f"{number},1,{at},M{who:05},{tel},s{sku},{qty},{price}.5\n"


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """However the test ends, its processes end too."""
    yield
    for popen in STARTED:
        if popen.poll() is None:
            os.killpg(popen.pid, signal.SIGKILL)


@dataclass
class Process:
    """`kith run` in a process group of its own."""

    small: SmallLake
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KITH_")} | {
            "KITH_CONF": self.small.settings.conf,
            "KITH_HOME": self.small.settings.home,
            "KITH_TOKEN_KEY": TOKEN_KEY,
            "KITH_TOKEN_KEY_REF": "env:KITH_TOKEN_KEY",
            "KITH_DRIVER_MEMORY": "2g",
            "KITH_MAX_FILES_PER_BATCH": str(FILES_A_BATCH),
        }
        self.log = self.small.root / "run.log"
        words = [sys.executable, "-c", "from jobs.cli import main; main()", "run", *SELECT]
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        STARTED.append(self.popen)

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.began

    def is_killed_at(self, moment: float) -> bool:
        """SIGKILL to driver and JVM in that second of its life; False when it had ended before."""
        try:
            self.popen.wait(timeout=max(0.1, moment - self.seconds))
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
            return True
        self.finish()
        return False

    def finish(self) -> float:
        """Wait for the end, which must be a good one; returns its seconds."""
        code = self.popen.wait(timeout=900)
        assert code == 0, self.log.read_text(encoding="utf-8")[-3000:]
        return self.seconds


def hashed(lake: Lake, table: Table) -> tuple[int, int]:
    """Rows of a table, and a hash of them all that does not depend on their order."""
    names = [c for c in table.column_names if c not in TELLS_OF_THE_RUN]
    own = {"payload": F.col("payload").cast("string"), "record": F.regexp_replace("record", FILE_IN_A_RECORD, "")}
    values = [own.get(c, F.col(c)) for c in names]
    hashes = lake.read(table).select(F.xxhash64(*values).cast("decimal(38,0)").alias("h"))
    row = hashes.agg(F.count("*"), F.sum("h")).collect()[0]
    return int(row[0]), int(row[1] or 0)


def measured(small: SmallLake) -> tuple[float, float]:
    """When a run begins to work, and when it ends, in seconds of its life: what the moments are spread over."""
    small.source(ORDERS, RECEIPTS)
    small.source(CONSENTS, CONSENT)
    deliver(small, 0)
    process = Process(small)
    while process.popen.poll() is None and not small.versions():
        time.sleep(0.1)
    began = process.seconds
    return began, process.finish()


def disturb(small: SmallLake, dice: random.Random, began: float, ends: float, kills: int) -> int:
    """Run what was delivered, killing it up to so many times; at the end it is done. Returns how often it was killed."""
    for number in range(kills):
        moment = dice.uniform(began, ends)
        if not Process(small).is_killed_at(moment):
            return number
        print(f"killed in second {moment:.1f}, with {len(small.versions())} tables")
    Process(small).finish()
    return kills


def test_killed_runs_end_where_undisturbed_ones_do(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rehearsal, calm, killed = (SmallLake(spark, tmp_path_factory.mktemp(n)) for n in ("rehearsal", "calm", "killed"))
    began, ends = measured(rehearsal)
    print(f"\na run begins to work in second {began:.0f} and ends in second {ends:.0f}")
    dice, kills, days = random.Random(SEED), 0, 0
    for small in (calm, killed):
        small.source(ORDERS, RECEIPTS)
        small.source(CONSENTS, CONSENT)
    while kills < KILLS and days < DAYS:
        for small in (calm, killed):
            deliver(small, days)
        outcome = calm.run(*SELECT, max_files_per_batch=FILES_A_BATCH)
        assert not outcome.failures
        kills += disturb(killed, dice, began, ends, min(KILLS_A_DAY, KILLS - kills))
        days += 1
    assert kills == KILLS

    found = {table.name: (hashed(calm.lake, table), hashed(killed.lake, table)) for table in TABLES}
    print({name: one[0] for name, (one, _) in found.items()})
    assert {name: pair for name, pair in found.items() if pair[0] != pair[1]} == {}
    assert found["ops.quarantine"][0][0] >= 3 * days
    assert found["gold.mart_rfm"][0][0] > 20
    before = killed.versions()
    Process(killed).finish()
    assert killed.versions() == before
