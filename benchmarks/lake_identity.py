"""The identity jobs of a lake on a planted graph: a full run, then 1 % new edges, once or more; what each costs.

    python -m benchmarks.lake_identity 5e6 [--increments 3] [--folder /tmp/kith-bench]

The lake is real (Delta, change data feed, tokens as keys); `silver.identifier` and `silver.identity_edge` are written from the
graph of `benchmarks/components.py`, first without some edges in a hundred, then these are added one in a hundred at a time.
The jobs that follow them (components, ids, aliases, events) run as `kith run` runs them, in one session of size m: the first
increment meets code that is new to the JVM, the third is warm. CPU is that of the process and of all that it starts.
The map at the end is held against the planted partition: as many people, and each with the same identifiers.
"""

import argparse
import shutil
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.clock import cpu_seconds
from benchmarks.components import make, planted
from identity.components.keys import extend_keys
from identity.fences import REASONS
from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.runner import run_job
from lakehouse.land import land
from lakehouse.load import Merge
from lakehouse.settings import load_settings
from lakehouse.tables import silver

JOBS = ("silver.identity_component", "silver.identity_map", "silver.identity_alias", "silver.identity_event")
ONE_IN = 100
FIRST = date(2026, 1, 1)


def token(end: str) -> Column:
    """A vertex as a token of 32 hex digits."""
    return F.md5(F.col(end).cast("string"))


def edge_rows(pairs: DataFrame) -> DataFrame:
    """Pairs as rows of silver.identity_edge, all strong."""
    one, other = token("src"), token("dst")
    is_turned = one > other
    seen = F.lit(FIRST).cast("timestamp")
    columns = {
        "src_token": F.when(is_turned, other).otherwise(one),
        "dst_token": F.when(is_turned, one).otherwise(other),
        "src_type": F.lit("app_user"),
        "dst_type": F.lit("phone"),
        "rule_id": F.lit("planted/app_user~phone"),
        "edge_type": F.lit("strong"),
        "weight": F.lit(1.0),
        "is_merging": F.lit(True),
        **dict.fromkeys(("fence_reason", *REASONS), F.lit(None).cast("string")),
        "first_seen_at": seen,
        "last_seen_at": seen,
        "evidence_count": F.lit(1).cast("long"),
    }
    return pairs.select(*[value.alias(name) for name, value in columns.items()])


def identifier_rows(pairs: DataFrame, known: DataFrame) -> DataFrame:
    """The ends of pairs as rows of silver.identifier, of which ``known`` are there; sources of edges are accounts, targets not.

    Each new one has the next key, as the job gives it: who came later has a greater one.
    """
    ends = pairs.select(F.col("src").alias("end"), F.lit("app_user").alias("id_type")).unionByName(
        pairs.select(F.col("dst").alias("end"), F.lit("phone").alias("id_type"))
    )
    seen = F.timestamp_seconds(F.lit(1_700_000_000) + F.pmod("end", F.lit(50_000_000)))
    rows = (
        ends.groupBy("end")
        .agg(F.min("id_type").alias("id_type"))
        .select(
            token("end").alias("id_token"),
            "id_type",
            F.lit(1).cast("long").alias("n_sources"),
            F.lit(1).cast("long").alias("n_records"),
            seen.alias("first_seen_at"),
            seen.alias("last_seen_at"),
        )
    )
    keys = known.select(F.col("id_token").alias("token"), F.col("vertex_key").alias("key"))
    fresh = extend_keys(keys, rows.select(F.col("id_token").alias("token")))
    every = keys.unionByName(fresh).withColumnsRenamed({"token": "id_token", "key": "vertex_key"})
    return rows.join(every, on="id_token", how="inner").select(*silver.IDENTIFIER.column_names)


def run(context: Context) -> dict[str, tuple[float, float]]:
    """Run the jobs; wall and CPU seconds of each."""
    graph = build_graph(context.sources)
    spent = {}
    for name in JOBS:
        began, busy = time.monotonic(), cpu_seconds()
        runs = run_job(context, graph.jobs[name])
        spent[name] = time.monotonic() - began, cpu_seconds() - busy
        rows = sum(one.rows_out or 0 for one in runs)
        print(f"  {name}: {spent[name][0]:.1f} s wall, {spent[name][1]:.1f} CPU s, {rows:,} rows written", flush=True)
    return spent


def is_right(context: Context, folder: Path) -> bool:
    """Whether people and planted components are the same sets: as many, and each pair of labels met once on either side."""
    found = context.lake.read(silver.IDENTITY_MAP).where("is_current").select("token", "one_id")
    truth_folder = folder / "truth"
    shutil.rmtree(truth_folder, ignore_errors=True)
    truth_folder.mkdir()
    for number, (ids, components) in enumerate(planted(folder)):
        pq.write_table(pa.table({"id": ids, "component": components}), truth_folder / f"{number}.parquet")
    truth = context.spark.read.parquet(str(truth_folder)).select(token("id").alias("token"), "component")
    if found.count() != truth.count():
        return False
    pairs = found.join(truth, on="token", how="inner").select("one_id", "component").distinct()
    row = pairs.agg(F.count("*"), F.count_distinct("one_id"), F.count_distinct("component")).collect()[0]
    return bool(row[0] == row[1] == row[2] > 0)


def main() -> None:
    """Make the lake, run twice, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges", type=float)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kith-bench")
    parser.add_argument("--increments", type=int, default=3)
    asked = parser.parse_args()
    folder = asked.folder / f"{int(asked.edges)}"
    make(folder, int(asked.edges))
    home = folder / "lake"
    shutil.rmtree(home, ignore_errors=True)
    context = Context(load_settings(None, home=str(home), spark_size="m", driver_memory="8g"), day=FIRST)
    for table in (silver.IDENTITY_EDGE, silver.IDENTIFIER):
        context.lake.ensure(table)
    pairs = context.spark.read.parquet(str(folder / "edges"))
    late = F.pmod(F.xxhash64("src", "dst"), F.lit(ONE_IN))
    days = [("full", late >= asked.increments)]
    days += [(f"1 % new, {n + 1}", late == n) for n in range(asked.increments)]
    spent: dict[str, float] = {}
    for number, (what, is_meant) in enumerate(days):
        rows = pairs.where(is_meant)
        land(context.lake, silver.IDENTIFIER, Merge(), identifier_rows(rows, context.lake.read(silver.IDENTIFIER)))
        land(context.lake, silver.IDENTITY_EDGE, Merge(), edge_rows(rows))
        print(f"{what}: {rows.count():,} edges", flush=True)
        context.day = FIRST + timedelta(days=number)
        context.renew()
        jobs = run(context)
        spent[what] = sum(cpu for _, cpu in jobs.values())
        share = 100 * spent[what] / spent["full"]
        print(
            f"{what}: {sum(wall for wall, _ in jobs.values()):.1f} s wall, {spent[what]:.1f} CPU s, {share:.1f} %",
            flush=True,
        )
    print(f"the map is {'right' if is_right(context, folder) else 'WRONG'}")


if __name__ == "__main__":
    main()
