"""The scores of the models: a table and a job for each file of ``conf/models``, as bronze has one for each source."""

from collections.abc import Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Job, Read, Resource
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.table import Table
from lakehouse.tables import model, ops
from ml.labels import eligible
from ml.models.families import OUTPUTS
from ml.registry import champion
from ml.score import score
from ml.spec import ModelSpec


def score_table(spec: ModelSpec) -> Table:
    """The contract of a model's scores."""
    return model.score_table(
        spec.name, spec.description, OUTPUTS[spec.family], is_probability=spec.score == "probability"
    )


def score_job(spec: ModelSpec) -> Job:
    """The job that scores a model's population with its champion, from the features of the day.

    Without a champion nobody is scored. Who is as the model saw them last time keeps score and reasons; a new day has its own
    rows, with deciles and tiers of that day.
    """
    table = score_table(spec)

    def scores(features: DataFrame, *, trained: DataFrame, held: DataFrame, settings: Settings) -> DataFrame:
        best = champion(spec.name, settings.mlflow_uri)
        if best is None:
            return trained.sparkSession.createDataFrame([], table.schema_ddl)
        people = features.where(eligible(spec))
        return score(people, best, spec=spec, held=_latest(held)).select(*table.column_names)

    reads: dict[str, Read] = {
        "features": model.FEAT_CUSTOMER,
        "trained": ops.MODEL_RUN,
        "held": table,
        "settings": Resource.SETTINGS,
    }
    doc = f"Score with the champion: {spec.description[0].lower()}{spec.description[1:]}"
    return Job(table, reads, ReplaceWhere("as_of"), scores, doc, Group.ML, spec.cadence, size="m")


def score_jobs(specs: Iterable[ModelSpec]) -> list[Job]:
    """The scoring jobs of all models."""
    return [score_job(spec) for spec in specs]


def _latest(held: DataFrame) -> DataFrame:
    """The rows of the latest day that was scored: one for each person."""
    last = held.agg(F.max("as_of").alias("as_of"))
    return held.join(F.broadcast(last), on="as_of", how="left_semi")
