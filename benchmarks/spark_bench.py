"""Timing of Spark frames for benchmarks, and the data that is made for them once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from lakehouse.session import cpu_seconds, run_seconds

PARTS = 8


@dataclass(frozen=True)
class Took:
    """The best of some rounds: seconds by the clock, seconds that tasks ran, and CPU seconds of tasks."""

    wall: float
    tasks: float
    cpu: float


@dataclass(frozen=True)
class Bench:
    """A session and the folder of the data made."""

    spark: SparkSession
    folder: Path

    def timed(self, make: Callable[[], DataFrame], rounds: int = 4) -> Took:
        """What it takes to compute a frame, each time planned anew."""
        walls, tasks, cpus = [], [], []
        for number in range(rounds):
            group = f"bench-{time.monotonic_ns()}-{number}"
            self.spark.sparkContext.setJobGroup(group, group)
            began = time.perf_counter()
            make().write.format("noop").mode("overwrite").save()
            walls.append(time.perf_counter() - began)
            tasks.append(run_seconds(self.spark, group))
            cpus.append(cpu_seconds(self.spark, group))
        return Took(min(walls), min(tasks), min(cpus))


def made(folder: Path, rows: int, make: Callable[[np.random.Generator, int], dict[str, np.ndarray]]) -> str:
    """A Delta table of ``rows`` rows, made part by part unless it is there."""
    done = folder.with_suffix(".done")
    if not done.exists():
        for part in range(PARTS):
            columns = make(np.random.default_rng(part), rows // PARTS)
            write_deltalake(str(folder), pa.table(columns), mode="append" if part else "overwrite")
        done.touch()
    return str(folder)


def first_rows(path: str, rows: int) -> pd.DataFrame:
    """Some rows of such a table, in this process."""
    file = DeltaTable(path).file_uris()[0]
    return pd.read_parquet(file)[:rows]
