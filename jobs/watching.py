"""The job of ops.model_watch: whether champions still see what they learned from, and what came of their scores by decile."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.modelling import FACTS, inputs, morning_after
from jobs.scoring import score_table
from lakehouse.job import AsOf, Group, Job, Read, Resource
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import model
from ml.features.outcomes import Ask
from ml.features.people import Inputs, number_of, people_features
from ml.labels import eligible, label, value
from ml.registry import Champion, champion
from ml.spec import ModelSpec
from ml.stability import FLOOR, Profile, place

LATE_DAYS = 7
"""Days that the job may run late and still see the outcome of a day's scores."""
COUNTS = "model string, subject string, bin int, n bigint"
Batches = Iterable[pa.RecordBatch]


def watch_job(specs: Sequence[ModelSpec]) -> Job:
    """The job that watches all models of ``conf/models``, once a week."""
    tables = {f"scores_{spec.name}": score_table(spec) for spec in specs}

    def model_watch(features: DataFrame, *, as_of: date, settings: Settings, **frames: DataFrame) -> DataFrame:
        found = {spec.name: champion(spec.name, settings.mlflow_uri) for spec in specs}
        held = {spec.name: (spec, best) for spec in specs if (best := found[spec.name]) is not None}
        spark = features.sparkSession
        if not held:
            return spark.createDataFrame([], model.MODEL_WATCH.schema_ddl)
        facts = inputs(**{name: frames[name] for name in FACTS})
        scores = {name: frames[f"scores_{name}"] for name in held}
        parts = [drift(spark, features, scores, list(held.values()), as_of)]
        parts += realised([spec for spec, _ in held.values()], scores, facts, as_of)
        return reduce(DataFrame.unionByName, parts).select(*model.MODEL_WATCH.column_names)

    reads: dict[str, Read] = {
        "features": model.FEAT_CUSTOMER,
        **FACTS,
        **tables,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    }
    doc = "Measure how far features and scores have moved since training, and what came of past scores by decile."
    return Job(model.MODEL_WATCH, reads, Merge(), model_watch, doc, Group.ML, "weekly", size="m")


def drift(
    spark: SparkSession,
    features: DataFrame,
    scores: Mapping[str, DataFrame],
    held: Sequence[tuple[ModelSpec, Champion]],
    as_of: date,
) -> DataFrame:
    """Rows of ops.model_watch: the stability index of each champion's features and scores against its hold-out.

    ``features`` is gold.feat_customer; of ``scores``, by model, the day ``as_of`` counts.
    """
    counted = [_feature_counts(features, held)]
    counted += [_score_counts(scores[best.name].where(F.col("as_of") == F.lit(as_of)), best) for _, best in held]
    expected = spark.createDataFrame(
        list(_expected(best for _, best in held)), "model string, subject string, bin int, p double"
    )
    now = reduce(DataFrame.unionByName, counted).groupBy("model", "subject", "bin").agg(F.sum("n").alias("n"))
    people = now.groupBy("model", "subject").agg(F.sum("n").alias("people"))
    both = expected.join(people, on=["model", "subject"], how="inner").join(
        now, on=["model", "subject", "bin"], how="left"
    )
    q = F.greatest(F.coalesce(F.col("n"), F.lit(0)) / F.col("people"), F.lit(FLOOR))
    p = F.greatest(F.col("p"), F.lit(FLOOR))
    found = both.groupBy("model", "subject", "people").agg(F.sum((q - p) * F.log(q / p)).alias("actual"))
    versions = F.create_map(*[F.lit(text) for _, best in held for text in (best.name, best.version)])
    return found.select(
        "model",
        F.lit(as_of).alias("as_of"),
        F.when(F.col("subject") == "score", "score_psi").otherwise("feature_psi").alias("measure"),
        "subject",
        versions[F.col("model")].alias("model_version"),
        "people",
        F.lit(None).cast("double").alias("expected"),
        "actual",
        F.lit(None).cast("double").alias("worth"),
    )


def _profiles(best: Champion) -> Mapping[str, Profile]:
    return {name: best.card.profiles[name] for name in best.features if name in best.card.profiles}


def _expected(champions: Iterable[Champion]) -> Iterator[tuple[str, str, int, float]]:
    for best in champions:
        score = {} if best.card.score_profile is None else {"score": best.card.score_profile}
        for subject, found in {**_profiles(best), **score}.items():
            yield from ((best.name, subject, number, share) for number, share in enumerate(found.shares))


def _feature_counts(features: DataFrame, held: Sequence[tuple[ModelSpec, Champion]]) -> DataFrame:
    """``COUNTS``: how many of each batch of each model's people fall into each bin of its profiles; one pass for all models."""
    watched = {best.name: _profiles(best) for _, best in held}
    names = sorted({name for found in watched.values() for name in found})
    members = [eligible(spec).alias(f"is {best.name}") for spec, best in held]
    return features.select(*names, *members).mapInArrow(_histograms(watched), COUNTS)


def _histograms(watched: Mapping[str, Mapping[str, Profile]]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            yield from (
                _histogram(batch, model, subject, found)
                for model, profiles in watched.items()
                for subject, found in profiles.items()
            )

    return batches


def _histogram(batch: pa.RecordBatch, model: str, subject: str, found: Profile) -> pa.RecordBatch:
    mine = batch.column(subject).filter(batch.column(f"is {model}"))
    values = mine.to_numpy(zero_copy_only=False).astype(np.float64)
    counts = np.bincount(place(values, found.edges), minlength=len(found.edges) + 2)
    told = [pa.array([text] * len(counts)) for text in (model, subject)]
    bins = pa.array(np.arange(len(counts), dtype=np.int32))
    return pa.RecordBatch.from_arrays([*told, bins, pa.array(counts)], names=["model", "subject", "bin", "n"])


def _score_counts(scores: DataFrame, best: Champion) -> DataFrame:
    """``COUNTS`` of the champion's scores, in SQL, binned as ``ml.stability.place`` does; none where it has no profile."""
    edges = best.card.score_profile.edges if best.card.score_profile is not None else ()
    below = (
        F.array_size(F.filter(F.array(*map(F.lit, edges)), lambda edge: edge < F.col("score"))) if edges else F.lit(0)
    )
    told = scores if best.card.score_profile is not None else scores.limit(0)
    binned = told.select(F.when(F.col("score").isNull(), len(edges) + 1).otherwise(below).alias("bin"))
    named = binned.groupBy("bin").agg(F.count(F.lit(1)).alias("n"))
    return named.select(F.lit(best.name).alias("model"), F.lit("score").alias("subject"), "bin", "n")


def realised(
    specs: Sequence[ModelSpec], scores: Mapping[str, DataFrame], facts: Inputs, as_of: date
) -> Iterator[DataFrame]:
    """Rows of ops.model_watch: by decile what was predicted and what came, of scores whose horizon has just ended.

    ``scores`` are the models'; those of the last :data:`LATE_DAYS` days whose outcome is known on ``as_of`` count. The label is
    the model's own, taken the same way as for training, in one pass over the facts for all models; where nobody was scored
    on those days there is none.
    """
    known = morning_after(as_of)
    days = {
        spec.name: [known - timedelta(days=spec.horizon_days + late) for late in range(LATE_DAYS)] for spec in specs
    }
    asked = [_scored_on(scores[spec.name], days[spec.name]).select(F.lit(spec.name).alias("name")) for spec in specs]
    names = {row["name"] for row in reduce(DataFrame.unionByName, asked).distinct().toLocalIterator()}
    due = [spec for spec in specs if spec.name in names]
    if not due:
        return
    asks = [Ask(number_of(day), spec.horizon_days, number_of(known)) for spec in due for day in days[spec.name]]
    told = people_features([day for spec in due for day in days[spec.name]], facts, asks).localCheckpoint(eager=False)
    for spec in due:
        yield _came(spec, _scored_on(scores[spec.name], days[spec.name]), told)


def _scored_on(scores: DataFrame, days: Sequence[date]) -> DataFrame:
    """The scores made on the evenings before these mornings."""
    return scores.where(F.col("as_of").isin([day - timedelta(days=1) for day in days]))


def _came(spec: ModelSpec, scores: DataFrame, told: DataFrame) -> DataFrame:
    outcome = told.select(
        "one_id",
        F.date_sub("as_of", 1).alias("as_of"),
        label(spec, 0).alias("label"),
        value(spec, 0).alias("value"),
    )
    chance = "probability" if "probability" in scores.columns else "score"
    came = scores.join(outcome.where("label IS NOT NULL"), on=["one_id", "as_of"], how="inner")
    found = came.groupBy("as_of", "decile").agg(
        F.max("model_version").alias("model_version"),
        F.count("*").alias("people"),
        F.avg(chance).alias("expected"),
        F.avg("label").alias("actual"),
        F.sum("value").alias("worth"),
    )
    return found.select(
        F.lit(spec.name).alias("model"),
        "as_of",
        F.lit("decile").alias("measure"),
        F.col("decile").cast("string").alias("subject"),
        "model_version",
        "people",
        "expected",
        "actual",
        "worth",
    )
