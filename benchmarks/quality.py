"""All checks of a table with 50 rules: our one scan beside a plain scan, and beside a Great Expectations checkpoint on Spark.

    python -m benchmarks.quality [--rows 5000000] [--runs 5] [--no-peer] [--folder /tmp/kith-quality]

The table is benchmarks/quality_table.py's: 24 columns, 50 rules, some per mille of bad rows, Parquet. *Scan* reads every column
of every row into nothing (Spark's ``noop`` sink). *Rules* is :func:`lakehouse.checks.measure`, uniqueness exact. Both run in one
session of size m, in turns after a warm-up; medians. The peer gets the same 50 rules as a suite (lakehouse/expectations.py) in
a checkpoint with COMPLETE results, in a process of its own, once, after a warm-up on 10,000 rows. CPU is that of the whole tree
of processes (Python, JVM, workers) from /proc, over the measured part alone.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.clock import cpu_seconds
from benchmarks.quality_table import table, write
from lakehouse.checks import Measured, measure
from lakehouse.session import build_session
from lakehouse.settings import ROOT, load_settings


def main() -> None:
    """Print the table, or one side of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/kith-quality"))  # noqa: S108
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--side", choices=("ours", "peer"), default="")
    given = parser.parse_args()
    if given.side == "peer":
        peer(given.folder, given.rows)
        return
    ours(given.folder, given.rows, given.runs)
    if given.no_peer:
        return
    words = [sys.executable, "-m", "benchmarks.quality", "--side", "peer", "--folder", str(given.folder)]
    subprocess.run([*words, "--rows", str(given.rows)], cwd=ROOT, check=True)


def session() -> object:
    """A session of size m."""
    os.environ.setdefault("KITH_SPARK_SIZE", "m")
    spark = build_session(load_settings("local"), "kith-benchmark")
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def timed(act: Callable[[], object]) -> tuple[float, float, object]:
    """Wall and CPU seconds of an act, and what it gave."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = act()
    return time.perf_counter() - wall, cpu_seconds() - cpu, result


def ours(folder: Path, rows: int, runs: int) -> None:
    """Scan and rules in turns."""
    spark = session()
    path = folder / str(rows)
    write(spark, rows, path)  # type: ignore[arg-type]
    contract = table()
    frame = spark.read.parquet(str(path))  # type: ignore[attr-defined]
    acts: dict[str, Callable[[], object]] = {
        "scan": lambda: frame.write.format("noop").mode("overwrite").save(),
        "rules": lambda: measure(contract, frame, apart=True),
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in acts}
    measured: object = None
    for n in range(runs + 2):
        for name, act in acts.items():
            wall, cpu, found = timed(act)
            measured = found if name == "rules" else measured
            took[name] += [(wall, cpu)] if n >= 2 else []
    assert isinstance(measured, Measured)
    found = {name: count for name, count in measured.violations.items() if count}
    print(f"{measured.rows:,} rows, {len(measured.violations)} rules; broken: {found}")
    middle = {name: [statistics.median(values) for values in zip(*pairs, strict=True)] for name, pairs in took.items()}
    for name, (wall, cpu) in middle.items():
        span = f"{min(w for w, _ in took[name]):.2f}..{max(w for w, _ in took[name]):.2f}"
        print(f"  {name:<8} wall {wall:6.2f} s ({span})   CPU {cpu:7.2f} s")
    print(
        f"  rules / scan: wall {middle['rules'][0] / middle['scan'][0]:.2f}, CPU {middle['rules'][1] / middle['scan'][1]:.2f}"
    )


def peer(folder: Path, rows: int) -> None:
    """The same rules as a checkpoint of Great Expectations."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from lakehouse.expectations import suite

    spark = session()
    write(spark, rows, folder / str(rows))  # type: ignore[arg-type]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    contract = suite(table())
    contract.expectations = [e for e in contract.expectations if (e.meta or {}).get("rule") != "columns"]
    context.suites.add(contract)
    asset = context.data_sources.add_spark("spark").add_dataframe_asset("sales")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="sales", data=asset.add_batch_definition_whole_dataframe("all"), suite=contract)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="sales", validation_definitions=[definition], result_format={"result_format": "COMPLETE"})
    )
    frame = spark.read.parquet(str(folder / str(rows)))  # type: ignore[attr-defined]
    checkpoint.run(batch_parameters={"dataframe": frame.limit(10_000)})
    wall, cpu, result = timed(lambda: checkpoint.run(batch_parameters={"dataframe": frame}))
    (validation,) = result.run_results.values()  # type: ignore[attr-defined]
    failed = [
        f"{r.expectation_config.meta['rule']}: {r.result.get('unexpected_count', r.exception_info or '')}"
        for r in validation.results
        if not r.success
    ]
    print(
        f"  peer     wall {wall:6.2f} s   CPU {cpu:7.2f} s   {len(validation.results)} expectations; failed: {failed}"
    )


if __name__ == "__main__":
    main()
