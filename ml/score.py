"""Scoring on Spark: Arrow batches through the champion, then deciles and tiers, with reasons per row."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from ml.evaluate import Floats
from ml.models.boosted import BoostedClassifier
from ml.registry import Champion
from ml.spec import Tier

REASONS = 3
# Deciles are cut by this many people, taken by hash, which puts the cuts right within some .3 % of them.
ROWS_FOR_DECILES = 100_000

Batches = Iterable[pa.RecordBatch]
_SCORED = "one_id string, as_of date, margin double, score double, top_reasons string"
_MARGINS = "as_of date, margin double"


def score(features: DataFrame, champion: Champion, *, tiers: Sequence[Tier]) -> DataFrame:
    """Return each row of ``features`` scored by the champion, with its decile, tier and reasons.

    Takes ``features(one_id string, as_of date, <the champion's features>)`` and gives ``(one_id string,
    as_of date, score double, decile int, tier string, top_reasons string, model_version string)``.

    ``score`` is the calibrated probability. ``decile`` is 1 for the best tenth of the rows of the same
    ``as_of``, cut by the uncalibrated margin, which has fewer ties; rows of equal margin share a decile.
    ``tier`` is the first of ``tiers`` (``ModelSpec.tiers``) that reaches to the decile. ``top_reasons`` are
    the names of the three features that move the row's margin most, up or down, joined by commas (tree SHAP).
    Nothing is collected; the trees travel in the task's closure and are parsed once per Python worker. Raises
    ``ContractError`` if a feature is missing.
    """
    rows = _inputs(features, champion)
    scored = rows.mapInArrow(_with_reasons(champion.model), _SCORED)
    cuts = _decile_cuts(rows, champion.model)
    below = F.array_size(F.filter("cuts", lambda cut: cut < F.col("margin")))
    ranked = scored.join(F.broadcast(cuts), on="as_of", how="left").withColumn("decile", F.lit(10) - below)
    return ranked.select(
        "one_id",
        "as_of",
        "score",
        "decile",
        _tier(tiers).alias("tier"),
        "top_reasons",
        F.lit(champion.version).alias("model_version"),
    )


def _inputs(features: DataFrame, champion: Champion) -> DataFrame:
    missing = sorted(set(champion.features) - set(features.columns))
    if missing:
        named = f"{champion.name} version {champion.version}"
        raise ContractError(f"the frame to score lacks features of {named}: {', '.join(missing)}")
    inputs = (F.col(name).cast("double").alias(name) for name in champion.features)
    return features.select("one_id", "as_of", *inputs)


def _decile_cuts(rows: DataFrame, model: BoostedClassifier) -> DataFrame:
    """``(as_of, cuts array<double>)``: nine rising margins per date, of a bounded sample by hash."""
    people = rows.orderBy(F.xxhash64("one_id"), F.col("one_id"), F.col("as_of")).limit(ROWS_FOR_DECILES)
    tenths = [n / 10 for n in range(1, 10)]
    cuts = F.percentile_approx("margin", tenths, 10_000).alias("cuts")
    return people.mapInArrow(_margins(model), _MARGINS).groupBy("as_of").agg(cuts)


def _tier(tiers: Sequence[Tier]) -> Column:
    first, *rest = sorted(tiers, key=lambda tier: tier.to_decile)
    chosen = F.when(F.col("decile") <= first.to_decile, F.lit(first.name))
    for tier in rest:
        chosen = chosen.when(F.col("decile") <= tier.to_decile, F.lit(tier.name))
    return chosen


def _with_reasons(model: BoostedClassifier) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            if batch.num_rows:
                yield _scored_batch(model, batch)

    return batches


def _margins(model: BoostedClassifier) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            if batch.num_rows:
                margin = pa.array(model.margin(_matrix(model, batch)))
                yield pa.RecordBatch.from_arrays([batch.column("as_of"), margin], names=["as_of", "margin"])

    return batches


def _matrix(model: BoostedClassifier, batch: pa.RecordBatch) -> Floats:
    """(rows, features) in the model's order; null becomes NaN, which LightGBM takes for missing."""
    return np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in model.features])


def _scored_batch(model: BoostedClassifier, batch: pa.RecordBatch) -> pa.RecordBatch:
    rows = _matrix(model, batch)
    margin = model.margin(rows)
    columns = {
        "one_id": batch.column("one_id"),
        "as_of": batch.column("as_of"),
        "margin": pa.array(margin),
        "score": pa.array(model.calibration.apply(margin)),
        "top_reasons": _top_reasons(model, rows),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _top_reasons(model: BoostedClassifier, rows: Floats) -> pa.Array:
    weight = np.abs(model.contributions(rows)[:, :-1])
    top = np.argsort(-weight, axis=1, kind="stable")[:, :REASONS]
    names = np.array(model.features, dtype=object)[top]
    return pa.array([",".join(row) for row in names], type=pa.string())
