"""The scores of the models: a table and a job for each file of ``conf/models``, and one pass for those of one cadence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Job, Read, Resource
from lakehouse.load import Replace, ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.table import Table
from lakehouse.tables import model, ops
from ml.labels import eligible
from ml.models.families import OUTPUTS
from ml.registry import champion
from ml.score import Due, published, score, score_pass
from ml.spec import ModelSpec


def score_table(spec: ModelSpec) -> Table:
    """The contract of a model's scores."""
    return model.score_table(
        spec.name, spec.description, OUTPUTS[spec.family], is_probability=spec.score == "probability"
    )


def pass_table(specs: Sequence[ModelSpec]) -> Table:
    """The contract of what models of one cadence say in one pass over the features."""
    return model.pass_table(specs[0].cadence, {spec.name: score_table(spec) for spec in specs})


def score_jobs(specs: Iterable[ModelSpec]) -> Iterator[Job]:
    """The scoring jobs of all models.

    Models of one cadence go through the features together, in a pass that each one's job then cuts its scores from; a model
    that is alone with its cadence takes the features itself.
    """
    together: dict[str, list[ModelSpec]] = defaultdict(list)
    for spec in specs:
        together[spec.cadence].append(spec)
    for group in together.values():
        if len(group) == 1:
            yield lone_job(group[0])
        else:
            yield pass_job(group)
            yield from (cut_job(spec, pass_table(group)) for spec in group)


def pass_job(specs: Sequence[ModelSpec]) -> Job:
    """The job that takes the features of the day once and holds the champions of all ``specs``, which have one cadence.

    Who is as a model saw them in the pass before keeps score and reasons. Without any champion nothing is said.
    """
    table = pass_table(specs)

    def model_pass(features: DataFrame, *, trained: DataFrame, held: DataFrame, settings: Settings) -> DataFrame:
        found = [(spec, champion(spec.name, settings.mlflow_uri)) for spec in specs]
        due = [Due(best, spec, eligible(spec)) for spec, best in found if best is not None]
        if not due:
            return trained.sparkSession.createDataFrame([], table.schema_ddl)
        said = score_pass(features, due, held=held)
        silent = {c.name: F.lit(None).cast(c.type) for c in table.columns if c.name not in said.columns}
        return said.withColumns(silent).select(*table.column_names)

    reads: dict[str, Read] = {
        "features": model.FEAT_CUSTOMER,
        "trained": ops.MODEL_RUN,
        "held": table,
        "settings": Resource.SETTINGS,
    }
    doc = (
        f"Take the features of the day once through the champions of all models that score {specs[0].cadence}; only who has "
        "changed since the last pass is scored again."
    )
    return Job(table, reads, Replace(), model_pass, doc, Group.ML, specs[0].cadence, size="m")


def cut_job(spec: ModelSpec, passed_table: Table) -> Job:
    """The job that publishes a model's part of a pass, with deciles and tiers of the day; without a champion there is none."""
    table = score_table(spec)

    def scores(passed: DataFrame) -> DataFrame:
        return published(passed, spec).select(*table.column_names)

    doc = f"Cut deciles and tiers of the champion's pass: {_lower(spec.description)}"
    reads: dict[str, Read] = {"passed": passed_table}
    return Job(table, reads, ReplaceWhere("as_of"), scores, doc, Group.ML, spec.cadence)


def lone_job(spec: ModelSpec) -> Job:
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
    doc = f"Score with the champion: {_lower(spec.description)}"
    return Job(table, reads, ReplaceWhere("as_of"), scores, doc, Group.ML, spec.cadence, size="m")


def _lower(description: str) -> str:
    return f"{description[0].lower()}{description[1:]}"


def _latest(held: DataFrame) -> DataFrame:
    """The rows of the latest day that was scored: one for each person."""
    last = held.agg(F.max("as_of").alias("as_of"))
    return held.join(F.broadcast(last), on="as_of", how="left_semi")
