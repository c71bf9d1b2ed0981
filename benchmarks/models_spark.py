"""The models on Spark beside peers in the same run, each with its ratio: lifetimes, LightGBM in process, one date, one day.

    KITH_SPARK_SIZE=m python -m benchmarks.models_spark [clv|score|passes|features|retail …] [--folder /tmp/kith-bench]

``clv``: expected purchases and P(alive) of 10 M customers in SQL, against lifetimes on the same files (``value_spark.py``).
``score``: 5 M rows of 20 features through LightGBM by mapInArrow, against the same model in this process. ``passes``: three
models over the same people in one pass, against one for each (``pass_spark.py``). ``features``:
the customer's feature view of 1 M customers as of 12 dates, against one. ``retail``: who buys again within 91 days.
Rates are for one core: of Spark by the time that its tasks ran, and by the clock. Made data stay in the folder.
"""

import argparse
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.models import DATA
from benchmarks.pass_spark import passes
from benchmarks.spark_bench import Bench, first_rows, made
from benchmarks.value_spark import clv
from lakehouse.session import build_session
from lakehouse.settings import load_settings

ROWS, WIDTH = 5_000_000, 20


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
    took = bench.timed(lambda: bench.spark.read.format("delta").load(path).mapInArrow(scored, "score double"), 2)  # type: ignore[arg-type]
    rate, by_clock = ROWS / took.tasks * cores, ROWS / took.wall
    print(
        f"score: {rate:,.0f} rows/s ({by_clock:,.0f} by the clock), in process {alone:,.0f} a core: ratio "
        f"{rate / alone / cores:.2f} ({by_clock / alone / cores:.2f} by the clock)",
        flush=True,
    )


def features(bench: Bench) -> None:
    """The feature view as of 12 month ends, and as of the last of them."""
    from ml.features.people import Inputs, people_features

    facts = Inputs(*activity(bench, 1_000_000))
    days = [date(2025, 12, 31) - timedelta(days=30 * n) for n in range(12)]

    def view(days: list[date]) -> DataFrame:
        return people_features(days, facts)

    one = bench.timed(lambda: view(days[:1]), 2).wall
    twelve = bench.timed(lambda: view(days), 2).wall
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
    from ml.features.outcomes import Ask
    from ml.features.people import Inputs, number_of, people_features
    from ml.features.views import BEHAVIOUR
    from ml.flat.table import Linear

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
    days = [*(date(2011, month, 1) for month in (3, 4, 5, 6)), test]
    asks = [Ask(number_of(day), 91, number_of(date(2011, 12, 10))) for day in days]
    view = people_features(days, Inputs(bought, bench.spark.createDataFrame([], nothing)), asks)
    label = F.col("`orders_in_horizon@91@0`") > 0
    seen = view.where("recency_days <= 365").withColumn("label", label.cast("int"))
    rows = seen.select("one_id", "as_of", *BEHAVIOUR, "label").orderBy("as_of", "one_id").toPandas()
    held = (rows["as_of"] == test).to_numpy()
    X = rows[list(BEHAVIOUR)].to_numpy(np.float64)  # noqa: N806
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
    parts = {"clv": clv, "score": score, "passes": passes, "features": features, "retail": retail}
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
