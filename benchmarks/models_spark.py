"""The models on Spark beside peers in the same run, each with its ratio: lifetimes, LightGBM in process, one date, one day.

    KITH_SPARK_SIZE=m python -m benchmarks.models_spark [clv|score|features|retail …] [--folder /tmp/kith-bench]

``clv``: expected purchases and P(alive) of 10 M customers in SQL, against lifetimes' own functions on 1 M of them in one
thread. ``score``: 5 M rows of 20 features through LightGBM by mapInArrow, against the same model in this process. ``features``:
the customer's feature view of 1 M customers as of 12 dates, against one. ``retail``: who buys again within 91 days.
Rates are for one core: of Spark by the time that its tasks ran, and by the clock. Made data stay in the folder.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.models import DATA
from lakehouse.session import build_session, run_seconds
from lakehouse.settings import load_settings

CUSTOMERS, SAMPLE, PARTS = 10_000_000, 1_000_000, 8
ROWS, WIDTH = 5_000_000, 20
HORIZON = 90.0
WORLDS = {
    "bg_nbd": {"r": 0.6, "alpha": 25.0, "a": 0.7, "b": 2.4},
    "mbg_nbd": {"r": 0.6, "alpha": 25.0, "a": 0.7, "b": 2.4},
    "pareto_nbd": {"r": 0.6, "alpha": 25.0, "s": 0.6, "beta": 110.0},
}
PEERS = {"bg_nbd": "BetaGeoFitter", "mbg_nbd": "ModifiedBetaGeoFitter", "pareto_nbd": "ParetoNBDFitter"}


@dataclass(frozen=True)
class Bench:
    """A session and the folder of the data made."""

    spark: SparkSession
    folder: Path

    def timed(self, make: Callable[[], DataFrame], rounds: int = 4) -> tuple[float, float]:
        """Best wall seconds and best seconds of task time to compute a frame, each time planned anew."""
        walls, tasks = [], []
        for number in range(rounds):
            group = f"bench-{time.monotonic_ns()}-{number}"
            self.spark.sparkContext.setJobGroup(group, group)
            began = time.perf_counter()
            make().write.format("noop").mode("overwrite").save()
            walls.append(time.perf_counter() - began)
            tasks.append(run_seconds(self.spark, group))
        return min(walls), min(tasks)


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


def customers(dice: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Histories in whole days: gamma rates, exponential lives, observed for 30 to 700 days."""
    age, rate, life = dice.integers(30, 700, n), dice.gamma(0.6, 1 / 25, n), dice.exponential(400, n)
    lived = np.minimum(age, life)
    x = np.minimum(dice.poisson(rate * lived), lived.astype(int))
    last = np.where(x > 0, np.maximum(np.floor(lived * dice.beta(np.maximum(x, 1), 1)), 1), 0)
    columns = {"frequency": x, "recency": last, "T": age}
    return {name: values.astype(np.int32) for name, values in columns.items()}


def clv(bench: Bench) -> None:
    """Expected purchases and P(alive), summed, so that everything is computed and nothing is written."""
    import lifetimes

    from ml.models.clv import FAMILIES
    from ml.value.histories import EVERYBODY
    from ml.value.model import ValueModel
    from ml.value.score import lookup

    path = made(bench.folder / "customers", CUSTOMERS, customers)
    cores = bench.spark.sparkContext.defaultParallelism
    told = bench.spark.read.format("delta").load(path).withColumn("cohort", F.lit(EVERYBODY))
    some = first_rows(path, SAMPLE)
    x, last, age = (some[name].to_numpy(np.float64) for name in ("frequency", "recency", "T"))
    read = bench.timed(lambda: told.agg(F.sum("frequency"), F.sum("recency"), F.sum("T")), 8)[1]
    print(f"clv: reading and summing the histories alone, {CUSTOMERS / read / 1e6:.1f} M rows/s a core", flush=True)
    for family, params in WORLDS.items():
        model = ValueModel(int(HORIZON), family, "purchases", {EVERYBODY: params}, {}, 1.0)
        began = time.perf_counter()
        most, longest = told.agg(F.max("frequency"), F.max("T")).toArrow().to_pylist()[0].values()
        looked_up = lookup(bench.spark, model, most_purchases=most, longest=longest)
        before = time.perf_counter() - began

        def total(looked_up: Callable[[DataFrame], DataFrame] = looked_up) -> DataFrame:
            return looked_up(told).agg(F.sum("expected_purchases"), F.sum("p_alive"))

        wall, tasks = bench.timed(total, 8)
        peer = getattr(lifetimes, PEERS[family])()
        peer.params_ = pd.Series(params)
        seconds, theirs = [], np.empty(0)
        for _ in range(3):
            began = time.perf_counter()
            theirs = np.asarray(peer.conditional_expected_number_of_purchases_up_to_time(HORIZON, x, last, age))
            peer.conditional_probability_alive(x, last, age)
            seconds.append(time.perf_counter() - began)
        ours = FAMILIES[family].of(params).expected_purchases(HORIZON, x, last, age)
        known = np.isfinite(theirs)
        gap = float(np.max(np.abs(ours[known] - theirs[known]) / (1e-9 + theirs[known])))
        rate, theirs_rate = CUSTOMERS / tasks, len(x) / min(seconds)
        by_clock = CUSTOMERS / wall / cores
        print(
            f"clv {family}: {rate / 1e6:.1f} M rows/s a core ({by_clock / 1e6:.1f} by the clock), lifetimes "
            f"{theirs_rate / 1e6:.2f} M: ratio {rate / theirs_rate:.1f} ({by_clock / theirs_rate:.1f}); "
            f"beyond reading {1e9 * (tasks - read) / CUSTOMERS:.0f} ns a row, lifetimes {1e9 / theirs_rate:.0f}; "
            f"tables made once in {before:.1f} s; "
            f"greatest difference {gap:.1e}, lifetimes has no number for {int((~known).sum())} of {len(x):,}",
            flush=True,
        )


def score(bench: Bench) -> None:
    """LightGBM (its defaults: 100 trees of 31 leaves) by mapInArrow, beside the model in this process in one thread."""
    from ml.models.boosted import fit_booster

    names = [f"x{i}" for i in range(WIDTH)]
    path = made(
        bench.folder / "rows", ROWS, lambda dice, n: dict(zip(names, dice.normal(size=(WIDTH, n)), strict=True))
    )
    first = first_rows(path, 300_000).to_numpy(np.float64)
    dice = np.random.default_rng(0)
    label = (first[:, :5].sum(axis=1) + np.sin(3 * first[:, 5]) + dice.normal(size=len(first)) > 0).astype(float)
    model = fit_booster(first[:100_000], label[:100_000], names, params={}, rounds=100, seed=1)

    def scored(batches: "pa.RecordBatchReader") -> "object":
        for batch in batches:
            matrix = np.column_stack([batch.column(name).to_numpy() for name in model.features])
            yield pa.RecordBatch.from_arrays([pa.array(model.predict(matrix))], names=["score"])

    cores = bench.spark.sparkContext.defaultParallelism
    began = time.perf_counter()
    model.predict(first)
    alone = len(first) / (time.perf_counter() - began)
    wall, tasks = bench.timed(lambda: bench.spark.read.format("delta").load(path).mapInArrow(scored, "score double"), 2)  # type: ignore[arg-type]
    rate, by_clock = ROWS / tasks * cores, ROWS / wall
    print(
        f"score: {rate:,.0f} rows/s ({by_clock:,.0f} by the clock), in process {alone:,.0f} a core: ratio "
        f"{rate / alone / cores:.2f} ({by_clock / alone / cores:.2f} by the clock)",
        flush=True,
    )


def features(bench: Bench) -> None:
    """The feature view as of 12 month ends, and as of the last of them."""
    from ml.features.as_of import dates
    from ml.features.customer import customer_features

    lines, touches = activity(bench, 1_000_000)
    days = [date(2025, 12, 31) - timedelta(days=30 * n) for n in range(12)]

    def view(days: list[date]) -> DataFrame:
        return customer_features(dates(bench.spark, days), purchases=lines, interactions=touches)

    one, _ = bench.timed(lambda: view(days[:1]), 2)
    twelve, _ = bench.timed(lambda: view(days), 2)
    print(f"features: 12 dates {twelve:.1f} s, one {one:.1f} s: ratio {twelve / one:.2f}", flush=True)


def activity(bench: Bench, people: int) -> tuple[DataFrame, DataFrame]:
    """Order lines and interactions of a year: six lines and eight touches a person, known within two days."""

    def at(salt: int, times: int) -> DataFrame:
        rows = bench.spark.range(people * times)
        second = F.pmod(F.xxhash64("id", F.lit(salt)), F.lit(365 * 86_400))
        happened = F.timestamp_seconds(F.lit(1_735_689_600) + second)
        known = F.timestamp_seconds(F.lit(1_735_689_600) + second + F.pmod(F.xxhash64("id"), F.lit(172_800)))
        return rows.select(
            F.concat(F.lit("person-"), F.pmod("id", F.lit(people)).cast("string")).alias("one_id"),
            F.col("id").cast("string").alias("order_id"),
            happened.alias("ordered_at"),
            known.alias("known_at"),
            (F.pmod(F.hash("id"), F.lit(10_000)) / 100).cast("decimal(18,2)").alias("amount"),
            F.concat(F.lit("c"), F.pmod("id", F.lit(7))).alias("channel"),
            F.concat(F.lit("k"), F.pmod(F.hash("id"), F.lit(9))).alias("category"),
        )

    folder = bench.folder / "activity"
    if not (folder / "done").exists():
        at(1, 6).write.mode("overwrite").parquet(str(folder / "lines"))
        touched = at(2, 8).withColumnRenamed("ordered_at", "occurred_at").withColumn("kind", F.lit("page"))
        touched.drop("order_id", "amount", "category").write.mode("overwrite").parquet(str(folder / "touches"))
        (folder / "done").touch()
    return bench.spark.read.parquet(str(folder / "lines")), bench.spark.read.parquet(str(folder / "touches"))


def retail(bench: Bench) -> None:
    """Online Retail: trained as of four dates up to 2011-06-01, tested as of 2011-08-31; recency alone is the peer."""
    from lightgbm import LGBMClassifier
    from sklearn.linear_model import LogisticRegression

    from ml.evaluate import metrics
    from ml.features.as_of import dates
    from ml.features.customer import FEATURES, customer_features
    from ml.flat.table import Linear
    from ml.labels import repurchase

    lines = bench.spark.read.csv(str(DATA / "online_retail" / "by-day"), header=True, inferSchema=True)
    sales = lines.where("Quantity > 0 AND UnitPrice > 0 AND CustomerID IS NOT NULL").select(
        F.col("CustomerID").cast("int").cast("string").alias("one_id"),
        F.col("InvoiceNo").cast("string").alias("order_id"),
        F.col("InvoiceDate").alias("ordered_at"),
        F.col("InvoiceDate").alias("known_at"),
        (F.col("Quantity") * F.col("UnitPrice")).cast("decimal(18,2)").alias("amount"),
        F.lit("shop").alias("channel"),
        F.substring("StockCode", 1, 2).alias("category"),
    )
    bought = sales.cache()
    nothing = "one_id string, occurred_at timestamp, known_at timestamp, kind string, channel string"
    test = date(2011, 8, 31)
    as_ofs = dates(bench.spark, [*(date(2011, month, 1) for month in (3, 4, 5, 6)), test])
    view = customer_features(as_ofs, purchases=bought, interactions=bench.spark.createDataFrame([], nothing))
    label = repurchase(as_ofs, bought, 91, known_before=date(2011, 12, 10), bought_within_days=365)
    rows = view.join(label, on=["one_id", "as_of"]).orderBy("as_of", "one_id").toPandas()
    held = (rows["as_of"] == test).to_numpy()
    X = rows[list(FEATURES)].to_numpy(np.float64)  # noqa: N806
    y = rows["label"].to_numpy(np.float64)
    trees = LGBMClassifier(
        n_estimators=150, learning_rate=0.03, num_leaves=7, min_child_samples=60, colsample_bytree=0.6,
        reg_lambda=10, random_state=1, n_jobs=1, verbose=-1,
    )  # fmt: skip
    boosted = np.asarray(trees.fit(X[~held], y[~held]).predict_proba(X[held]))[:, 1]
    flat = Linear.of(X[~held]).apply(X)
    linear = LogisticRegression(C=0.03, max_iter=2000).fit(flat[~held], y[~held]).predict_proba(flat[held])[:, 1]
    recency = -rows["recency_days"].to_numpy(np.float64)[held]
    found = {"mean": (boosted + linear) / 2, "LightGBM": boosted, "logistic": linear, "recency": recency}
    aucs = {name: metrics(y[held], values).auc for name, values in found.items()}
    told = ", ".join(f"{name} {auc:.4f}" for name, auc in aucs.items())
    print(f"retail: {int(held.sum())} customers, AUC {told}; gain over recency {aucs['mean'] - aucs['recency']:+.4f}")


def main() -> None:
    """Print what is asked for, or all."""
    parts = {"clv": clv, "score": score, "features": features, "retail": retail}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*parts, []])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/kith-bench"))  # noqa: S108 - a benchmark's scratch data
    asked = parser.parse_args()
    spark = build_session(load_settings(None))
    spark.sparkContext.setLogLevel("ERROR")
    for name in asked.parts or parts:
        parts[name](Bench(spark, asked.folder))
    spark.stop()


if __name__ == "__main__":
    main()
