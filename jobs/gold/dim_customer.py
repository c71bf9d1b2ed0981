"""The job of gold.dim_customer."""

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import load_rules
from identity.levels import confirmed, level
from jobs.golden import golden
from jobs.people import owned, touched_people
from lakehouse.job import Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import gold, silver

SURVIVING = {"gender": "string", "birth_on": "date", "city": "string", "home_store_id": "string"}


@job(
    writes=gold.DIM_CUSTOMER,
    reads={
        "changed": Changed(
            (
                (silver.IDENTITY_MAP, "one_id"),
                (silver.IDENTIFIER, "id_token"),
                (silver.CUSTOMER_RECORD, "customer_token"),
            )
        ),
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
    """Make one row of each person that changed: level of identity, and the attributes that survived with their sources."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    people = touched_people(changed, identity_map)
    held = (
        owned(identifiers.withColumnRenamed("id_token", "customer_token"), identity_map, people)
        .groupBy("one_id")
        .agg(
            F.count("*").alias("n_identifiers"),
            F.min("first_seen_at").alias("first_seen_at"),
            F.max("n_sources").alias("_confirmed"),
            level(F.max(confirmed(rules, F.col("id_type"), F.col("n_sources")))).alias("identity_level"),
        )
    )
    own = owned(records, identity_map, people)
    known = own.groupBy("one_id").agg(
        F.count_distinct("source").alias("n_sources"), F.min("joined_at").alias("joined_at")
    )
    return (
        people.join(held, on="one_id", how="left")
        .join(known, on="one_id", how="left")
        .join(_survivors(golden(own, settings)), on="one_id", how="left")
        .withColumns(
            {
                "identity_level": F.coalesce("identity_level", level(F.lit(0))),
                "n_sources": F.coalesce("n_sources", "_confirmed", F.lit(0).cast("bigint")),
                "n_identifiers": F.coalesce("n_identifiers", F.lit(0).cast("bigint")),
                "_deleted": F.col("n_identifiers").isNull(),
            }
        )
        .select(*gold.DIM_CUSTOMER.column_names, "_deleted")
    )


def _survivors(attributes: DataFrame) -> DataFrame:
    """One row a person: each attribute that survived, with the source of the record that speaks best for it."""
    each = [column for name, type_ in SURVIVING.items() for column in _survivor(name, type_)]
    return attributes.where("is_survivor").groupBy("one_id").agg(*each)


def _survivor(name: str, type_: str) -> tuple[Column, Column]:
    is_it = F.col("attribute") == name
    value = F.max(F.when(is_it, F.col("value"))).try_cast(type_)
    return value.alias(name), F.max(F.when(is_it, F.col("source"))).alias(f"{name}_source")
