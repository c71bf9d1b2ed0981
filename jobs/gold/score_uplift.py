"""The job of gold.score_uplift."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import morning_after, purchases, touches
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver, value
from ml.features.as_of import dates
from ml.features.customer import customer_features
from ml.value.spec import UpliftSpec, load_part
from ml.value.uplift import champion
from ml.value.uplift import score_uplift as scored_by


@job(
    writes=value.SCORE_UPLIFT,
    reads={
        "lines": gold.FCT_ORDER_LINE,
        "interactions": gold.FCT_INTERACTION,
        "products": gold.DIM_PRODUCT,
        "identity_map": silver.IDENTITY_MAP,
        "trained": value.VALUE_RUN,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=ReplaceWhere("as_of"),
    group=Group.ML,
    cadence="weekly",
    size="m",
)
def score_uplift(
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    identity_map: DataFrame,
    trained: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Tell whom a message moves, by the champion, as of the day; where no uplift was found usable nobody is scored."""
    spec = load_part(Path(settings.conf) / "value" / "uplift.yml", UpliftSpec)
    best = champion(spec.name, settings.mlflow_uri)
    if best is None:
        return trained.sparkSession.createDataFrame([], value.SCORE_UPLIFT.schema_ddl)
    model, version = best
    features = customer_features(
        dates(lines.sparkSession, [morning_after(as_of)]),
        purchases=purchases(lines, identity_map, products),
        interactions=touches(interactions, identity_map),
    )
    scored = scored_by(features, model, version=version, tiers=spec.tiers).withColumn("as_of", F.lit(as_of))
    return scored.select(*value.SCORE_UPLIFT.column_names)
