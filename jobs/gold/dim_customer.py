"""The job of gold.dim_customer."""

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import attribute, load_rules
from jobs.people import owned, touched_people
from lakehouse.job import Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver

SURVIVING = ("gender", "birth_on", "city")


@job(
    writes=gold.DIM_CUSTOMER,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, "one_id"), (silver.CUSTOMER_RECORD, "customer_token"))),
        "identity_map": silver.IDENTITY_MAP,
        "identifiers": silver.IDENTIFIER,
        "records": silver.CUSTOMER_RECORD,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.GOLD,
)
def dim_customer(
    changed: DataFrame,
    *,
    identity_map: DataFrame,
    identifiers: DataFrame,
    records: DataFrame,
    settings: Settings,
) -> DataFrame:
    """Make one row of each person that changed: level of identity, and attributes with the source they came from."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    people = touched_people(changed, identity_map)
    seen = owned(identifiers.withColumnRenamed("id_token", "customer_token"), identity_map, people)
    kind = attribute(rules, "kind", F.col("id_type"))
    held = seen.groupBy("one_id").agg(
        F.count("*").alias("n_identifiers"),
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("n_sources").alias("_confirmed"),
        F.bool_or(kind == "contact").alias("_contact"),
        F.bool_or(kind == "account").alias("_account"),
        F.bool_or(F.col("id_type").isin("member_no", "app_user", "web_user")).alias("_registered"),
        F.max(F.when(kind == "contact", F.col("n_sources"))).alias("_contact_sources"),
    )
    known = (
        owned(records, identity_map, people)
        .groupBy("one_id")
        .agg(
            F.count_distinct("source").alias("n_sources"),
            F.min("joined_at").alias("joined_at"),
            _newest("home_store_id").alias("home_store_id"),
            *[survivor for name in SURVIVING for survivor in _survivor(name)],
        )
    )
    return (
        people.join(held, on="one_id", how="left")
        .join(known, on="one_id", how="left")
        .withColumns(
            {
                "identity_level": _level(),
                "n_sources": F.coalesce("n_sources", "_confirmed", F.lit(0).cast("bigint")),
                "n_identifiers": F.coalesce("n_identifiers", F.lit(0).cast("bigint")),
                "_deleted": F.col("n_identifiers").isNull(),
            }
        )
        .select(*gold.DIM_CUSTOMER.column_names, "_deleted")
    )


def _level() -> Column:
    """The level of identity, the first that holds.

    Verified: a contact that two sources confirm. Known: registered or reachable. Pseudonymous: a platform's account.
    Anonymous: traces only.
    """
    return (
        F.when(F.col("_contact_sources") >= 2, "verified")
        .when(F.col("_contact") | F.col("_registered"), "known")
        .when(F.col("_account"), "pseudonymous")
        .otherwise("anonymous")
    )


def _newest(name: str) -> Column:
    """The value of the newest record that has one."""
    order = F.struct(F.coalesce("updated_at", "joined_at"), F.col("_sequence"), F.col("source"), F.col("record_id"))
    return F.max_by(name, F.when(F.col(name).isNotNull(), order))


def _survivor(name: str) -> tuple[Column, Column]:
    order = F.struct(F.coalesce("updated_at", "joined_at"), F.col("_sequence"), F.col("source"), F.col("record_id"))
    there = F.when(F.col(name).isNotNull(), order)
    return F.max_by(name, there).alias(name), F.max_by(F.col("source"), there).alias(f"{name}_source")
