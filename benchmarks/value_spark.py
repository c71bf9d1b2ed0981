"""Expected purchases and P(alive) of 10 M customers, on Spark and by lifetimes' own functions, end to end on the same files.

Both read eight Parquet files of whole-day histories (frequency, recency, T as 32-bit integers; as pyarrow writes them, and
once more without dictionaries and compression), compute both figures of every customer, and add them up. lifetimes goes
file by file through pandas in one thread, its arrays small enough for the caches. Rates are rows a second and core, by CPU
seconds on both sides (of Spark those of its tasks, with what was sent to them), as the clock of a shared machine tells of
other users, too; the clock's ratio, with planning, stands beside it in brackets.

``alone`` is what is left of both when reading is taken away: the functions themselves.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.spark_bench import PARTS, Bench

CUSTOMERS = 10_000_000
HORIZON = 90.0
ROUNDS = 10
WORLDS = {
    "bg_nbd": {"r": 0.6, "alpha": 25.0, "a": 0.7, "b": 2.4},
    "mbg_nbd": {"r": 0.6, "alpha": 25.0, "a": 0.7, "b": 2.4},
    "pareto_nbd": {"r": 0.6, "alpha": 25.0, "s": 0.6, "beta": 110.0},
}
PEERS = {"bg_nbd": "BetaGeoFitter", "mbg_nbd": "ModifiedBetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}
WRITTEN: dict[str, dict[str, object]] = {"dictionary": {}, "plain": {"compression": "none", "use_dictionary": False}}


def customers(dice: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Histories in whole days: gamma rates, exponential lives, observed for 30 to 700 days."""
    age, rate, life = dice.integers(30, 700, n), dice.gamma(0.6, 1 / 25, n), dice.exponential(400, n)
    lived = np.minimum(age, life)
    x = np.minimum(dice.poisson(rate * lived), lived.astype(int))
    last = np.where(x > 0, np.maximum(np.floor(lived * dice.beta(np.maximum(x, 1), 1)), 1), 0)
    columns = {"frequency": x, "recency": last, "T": age}
    return {name: values.astype(np.int32) for name, values in columns.items()}


def written(folder: Path, how: str) -> list[Path]:
    """The files of the histories, made unless they are there."""
    files = [folder / f"histories-{how}" / f"{part}.parquet" for part in range(PARTS)]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    for part, file in enumerate(files):
        if not file.exists():
            rows = customers(np.random.default_rng(part), CUSTOMERS // PARTS)
            pq.write_table(pa.table(rows), file, **WRITTEN[how])
    return files


@dataclass(frozen=True)
class Peer:
    """lifetimes on the files: seconds of CPU, of the clock, of reading alone; sums, and for how many it has no number."""

    cpu: float
    wall: float
    reading: float
    purchases: float
    alive: float
    unknown: int


def lifetimes_on(files: list[Path], family: str) -> Peer:
    """Read each file, ask lifetimes' two functions, and add up what they say."""
    import lifetimes

    peer = getattr(lifetimes, PEERS[family])()
    peer.params_ = pd.Series(WORLDS[family])
    bought, alive, unknown, reading = 0.0, 0.0, 0, 0.0
    began, clock = time.process_time(), time.perf_counter()
    for file in files:
        before = time.process_time()
        rows = pq.read_table(file, use_threads=False).to_pandas()
        told = [rows[name].to_numpy(np.float64) for name in ("frequency", "recency", "T")]
        reading += time.process_time() - before
        found = np.asarray(peer.conditional_expected_number_of_purchases_up_to_time(HORIZON, *told))
        unknown += int(np.isnan(found).sum())
        bought += float(np.nansum(found))
        alive += float(np.nansum(np.asarray(peer.conditional_probability_alive(*told))))
    return Peer(time.process_time() - began, time.perf_counter() - clock, reading, bought, alive, unknown)


def clv(bench: Bench) -> None:
    """Print the rates of each family and of reading alone."""
    for how in WRITTEN:
        files = written(bench.folder, how)
        rows = bench.spark.read.parquet(str(files[0].parent))
        summed = rows.agg(*[F.sum(name) for name in ("frequency", "recency", "T")])
        reading = bench.timed(lambda summed=summed: summed.select("*"), ROUNDS).cpu  # type: ignore[misc]
        print(f"clv {how}: Spark reads and adds up the histories at {_rate(reading)}", flush=True)
        for family in WORLDS:
            _compare(bench, how, family, rows, files, reading)


def _compare(bench: Bench, how: str, family: str, rows: DataFrame, files: list[Path], reading: float) -> None:
    peer = lifetimes_on(files, family)
    looked_up, before = _model(rows, family)

    def total() -> DataFrame:
        found = looked_up(rows)
        return found.agg(F.sum("expected_purchases").alias("purchases"), F.sum("p_alive").alias("alive"))

    took = bench.timed(total, ROUNDS)
    ((purchases, alive),) = total().toPandas().to_numpy()
    cores = bench.spark.sparkContext.defaultParallelism
    gap = max(abs(purchases / peer.purchases - 1), abs(alive / peer.alive - 1))
    alone = (peer.cpu - peer.reading) / max(took.cpu - reading, 1e-9)
    print(
        f"clv {how} {family}: {_rate(took.cpu)} on Spark, lifetimes {_rate(peer.cpu)}: ratio {peer.cpu / took.cpu:.1f} "
        f"({peer.wall / took.wall / cores:.1f} by the clock, {took.wall:.2f} s); alone {_each(took.cpu - reading)} against "
        f"{_each(peer.cpu - peer.reading)}: {alone:.0f}; tables made once in {before:.1f} s; sums differ by {gap:.0e}, "
        f"lifetimes has no number for {peer.unknown}",
        flush=True,
    )


def _model(rows: DataFrame, family: str) -> tuple[Callable[[DataFrame], DataFrame], float]:
    """The model's look-up, as jobs make it, and the seconds that its tables took."""
    from ml.value.histories import EVERYBODY
    from ml.value.model import ValueModel
    from ml.value.score import lookup

    model = ValueModel(int(HORIZON), family, "purchases", {EVERYBODY: WORLDS[family]}, {}, 1.0)
    began = time.perf_counter()
    most, longest = rows.agg(F.max("frequency"), F.max("T")).toArrow().to_pylist()[0].values()
    looked_up = lookup(rows.sparkSession, model, most_purchases=most, longest=longest)
    seconds = time.perf_counter() - began
    return lambda told: looked_up(told.withColumn("cohort", F.lit(EVERYBODY))), seconds


def _rate(seconds: float) -> str:
    return f"{CUSTOMERS / seconds / 1e6:.1f} M rows/s a core"


def _each(seconds: float) -> str:
    return f"{1e9 * seconds / CUSTOMERS:.0f} ns a row"
