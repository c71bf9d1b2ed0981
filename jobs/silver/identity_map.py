"""The job of silver.identity_map."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.assigning import fits_one, moved_here
from identity.identifiers import IdentityRules, is_verified, load_rules
from identity.ledger import assign, named
from lakehouse.frames import few, is_small, near, sieved
from lakehouse.job import AsOf, Changed, Group, Resource, job
from lakehouse.load import KNOWN, Scd2
from lakehouse.settings import Settings
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_MAP,
    reads={
        "changed": Changed(((silver.IDENTITY_COMPONENT, "component"),)),
        "components": silver.IDENTITY_COMPONENT,
        "known": silver.IDENTITY_MAP,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
        "versions": Resource.VERSIONS,
    },
    load=Scd2(entity=("token",), tracked=("one_id",)),
    group=Group.IDENTITY,
    size="m",
    is_ledger=True,
)
def identity_map(
    changed: DataFrame,
    *,
    components: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Give each component that changed the id that its people had yesterday, or a new one that lasts."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    labels = changed.select(F.col("key").cast("long").alias("component")).distinct()
    part = components.join(few(labels), on="component", how="left_semi").select(
        F.col("id_token").alias("token"),
        "component",
        "first_seen_at",
        is_verified(rules, F.col("id_type")).alias("is_verified"),
    )
    part = part.localCheckpoint()
    # A component of yesterday, changed or not, has all its identifiers in components that changed: a person is seen whole.
    # Whom the sieve lets by besides is in no component here, so that nothing is decided by what they held.
    held = sieved(known.select("token", "one_id", "is_current"), "token", part.select("token")).localCheckpoint()
    run = f"{as_of.isoformat()}.{versions.get(silver.IDENTITY_MAP.name, 0)}"
    former = _former(known, held, components, rules)
    moved = _moved_here(part, held, former, run) if fits_one(part) else _moved_by_joins(part, held, former, run)
    return moved.select("token", "one_id", F.lit(as_of).cast("timestamp").alias("valid_from"), KNOWN)


def _moved_here(part: DataFrame, held: DataFrame, former: DataFrame | None, run: str) -> DataFrame:
    """``(token, one_id, _known)`` of who has another id now, decided by one task."""
    moved = moved_here(part, held.where("is_current"), former)
    return named(moved, held, run).withColumn(KNOWN, F.col("previous_id").isNotNull())


def _moved_by_joins(part: DataFrame, held: DataFrame, former: DataFrame | None, run: str) -> DataFrame:
    """The same of any number of rows."""
    yesterday = near(held.where("is_current").select("token", "one_id"))
    # An id is minted of its founder, who has had it since: whether it was in use before stands in the founder's own history.
    retired = held.select(F.col("one_id").alias("old_id"))
    assigned = assign(part, yesterday, None, run, retired=retired, former=former).map
    was = yesterday.withColumnRenamed("one_id", "_was")
    moved = assigned.join(was, on="token", how="left").where(~F.col("one_id").eqNullSafe(F.col("_was")))
    return moved.withColumn(KNOWN, F.col("_was").isNotNull())


def _former(known: DataFrame, held: DataFrame, components: DataFrame, rules: IdentityRules) -> DataFrame | None:
    """``(token, one_id, first_seen_at, is_verified)`` of ids that tokens of the part once had and that nobody has now."""
    is_whole = is_small(known)  # there a query more costs more than a table
    ids = few(
        held.groupBy("one_id").agg(F.bool_or("is_current").alias("is_alive")).where("NOT is_alive").select("one_id")
    )
    if not is_whole and ids.isEmpty():
        return None
    elsewhere = known.where("is_current").join(ids, on="one_id", how="left_semi").select("one_id").distinct()
    dead = few(ids.join(few(elsewhere), on="one_id", how="left_anti"))
    if not is_whole and dead.isEmpty():
        return None
    closed = known.where(~F.col("is_current")).select("token", "one_id").distinct()
    rows = few(closed.join(dead, on="one_id", how="left_semi"))
    facts = components.select(
        F.col("id_token").alias("token"), "first_seen_at", is_verified(rules, F.col("id_type")).alias("is_verified")
    )
    return sieved(facts, "token", rows.select("token")).join(rows, on="token", how="inner")
