"""The job of gold.feat_customer."""

from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.modelling import FACTS, inputs, morning_after, specs_of
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Replace
from lakehouse.settings import Settings
from lakehouse.tables import model
from ml.features.people import people_features
from ml.labels import eligible


@job(
    writes=model.FEAT_CUSTOMER,
    reads={**FACTS, "as_of": AsOf.DAY, "settings": Resource.SETTINGS},
    load=Replace(),
    group=Group.ML,
    size="m",
)
def feat_customer(  # noqa: PLR0913 - one argument for each table that is read
    lines: DataFrame,
    *,
    interactions: DataFrame,
    products: DataFrame,
    feedback: DataFrame,
    text_features: DataFrame,
    consents: DataFrame,
    subscriptions: DataFrame,
    identity_map: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Compute the features of the day, once for all models, of everybody whom one of them is for."""
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
    features = people_features([morning_after(as_of)], facts).withColumn("as_of", F.lit(as_of))
    buyers = F.col("purchase_days") > 0  # whom lifetime value is for
    anybodys = reduce(or_, (eligible(spec) for spec in specs_of(settings).values()), buyers)
    return features.where(anybodys).select(*model.FEAT_CUSTOMER.column_names)
