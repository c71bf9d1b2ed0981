"""The job of gold.agg_duplicate_send."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.people import current
from lakehouse.frames import few
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver

KEY = gold.AGG_DUPLICATE_SEND.key


@job(
    writes=gold.AGG_DUPLICATE_SEND,
    reads={
        "changed": Changed(((silver.MESSAGE_EVENT, "campaign_id"), (silver.IDENTITY_MAP, "token"))),
        "identity_map": silver.IDENTITY_MAP,
        "messages": silver.MESSAGE_EVENT,
        "known": gold.AGG_DUPLICATE_SEND,
    },
    load=Merge(),
    group=Group.GOLD,
    cadence="weekly",
)
def agg_duplicate_send(
    changed: DataFrame, *, identity_map: DataFrame, messages: DataFrame, known: DataFrame
) -> DataFrame:
    """Count, for each campaign that changed or whose people did, the messages that went to a person who had one already."""
    chosen = messages.where("campaign_id IS NOT NULL AND channel IS NOT NULL AND event IN ('sent', 'assigned')")
    campaigns = few(_touched(changed, chosen))
    part = chosen.join(campaigns, on="campaign_id", how="left_semi")
    now = _counted(part.join(current(identity_map), on="customer_token", how="left")).localCheckpoint()
    gone = known.join(campaigns, on="campaign_id", how="left_semi").join(now, on=list(KEY), how="left_anti")
    return now.withColumn("_deleted", F.lit(False)).unionByName(gone.withColumn("_deleted", F.lit(True)))


def _touched(changed: DataFrame, chosen: DataFrame) -> DataFrame:
    """``(campaign_id)`` of changed campaigns, and of those that an account of a changed person stands in."""
    is_account = F.col("kind") == "token"
    moved = changed.where(is_account).select(F.col("key").alias("customer_token")).distinct()
    theirs = chosen.join(moved, on="customer_token", how="left_semi").select("campaign_id")
    own = changed.where(~is_account & F.col("key").isNotNull()).select(F.col("key").alias("campaign_id"))
    return own.unionByName(theirs).distinct()


def _counted(chosen: DataFrame) -> DataFrame:
    """One row a campaign and channel, by way of one row for each of its accounts, then people."""
    is_sent = F.col("event") == "sent"
    # A message without an account is nobody's second one: it stands for itself.
    account = F.coalesce("customer_token", "message_id")
    accounts = chosen.groupBy(*KEY, account.alias("account"), F.coalesce("one_id", account).alias("one_id")).agg(
        F.count_if(is_sent).alias("sends"), F.count_if(~is_sent).alias("held")
    )
    people = accounts.groupBy(*KEY, "one_id").agg(
        F.sum("sends").alias("sends"), F.count_if(F.col("sends") > 0).alias("accounts"), F.sum("held").alias("held")
    )
    n_people = F.count_if(F.col("sends") > 0)
    return people.groupBy(*KEY).agg(
        F.sum("sends").alias("n_sends"),
        F.sum("accounts").alias("n_accounts"),
        n_people.alias("n_people"),
        (F.sum("sends") - F.sum("accounts")).alias("n_repeats"),
        (F.sum("accounts") - n_people).alias("n_duplicates_avoidable"),
        F.count_if((F.col("sends") > 0) & (F.col("held") > 0)).alias("n_people_both_arms"),
    )
