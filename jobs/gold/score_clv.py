"""The job of gold.score_clv."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import VALUED
from lakehouse.job import Group, job
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.tables import value
from ml.value.histories import histories
from ml.value.score import score_value
from ml.value.spec import ValueSpec, load_part
from ml.value.train import champion


@job(writes=value.SCORE_CLV, reads=VALUED, load=ReplaceWhere("as_of"), group=Group.ML, cadence="weekly", size="m")
def score_clv(features: DataFrame, *, trained: DataFrame, settings: Settings) -> DataFrame:
    """Tell what every buyer is expected to buy and spend, by the champion, as of the day; without a champion nobody is scored."""
    spec = load_part(Path(settings.conf) / "value" / "clv.yml", ValueSpec)
    best = champion(spec.name, settings.mlflow_uri)
    if best is None:
        return trained.sparkSession.createDataFrame([], value.SCORE_CLV.schema_ddl)
    model, version = best
    rows = histories(features.withColumn("as_of", F.date_add("as_of", 1)))  # features of a day are as of its end
    scored = score_value(rows, model, version=version, tiers=spec.tiers)
    return scored.withColumn("as_of", F.date_sub("as_of", 1)).select(*value.SCORE_CLV.column_names)
