"""The job of gold.score_repurchase_30d."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import morning_after, purchases, spec_of, touches
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import ReplaceWhere
from lakehouse.settings import Settings
from lakehouse.tables import gold, ops, silver
from ml.features.as_of import dates
from ml.features.customer import customer_features
from ml.labels import eligible
from ml.registry import champion
from ml.score import score


@job(
    writes=gold.SCORE_REPURCHASE_30D,
    reads={
        "lines": gold.FCT_ORDER_LINE,
        "interactions": gold.FCT_INTERACTION,
        "products": gold.DIM_PRODUCT,
        "identity_map": silver.IDENTITY_MAP,
        "trained": ops.MODEL_RUN,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=ReplaceWhere("as_of"),
    group=Group.ML,
    size="m",
)
def score_repurchase_30d(
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    identity_map: DataFrame,
    trained: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Score everybody who bought in the last year with the champion, as of the day; without a champion nobody is scored."""
    spec = spec_of(settings, "repurchase_30d")
    best = champion(spec.name, settings.mlflow_uri)
    if best is None:
        return trained.sparkSession.createDataFrame([], gold.SCORE_REPURCHASE_30D.schema_ddl)
    features = customer_features(
        dates(lines.sparkSession, [morning_after(as_of)]),
        purchases=purchases(lines, identity_map, products),
        interactions=touches(interactions, identity_map),
    )
    buyers = features.where(eligible(spec.population.bought_within_days))
    scored = score(buyers, best, tiers=spec.tiers).withColumn("as_of", F.lit(as_of))
    return scored.select(*gold.SCORE_REPURCHASE_30D.column_names)
