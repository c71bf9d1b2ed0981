"""Scoring on Spark: Arrow batches through the champion, only who has changed; then deciles and tiers, with reasons per row."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from ml.evaluate import Floats
from ml.models.cells import fingerprint
from ml.models.families import OUTPUTS, Model
from ml.registry import Champion
from ml.spec import ModelSpec, Tier

REASONS = 3
# Deciles are cut by this many people, taken by hash, which puts the cuts right within some .3 % of them.
ROWS_FOR_DECILES = 100_000

Batches = Iterable[pa.RecordBatch]
_CARRIED = ("score", "rank", "top_reasons", "suggestion", "feature_hash", "scored_on", "model_version")


def score(features: DataFrame, champion: Champion, *, spec: ModelSpec, held: DataFrame | None = None) -> DataFrame:
    """Return each row of ``features`` scored by the champion, with its decile, tier and reasons.

    Takes ``features(one_id string, as_of date, <the champion's features>)`` and gives ``(one_id, as_of, score double, decile
    int, tier string, top_reasons string, model_version string, suggestion string, rank double, feature_hash bigint,
    scored_on date, <the family's outputs> double)``.

    ``score`` is the calibrated probability, or the expected value. ``decile`` is 1 for the best tenth of the rows of the same
    ``as_of``, cut by ``rank``, which has fewer ties; rows of equal rank share a decile. ``tier`` is the first of the spec's
    tiers that reaches to the decile, or has capacity. ``top_reasons`` are the names of the three features that move the row's
    margin most, up or down, joined by commas (tree SHAP); ``suggestion`` is the spec's for the feature that moves it up most.

    ``held`` has rows that were scored before, one for each ``one_id``: who stands in the same cell of the same version
    (``feature_hash``, see ``ml.models.cells``) keeps score, reasons and the day ``scored_on``; only the others go through
    the model. Nothing is collected; the trees travel in the task's closure and are parsed once per Python worker. Raises
    ``ContractError`` if a feature is missing.
    """
    outputs = tuple(OUTPUTS[_family(champion)])
    rows = _inputs(features, champion)
    carried = (*_CARRIED, *outputs)
    rows = _beside(rows, held, carried)
    scored = rows.mapInArrow(_scorer(champion, spec, outputs), _schema(carried)).localCheckpoint(eager=False)
    return _ranked(scored, spec.tiers).select(
        "one_id",
        "as_of",
        "score",
        "decile",
        "tier",
        "top_reasons",
        "model_version",
        "suggestion",
        "rank",
        "feature_hash",
        "scored_on",
        *outputs,
    )


def _family(champion: Champion) -> str:
    return champion.card.family


def _inputs(features: DataFrame, champion: Champion) -> DataFrame:
    missing = sorted(set(champion.features) - set(features.columns))
    if missing:
        named = f"{champion.name} version {champion.version}"
        raise ContractError(f"the frame to score lacks features of {named}: {', '.join(missing)}")
    inputs = (F.col(name).cast("double").alias(name) for name in champion.features)
    return features.select("one_id", "as_of", *inputs)


_TYPES = {
    "top_reasons": "string",
    "suggestion": "string",
    "feature_hash": "bigint",
    "scored_on": "date",
    "model_version": "string",
}


def _beside(rows: DataFrame, held: DataFrame | None, carried: Sequence[str]) -> DataFrame:
    """Each row with what was said of the person before, in columns ``_<name>``; null where nothing was."""
    if held is None:
        return rows.withColumns({f"_{name}": F.lit(None).cast(_TYPES.get(name, "double")) for name in carried})
    before = held.select("one_id", *[F.col(name).alias(f"_{name}") for name in carried])
    return rows.join(before, on="one_id", how="left")


def _schema(carried: Sequence[str]) -> str:
    told = ", ".join(f"{name} {_TYPES.get(name, 'double')}" for name in carried)
    return f"one_id string, as_of date, {told}"


def _ranked(scored: DataFrame, tiers: Sequence[Tier]) -> DataFrame:
    cuts = _decile_cuts(scored)
    below = F.array_size(F.filter("cuts", lambda cut: cut < F.col("rank")))
    ranked = scored.join(F.broadcast(cuts), on="as_of", how="left").withColumn("decile", F.lit(10) - below)
    if not any(tier.capacity for tier in tiers):
        return ranked.withColumn("tier", _tier_by_decile(tiers))
    return _with_capacity(ranked, tiers)


def _decile_cuts(scored: DataFrame) -> DataFrame:
    """``(as_of, cuts array<double>)``: nine rising ranks per date, of a bounded sample by hash."""
    people = scored.orderBy(F.xxhash64("one_id"), F.col("one_id"), F.col("as_of")).limit(ROWS_FOR_DECILES)
    tenths = [n / 10 for n in range(1, 10)]
    return people.groupBy("as_of").agg(F.percentile_approx("rank", tenths, 10_000).alias("cuts"))


def _tier_by_decile(tiers: Sequence[Tier]) -> Column:
    *bounded, last = tiers
    chosen = F.lit(last.name)
    for tier in reversed(bounded):
        chosen = F.when(F.col("decile") <= F.lit(tier.to_decile), F.lit(tier.name)).otherwise(chosen)
    return chosen


def _with_capacity(ranked: DataFrame, tiers: Sequence[Tier]) -> DataFrame:
    """Fill the tiers in order, the best first, of equal rank by id; the last tier takes the rest."""
    places = [tier.capacity or 0 for tier in tiers[:-1]]
    order = (F.desc("rank"), F.col("one_id"))
    best = ranked.select("one_id", "as_of", "rank").orderBy(*order).limit(sum(places))
    numbered = best.select(
        "one_id", "as_of", F.row_number().over(Window.partitionBy("as_of").orderBy(*order)).alias("n")
    )
    chosen, end = F.lit(tiers[-1].name), sum(places)
    for tier, size in reversed(list(zip(tiers[:-1], places, strict=True))):
        chosen = F.when(F.col("n") <= end, F.lit(tier.name)).otherwise(chosen)
        end -= size
    joined = ranked.join(F.broadcast(numbered), on=["one_id", "as_of"], how="left")
    return joined.withColumn("tier", chosen).drop("n")


def _scorer(
    champion: Champion, spec: ModelSpec, outputs: Sequence[str]
) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    model, version, suggestions = champion.model, champion.version, dict(spec.suggestions)

    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            if batch.num_rows:
                yield scored_batch(model, version, suggestions, outputs, batch)

    return batches


def scored_batch(
    model: Model, version: str, suggestions: dict[str, str], outputs: Sequence[str], batch: pa.RecordBatch
) -> pa.RecordBatch:
    """Return a batch's scores: those of the rows that changed from the model, the others' as they were held."""
    rows = _matrix(model, batch)
    cells = fingerprint(model.texts, rows)
    changed = _changed(batch, cells, version)
    fresh = _fresh(model, rows[changed], suggestions, outputs)
    fresh["feature_hash"] = pa.array(cells[changed])
    days = batch.column("as_of").filter(pa.array(changed))
    fresh |= {"scored_on": days, "model_version": pa.array([version] * len(days), type=pa.string())}
    columns = {"one_id": batch.column("one_id"), "as_of": batch.column("as_of")}
    columns |= {name: _merged(batch.column(f"_{name}"), fresh[name], changed) for name in (*_CARRIED, *outputs)}
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _changed(batch: pa.RecordBatch, cells: NDArray[np.int64], version: str) -> NDArray[np.bool_]:
    before = batch.column("_feature_hash")
    known = before.is_valid().to_numpy(zero_copy_only=False)
    same = before.fill_null(0).to_numpy(zero_copy_only=False) == cells
    versions = pc.fill_null(pc.equal(batch.column("_model_version"), version), fill_value=False)
    return np.asarray(~(known & same & versions.to_numpy(zero_copy_only=False)))


def _merged(before: pa.Array, fresh: pa.Array, changed: NDArray[np.bool_]) -> pa.Array:
    """The fresh values where something changed, in order, and the held ones elsewhere."""
    both = pa.concat_arrays([before, fresh.cast(before.type)])
    place = np.arange(len(before))
    place[changed] = len(before) + np.arange(len(fresh))
    return both.take(pa.array(place))


def _matrix(model: Model, batch: pa.RecordBatch) -> Floats:
    """(rows, features) in the model's order; null becomes NaN, which LightGBM takes for missing."""
    return np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in model.features])


def _fresh(model: Model, rows: Floats, suggestions: dict[str, str], outputs: Sequence[str]) -> dict[str, pa.Array]:
    if not len(rows):
        empty: dict[str, pa.Array] = {name: pa.array([], type=pa.float64()) for name in ("score", "rank", *outputs)}
        return empty | {name: pa.array([], type=pa.string()) for name in ("top_reasons", "suggestion")}
    shares = model.contributions(rows)[:, :-1]
    told = model.outputs(rows)
    numbers = {"score": model.predict(rows), "rank": model.rank(rows), **{name: told[name] for name in outputs}}
    found = {name: pa.array(values, from_pandas=True) for name, values in numbers.items()}
    return found | {
        "top_reasons": _top_reasons(model, shares),
        "suggestion": _suggested(model, shares, suggestions),
    }


def _top_reasons(model: Model, shares: Floats) -> pa.Array:
    top = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :REASONS]
    names = np.array(model.features, dtype=object)[top]
    return pa.array([",".join(row) for row in names], type=pa.string())


def _suggested(model: Model, shares: Floats, suggestions: dict[str, str]) -> pa.Array:
    """The suggestion for the feature that moves the margin up most, of those that have one; null where none does."""
    mapped = [number for number, name in enumerate(model.features) if name in suggestions]
    if not mapped:
        return pa.nulls(len(shares), type=pa.string())
    best = np.argmax(shares[:, mapped], axis=1)
    lifts = shares[np.arange(len(shares)), np.array(mapped)[best]] > 0
    words = [suggestions[model.features[number]] for number in mapped]
    return pa.array([words[n] if up else None for n, up in zip(best, lifts, strict=True)], type=pa.string())
