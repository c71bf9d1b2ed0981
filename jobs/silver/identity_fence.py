"""The job of silver.identity_fence."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.cuts import cuts
from identity.decided import FORBID, holding
from identity.identifiers import load_rules
from lakehouse.frames import few
from lakehouse.job import SEPARATOR, AsOf, Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import ops, silver

KEY = silver.IDENTITY_EDGE.key
CROSSING = ("conflict", "forbidden", "weak")


@job(
    writes=silver.IDENTITY_FENCE,
    reads={
        "changed": Changed(((silver.IDENTITY_EDGE, KEY), (silver.IDENTITY_COMPONENT, "id_token"))),
        "edges": silver.IDENTITY_EDGE,
        "components": silver.IDENTITY_COMPONENT,
        "overrides": ops.IDENTITY_OVERRIDE,
        "known": silver.IDENTITY_FENCE,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_fence(
    changed: DataFrame,
    *,
    edges: DataFrame,
    components: DataFrame,
    overrides: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """List every edge that could merge and does not: cut by a fence of its own, or where its component had to be parted."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    could = edges.where(F.col("is_merging") | F.col("fence_reason").isNotNull())
    asked = (could if known.isEmpty() else _asked(could, changed, known)).localCheckpoint()
    forbidden = few(holding(overrides, as_of).where(F.col("kind") == FORBID).select("a_token", "b_token"))
    labels = components.select(F.col("id_token").alias("token"), "id_type", "component")
    crossing = cuts(asked.where("is_merging"), labels, forbidden, rules)
    found = asked.join(crossing, on=list(KEY), how="left").withColumn("why", F.coalesce("fence_reason", "reason"))
    colon = F.instr("why", ":")
    fenced = found.where(F.col("why").isNotNull()).select(
        *KEY,
        F.substring_index("why", ":", 1).alias("fence"),
        F.substr("why", colon + 2).alias("reason"),
        "weight",
        "last_seen_at",
        F.lit(False).alias("_deleted"),
    )
    return fenced.unionByName(_lifted(fenced, asked, changed, known))


def _asked(could: DataFrame, changed: DataFrame, known: DataFrame) -> DataFrame:
    """The edges that changed, or one of whose ends has another component now, or that had to be cut when last looked at."""
    crossing = known.where(F.col("fence").isin(*CROSSING)).select(*KEY)
    keys = few(_keys(changed).unionByName(crossing).distinct())
    tokens = few(changed.where(F.col("kind") == "id_token").select(F.col("key").alias("token")).distinct())
    marked = could.join(keys.withColumn("_key", F.lit(True)), on=list(KEY), how="left")
    for end in ("src", "dst"):
        mark = tokens.select(F.col("token").alias(f"{end}_token"), F.lit(True).alias(f"_{end}"))
        marked = marked.join(mark, on=f"{end}_token", how="left")
    return marked.where(F.col("_key") | F.col("_src") | F.col("_dst")).drop("_key", "_src", "_dst")


def _keys(changed: DataFrame) -> DataFrame:
    values = F.split("key", SEPARATOR)
    return changed.where(F.col("kind") == KEY[0]).select(*[values[i].alias(name) for i, name in enumerate(KEY)])


def _lifted(fenced: DataFrame, asked: DataFrame, changed: DataFrame, known: DataFrame) -> DataFrame:
    """The known rows, to be deleted, of edges that nothing cuts any more, or that are gone."""
    looked_at = few(asked.select(*KEY).unionByName(_keys(changed)).distinct())
    stood = known.join(looked_at, on=list(KEY), how="left_semi").join(
        fenced.select(*KEY), on=list(KEY), how="left_anti"
    )
    return stood.withColumn("_deleted", F.lit(True)).select(*fenced.columns)
