"""The job of gold.fct_identity_conversion."""

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import load_rules
from identity.levels import KNOWN, LEVELS, level, shown
from jobs.people import owned, touched_people
from lakehouse.job import Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver

DAY = 86_400


@job(
    writes=gold.FCT_IDENTITY_CONVERSION,
    reads={
        "changed": Changed(
            (
                (silver.IDENTITY_MAP, "one_id"),
                (silver.IDENTIFIER_OBSERVATION, "id_token"),
                (gold.DIM_CUSTOMER, "one_id"),
            )
        ),
        "identity_map": silver.IDENTITY_MAP,
        "observations": silver.IDENTIFIER_OBSERVATION,
        "customers": gold.DIM_CUSTOMER,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.GOLD,
    cadence="weekly",
)
def fct_identity_conversion(
    changed: DataFrame,
    *,
    identity_map: DataFrame,
    observations: DataFrame,
    customers: DataFrame,
    settings: Settings,
) -> DataFrame:
    """Tell of each person that changed whether they were seen without a name first, and when and where they became known."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    people = touched_people(changed, identity_map)
    seen = owned(observations.withColumnRenamed("id_token", "customer_token"), identity_map, people)
    times = seen.withColumn("_level", shown(rules, F.col("id_type"))).groupBy("one_id").agg(*_firsts())
    reached = customers.select("one_id", F.col("identity_level").alias("to_level"))
    return (
        people.join(times, on="one_id", how="left")
        .join(reached, on="one_id", how="left")
        .select(*_conversion(), (~_is_conversion()).alias("_deleted"))
    )


def _firsts() -> list[Column]:
    """First sightings by level, and where the first identifier that makes known was seen; even times: the lesser names."""
    is_known, at = F.col("_level") >= KNOWN, F.col("first_seen_at")
    first = F.min(F.when(is_known, F.struct(at.alias("at"), F.col("source"), F.col("id_type"))))
    return [
        F.min(F.when(~is_known, at)).alias("first_anonymous_at"),
        F.min(F.when(F.col("_level") == LEVELS.index("pseudonymous"), at)).alias("_account_at"),
        first.alias("_known"),
    ]


def _is_conversion() -> Column:
    before = F.col("first_anonymous_at") < F.col("_known.at")
    return F.coalesce(before & F.col("to_level").isin(*LEVELS[KNOWN:]), F.lit(False))


def _conversion() -> list[Column]:
    known_at = F.col("_known.at")
    had_account = F.coalesce(F.col("_account_at") < known_at, F.lit(False))
    seconds = F.unix_timestamp(known_at) - F.unix_timestamp("first_anonymous_at")
    return [
        F.col("one_id"),
        level(had_account.cast("int")).alias("from_level"),
        F.col("to_level"),
        F.col("first_anonymous_at"),
        known_at.alias("known_at"),
        F.floor(seconds / DAY).cast("int").alias("days"),
        F.col("_known.source").alias("touchpoint"),
        F.col("_known.id_type").alias("id_type"),
    ]
