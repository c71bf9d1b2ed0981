"""The job of silver.identity_component."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components.incremental import Change
from identity.decided import holding
from identity.edges import strength
from identity.identifiers import IdentityRules, load_rules
from identity.solving import LABELS, PEOPLE, is_weak, pinned, solve_all, solve_touched
from lakehouse.frames import FEW_LONGS, few, is_small, near
from lakehouse.job import SEPARATOR, AsOf, Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import ops, silver

EDGE = (
    "src_token",
    "dst_token",
    "rule_id",
    "src_type",
    "dst_type",
    "edge_type",
    "is_merging",
    "weight",
    "evidence_count",
)
IMAGE = (*EDGE, "_change_type", "_commit_version")
BEFORE, AFTER = ("delete", "update_preimage"), ("insert", "update_postimage")
SEEN = ("id_token", "vertex_key", "id_type", "first_seen_at", "_change_type")


@job(
    writes=silver.IDENTITY_COMPONENT,
    reads={
        "changed": Changed(
            ((silver.IDENTITY_EDGE, IMAGE), (silver.IDENTIFIER, SEEN), (ops.IDENTITY_OVERRIDE, "a_token"))
        ),
        "edges": silver.IDENTITY_EDGE,
        "identifiers": silver.IDENTIFIER,
        "overrides": ops.IDENTITY_OVERRIDE,
        "known": silver.IDENTITY_COMPONENT,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=Merge(by=("vertex_key",)),
    group=Group.IDENTITY,
    size="m",
)
def identity_component(
    changed: DataFrame,
    *,
    edges: DataFrame,
    identifiers: DataFrame,
    overrides: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Find the components of the evidence, of the part of the graph that changed edges touch, and prove them right."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    decided = few(holding(overrides, as_of))
    before = known.withColumnsRenamed({"id_token": "token", "vertex_key": "vertex"})
    merging = [kind.name for kind in rules.identifiers if kind.is_merging]  # the others are evidence, and nobody
    is_person = F.col("id_type").isin(merging)
    if is_small(known) or before.isEmpty():
        people = identifiers.withColumnsRenamed({"id_token": "token", "vertex_key": "vertex"}).select(*PEOPLE)
        found = solve_all(edges, people.where(is_person), before, decided, rules)
    else:
        seen = _seen(changed).where(is_person).localCheckpoint()
        change = _differences(changed, seen, overrides, pinned(decided), rules)
        found = solve_touched(edges, seen.select(*PEOPLE), before, change, decided, rules)
    now = F.struct("first_seen_at", *LABELS)
    return (
        found.people.join(near(found.components, FEW_LONGS), on="vertex", how="inner")
        .join(near(found.before.select("vertex", now.alias("before")), FEW_LONGS), on="vertex", how="left")
        .where(~now.eqNullSafe(F.col("before")))
        .select(
            F.col("token").alias("id_token"), "id_type", "first_seen_at", F.col("vertex").alias("vertex_key"), *LABELS
        )
    )


def _seen(changed: DataFrame) -> DataFrame:
    """The identifiers that came or were seen again, as they are now; ``is_fresh`` where one is new or was seen earlier."""
    values = F.split("key", SEPARATOR)
    images = changed.where(F.col("kind") == SEEN[0]).select(*[values[i].alias(name) for i, name in enumerate(SEEN)])
    first = F.col("first_seen_at").cast("timestamp")
    was, now = (F.min(F.when(F.col("_change_type").isin(*kinds), first)) for kinds in (BEFORE, AFTER))
    known = images.groupBy(
        F.col("id_token").alias("token"), F.col("vertex_key").cast("long").alias("vertex"), "id_type"
    )
    return known.agg(now.alias("first_seen_at"), (~was.eqNullSafe(now)).alias("is_fresh")).where(
        "first_seen_at IS NOT NULL"
    )


def _differences(
    changed: DataFrame, seen: DataFrame, overrides: DataFrame, pins: DataFrame, rules: IdentityRules
) -> Change:
    """The merging edges that came, went or became surer, by the images of each row; overrides are looked at in every run."""
    values = F.split("key", SEPARATOR)
    images = changed.where(F.col("kind") == IMAGE[0]).select(*[values[i].alias(name) for i, name in enumerate(IMAGE)])
    is_after = F.col("_change_type").isin(*AFTER)
    order = F.struct(F.col("_commit_version").cast("long"), is_after)
    sure = strength().alias("strength")
    images = images.withColumns({name: F.col(name).cast("double") for name in ("weight", "evidence_count")})
    state = F.struct(is_after.alias("is_after"), (F.col("is_merging") == "true").alias("merges"), is_weak(), sure)
    rows = images.groupBy("src_token", "dst_token", "rule_id").agg(
        F.min_by(state, order).alias("first"), F.max_by(state, order).alias("last")
    )
    was = F.when(~F.col("first.is_after") & F.col("first.merges"), F.struct("first.is_weak", "first.strength"))
    now = F.when(F.col("last.is_after") & F.col("last.merges"), F.struct("last.is_weak", "last.strength"))
    ends = ("src_token", "dst_token")
    differing = rows.select(*ends, was.alias("was"), now.alias("now")).where(~F.col("was").eqNullSafe(F.col("now")))
    differing = differing.localCheckpoint()
    is_same = F.col("was.is_weak").eqNullSafe(F.col("now.is_weak"))
    came = differing.where(F.col("now").isNotNull() & ~is_same).select(*ends, "now.is_weak").distinct()
    went = differing.where(F.col("was").isNotNull() & ~is_same).select(*ends, "was.is_weak").distinct()
    shaken = differing.where(is_same).select(*ends, "now.is_weak").distinct()
    asked = overrides.select(
        F.col("a_token").alias("src_token"), F.col("b_token").alias("dst_token"), F.lit(False).alias("is_weak")
    ).unionByName(_told(images, rules))
    token = F.col("token")
    loop = token.alias("src_token"), token.alias("dst_token"), F.lit(False).alias("is_weak")
    fresh = seen.where("is_fresh").select(*loop)
    return Change(came.unionByName(pins.drop("strength")), went, shaken, asked, fresh)


def _told(images: DataFrame, rules: IdentityRules) -> DataFrame:
    """Loops at the identifiers of which records now say what a person has one of (a birth date)."""
    types = list(rules.attributes)
    is_src = F.col("src_type").isin(types)
    holder = F.when(is_src, F.col("dst_token")).otherwise(F.col("src_token"))
    new = images.where((F.col("_change_type") == "insert") & (is_src | F.col("dst_type").isin(types)))
    return new.select(holder.alias("src_token"), holder.alias("dst_token"), F.lit(False).alias("is_weak")).distinct()
