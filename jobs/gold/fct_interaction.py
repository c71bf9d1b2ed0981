"""The job of gold.fct_interaction."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, New, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver


@job(
    writes=gold.FCT_INTERACTION,
    reads={"events": New(silver.EVENT, deletions=True)},
    load=Merge(),
    group=Group.GOLD,
)
def fct_interaction(events: DataFrame) -> DataFrame:
    """Publish behaviour at event grain in one vocabulary: people as tokens, machines marked, what is withdrawn gone."""
    return events.select(
        F.concat_ws(":", "source", "event_id").alias("interaction_id"),
        "customer_token",
        F.coalesce("event", "type").alias("kind"),
        "channel",
        "place_id",
        "sku",
        "campaign_id",
        "occurred_at",
        F.to_date("occurred_at").alias("occurred_on"),
        F.coalesce("received_at", "occurred_at").alias("known_at"),
        F.coalesce("is_bot", F.lit(False)).alias("is_bot"),
        "_deleted",
    )
