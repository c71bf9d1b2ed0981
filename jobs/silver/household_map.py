"""The job of silver.household_map."""

from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import Forest, choose
from identity.components.proof import prove_here
from identity.household import HouseholdRules, households, load_household, numbered, surname, ties
from identity.ledger import assign
from identity.verify import prove, require
from jobs.people import owned
from lakehouse.job import Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import person, silver

PARCELS = {"address": "address_token", "recipient_phone": "recipient_token"}


@job(
    writes=person.HOUSEHOLD_MAP,
    reads={
        "identity_map": silver.IDENTITY_MAP,
        "edges": silver.IDENTITY_EDGE,
        "orders": silver.ORDER_HEADER,
        "records": silver.CUSTOMER_RECORD,
        "known": person.HOUSEHOLD_MAP,
        "settings": Resource.SETTINGS,
        "versions": Resource.VERSIONS,
    },
    load=Merge(),
    group=Group.IDENTITY,
    cadence="weekly",
    is_ledger=True,
)
def household_map(
    identity_map: DataFrame,
    *,
    edges: DataFrame,
    orders: DataFrame,
    records: DataFrame,
    known: DataFrame,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Find the households of people who share an address, a parcel's phone or a fenced device, and keep the ids they had."""
    rules = load_household(Path(settings.conf) / "household.yml")
    shared = owned(_sightings(edges, orders, rules), identity_map)
    names = owned(records, identity_map).select("one_id", surname(F.col("name")).alias("surname"))
    pairs = ties(shared, names, rules).localCheckpoint()
    people = _solved(pairs, rules).localCheckpoint()
    founded = identity_map.groupBy("one_id").agg(F.min("valid_from").alias("first_seen_at"))
    clusters = (
        people.where(F.col("fence_reason").isNull())
        .join(founded, on="one_id", how="inner")
        .select(F.col("one_id").alias("token"), "component", "first_seen_at", F.lit(False).alias("is_verified"))
    )
    before = known.where(F.col("household_id").isNotNull())
    yesterday = before.select(F.col("one_id").alias("token"), F.col("household_id").alias("one_id"))
    # The ledger's words are those of the first level: here people are what is clustered, and households what is minted.
    minted = assign(clusters, yesterday, None, f"household.{versions.get(person.HOUSEHOLD_MAP.name, 0)}").map
    ids = minted.select(F.col("one_id").alias("household_id"), F.col("token").alias("one_id"))
    now = (
        people.join(_evidence(pairs), on="one_id", how="inner")
        .join(ids, on="one_id", how="left")
        .select(*person.HOUSEHOLD_MAP.column_names, F.lit(False).alias("_deleted"))
    )
    gone = known.join(people, on="one_id", how="left_anti").withColumn("_deleted", F.lit(True))
    return now.unionByName(gone)


def _sightings(edges: DataFrame, orders: DataFrame, rules: HouseholdRules) -> DataFrame:
    """``(customer_token, name, value, n)``: what orders were sent to, and what the fences cut off because several share it."""
    parcels = [
        F.struct(F.lit(name).alias("name"), F.col(column).alias("value")) for name, column in sorted(PARCELS.items())
    ]
    sent = orders.select("customer_token", F.inline(F.array(*parcels)), F.lit(1).cast("bigint").alias("n"))
    names = [tie.name for tie in rules.ties if tie.name not in PARCELS]
    ends = [
        F.struct(
            F.col(f"{holder}_token").alias("customer_token"),
            F.col(f"{value}_type").alias("name"),
            F.col(f"{value}_token").alias("value"),
            F.col("evidence_count").alias("n"),
        )
        for holder, value in (("src", "dst"), ("dst", "src"))
    ]
    cut = edges.where(~F.col("is_merging")).select(F.inline(F.array(*ends))).where(F.col("name").isin(names))
    return sent.unionByName(cut).where(F.col("value").isNotNull())


def _solved(pairs: DataFrame, rules: HouseholdRules) -> DataFrame:
    """``(one_id, component, n_people, fence_reason)``, by the engine that finds people too, and proven as they are."""
    keys, edges = numbered(pairs)
    edges = edges.persist()
    row = keys.agg(F.coalesce(F.max("key"), F.lit(0)).alias("top")).first()
    engine = choose(pairs.sparkSession, n_vertices=int(row["top"]) if row else 0)
    people, components = households(keys, edges, engine, rules)
    check = prove_here if isinstance(engine, Forest) else prove
    require(check(components.select("vertex", "component"), edges))
    engine.release()
    edges.unpersist()
    return people


def _evidence(pairs: DataFrame) -> DataFrame:
    """``(one_id, evidence, weight)``: what ties each person to any other, and the strongest tie."""
    ends = pairs.select(F.explode(F.array("src", "dst")).alias("one_id"), "evidence", "weight")
    kinds = F.array_sort(F.array_distinct(F.flatten(F.collect_list("evidence"))))
    return ends.groupBy("one_id").agg(F.array_join(kinds, ",").alias("evidence"), F.max("weight").alias("weight"))
