"""The job of gold.score_uplift."""

from pathlib import Path

from pyspark.sql import DataFrame

from jobs.modelling import VALUED
from lakehouse.job import Group, job
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.tables import value
from ml.value.spec import UpliftSpec, load_part
from ml.value.uplift import champion
from ml.value.uplift import score_uplift as scored_by


@job(writes=value.SCORE_UPLIFT, reads=VALUED, load=ReplaceWhere("as_of"), group=Group.ML, cadence="weekly", size="m")
def score_uplift(features: DataFrame, *, trained: DataFrame, settings: Settings) -> DataFrame:
    """Tell whom a message moves, by the champion, as of the day; where no uplift was found usable nobody is scored."""
    spec = load_part(Path(settings.conf) / "value" / "uplift.yml", UpliftSpec)
    best = champion(spec.name, settings.mlflow_uri)
    if best is None:
        return trained.sparkSession.createDataFrame([], value.SCORE_UPLIFT.schema_ddl)
    model, version = best
    scored = scored_by(features.where("purchase_days > 0"), model, version=version, tiers=spec.tiers)
    return scored.select(*value.SCORE_UPLIFT.column_names)
