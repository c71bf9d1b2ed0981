"""The job of ops.model_run."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import morning_after, purchases, spec_of, touches
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, ops, silver
from ml.spec import ModelSpec
from ml.train import TrainedModel, train
from ml.training_set import training_set

MODEL = "repurchase_30d"
RETRAIN_DAYS = 7


@job(
    writes=ops.MODEL_RUN,
    reads={
        "lines": gold.FCT_ORDER_LINE,
        "interactions": gold.FCT_INTERACTION,
        "products": gold.DIM_PRODUCT,
        "identity_map": silver.IDENTITY_MAP,
        "known": ops.MODEL_RUN,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
        "versions": Resource.VERSIONS,
    },
    load=Merge(),
    group=Group.ML,
    size="m",
    is_ledger=True,
)
def model_run(
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    identity_map: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Train the repurchase model when the last training is a week old, register it, and promote it if the gate lets it."""
    spec = spec_of(settings, MODEL)
    recent = F.col("as_of") > as_of - timedelta(days=RETRAIN_DAYS)
    if known.where((F.col("model") == spec.name) & recent).limit(1).count():
        return known.limit(0)
    training = training_set(
        spec,
        as_of=morning_after(as_of),
        purchases=purchases(lines, identity_map, products),
        interactions=touches(interactions, identity_map),
    )
    return _row(known, _trained(training, spec, as_of, settings, versions), as_of)


def _trained(
    training: DataFrame, spec: ModelSpec, as_of: date, settings: Settings, versions: Mapping[str, int]
) -> TrainedModel:
    return train(
        training,
        spec,
        tracking_uri=settings.mlflow_uri,
        artifacts=Path(settings.home) / "mlartifacts",
        data_versions=versions,
        as_of=morning_after(as_of),
    )


def _row(known: DataFrame, model: TrainedModel, as_of: date) -> DataFrame:
    row = (
        model.name,
        as_of,
        model.version,
        model.alias,
        model.reason,
        json.dumps(dict(model.metrics), sort_keys=True),
        model.card.to_json() if model.card else None,
        model.run_id,
    )
    return known.sparkSession.createDataFrame([row], ops.MODEL_RUN.schema_ddl)
