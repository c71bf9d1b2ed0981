"""Trainings on demand: ops.model_run's job for models that are named, whatever it says of their last training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalogue import Graph
from jobs.context import Context
from jobs.locks import held
from jobs.modelling import inputs
from jobs.runner import take_again
from jobs.slicing import attributes
from jobs.training import run_row, train_models
from lakehouse.job import Job
from lakehouse.settings import Settings
from lakehouse.tables import ops
from ml.registry import CHAMPION
from ml.spec import ModelSpec
from ml.train import TrainedModel


def train_now(context: Context, graph: Graph, specs: Sequence[ModelSpec]) -> list[TrainedModel]:
    """Train models whatever ops.model_run says of their last training, land the rows, and return what came of it.

    A refusal does not take the place of the champion's row of the same day.
    """
    done: list[TrainedModel] = []
    job = _forced(graph.jobs[ops.MODEL_RUN.name], specs, done)
    with held(context, [job]):
        for table in job.inputs():
            context.lake.ensure(table)
        take_again(context, job, context.spark.newSession().range(0).toDF("id"), f"train.{context.run_id}")
        context.log.flush(context.lake)
    return done


def _forced(job: Job, specs: Sequence[ModelSpec], done: list[TrainedModel]) -> Job:
    def transform(
        *,
        known: DataFrame,
        customers: DataFrame,
        as_of: date,
        settings: Settings,
        versions: Mapping[str, int],
        **facts: DataFrame,
    ) -> DataFrame:
        sliced = replace(inputs(**facts), attributes=attributes(customers, settings))
        done.extend(train_models(specs, sliced, as_of=as_of, settings=settings, versions=versions))
        rows = known.sparkSession.createDataFrame(
            [run_row(trained, as_of) for trained in done], ops.MODEL_RUN.schema_ddl
        )
        standing = known.where((F.col("as_of") == F.lit(as_of)) & (F.col("alias") == CHAMPION)).select("model")
        kept = rows.join(standing.withColumn("_stands", F.lit(True)), on="model", how="left")
        return kept.where(F.col("_stands").isNull() | (F.col("alias") == CHAMPION)).select(*rows.columns)

    return replace(job, transform=transform)
