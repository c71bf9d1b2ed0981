"""The job of ops.value_run."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import behaviour, morning_after, of_people, owned_over_time, sent
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, ops, silver, value
from ml.value.panel import told_at
from ml.value.spec import UpliftSpec, ValueSpec, load_part
from ml.value.train import train_value
from ml.value.trained import Store, Trained
from ml.value.trials import sending_days, trials, with_features
from ml.value.uplift import train_uplift

RETRAIN_DAYS = 7


@job(
    writes=value.VALUE_RUN,
    reads={
        "lines": gold.FCT_ORDER_LINE,
        "interactions": gold.FCT_INTERACTION,
        "products": gold.DIM_PRODUCT,
        "identity_map": silver.IDENTITY_MAP,
        "messages": silver.MESSAGE_EVENT,
        "known": value.VALUE_RUN,
        "trained": ops.MODEL_RUN,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
        "versions": Resource.VERSIONS,
    },
    load=Merge(),
    group=Group.ML,
    cadence="weekly",
    size="m",
    is_ledger=True,
)
def value_run(  # noqa: PLR0913 - what is trained is made of all of these
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    identity_map: DataFrame,
    messages: DataFrame,
    known: DataFrame,
    trained: DataFrame,  # noqa: ARG001 - one training at a time: an MLflow store in a file has one writer
    as_of: date,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Train lifetime value and uplift where the last training is a week old, promote what proves itself, and tell why not."""
    folder = Path(settings.conf) / "value"
    clv, uplift = load_part(folder / "clv.yml", ValueSpec), load_part(folder / "uplift.yml", UpliftSpec)
    recent = known.where(F.col("as_of") > as_of - timedelta(days=RETRAIN_DAYS)).select("model").distinct()
    done = {row["model"] for row in recent.toLocalIterator()}
    if {clv.name, uplift.name} <= done:
        return known.limit(0)
    facts = behaviour(lines=lines, interactions=interactions, products=products, identity_map=identity_map)
    owners, day = owned_over_time(identity_map), morning_after(as_of)
    messages = sent(messages, owners)
    told = told_at(clv, day, facts, sending_days(uplift, day, messages)).localCheckpoint(eager=False)
    store = Store(settings.mlflow_uri, Path(settings.home) / "mlartifacts", versions)
    found = []
    if clv.name not in done:
        found.append(train_value(clv, store, as_of=day, told=told))
    if uplift.name not in done:
        tried = trials(uplift, day, messages=messages, purchases=of_people(facts.purchases, owners))
        found.append(train_uplift(with_features(tried, told), uplift, store, as_of=day))
    return known.sparkSession.createDataFrame([_row(one, as_of) for one in found], value.VALUE_RUN.schema_ddl)


def _row(one: Trained, as_of: date) -> tuple[object, ...]:
    metrics = json.dumps(dict(one.metrics), sort_keys=True)
    return one.name, as_of, one.version, one.alias, one.reason, metrics, one.card, one.run_id
