"""The job of ops.model_run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import FACTS, inputs, specs_of
from jobs.slicing import attributes
from jobs.training import run_row, train_models
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, ops

RETRAIN_DAYS = 7


@job(
    writes=ops.MODEL_RUN,
    reads={
        **FACTS,
        "customers": gold.DIM_CUSTOMER,
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
def model_run(  # noqa: PLR0913 - one argument for each table that is read
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    feedback: DataFrame,
    text_features: DataFrame,
    consents: DataFrame,
    subscriptions: DataFrame,
    identity_map: DataFrame,
    customers: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Train each model whose last training is a week old, register it, and promote it if the gate lets it."""
    specs = specs_of(settings)
    recent = known.where(F.col("as_of") > as_of - timedelta(days=RETRAIN_DAYS)).select("model").distinct()
    trained = {row["model"] for row in recent.toLocalIterator()}
    wanted = [spec for name, spec in specs.items() if name not in trained]
    if not wanted:
        return known.limit(0)
    facts = inputs(
        lines=lines,
        interactions=interactions,
        products=products,
        feedback=feedback,
        text_features=text_features,
        consents=consents,
        subscriptions=subscriptions,
        identity_map=identity_map,
    )
    sliced = replace(facts, attributes=attributes(customers, settings))
    rows = [
        run_row(trained, as_of)
        for trained in train_models(wanted, sliced, as_of=as_of, settings=settings, versions=versions)
    ]
    return known.sparkSession.createDataFrame(rows, ops.MODEL_RUN.schema_ddl)
