"""The job of gold.score_clv."""

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
from ml.value.histories import histories
from ml.value.score import score_value
from ml.value.spec import ValueSpec, load_part
from ml.value.train import champion


@job(
    writes=value.SCORE_CLV,
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
def score_clv(
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    identity_map: DataFrame,
    trained: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Tell what every buyer is expected to buy and spend, by the champion, as of the day; without a champion nobody is scored."""
    spec = load_part(Path(settings.conf) / "value" / "clv.yml", ValueSpec)
    best = champion(spec.name, settings.mlflow_uri)
    if best is None:
        return trained.sparkSession.createDataFrame([], value.SCORE_CLV.schema_ddl)
    model, version = best
    as_ofs = dates(lines.sparkSession, [morning_after(as_of)])
    bought = purchases(lines, identity_map, products)
    rows = histories(as_ofs, bought)
    if model.by == "regression":
        touched = touches(interactions, identity_map)
        rows = rows.join(customer_features(as_ofs, purchases=bought, interactions=touched), on=["one_id", "as_of"])
    scored = score_value(rows.localCheckpoint(), model, version=version, tiers=spec.tiers)
    return scored.withColumn("as_of", F.lit(as_of)).select(*value.SCORE_CLV.column_names)
