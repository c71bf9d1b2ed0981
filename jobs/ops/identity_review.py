"""The job of ops.identity_review."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.explain import PIN
from identity.identifiers import load_rules
from identity.review import joints, questions
from lakehouse.job import Group, Resource, job
from lakehouse.load import Replace
from lakehouse.settings import Settings
from lakehouse.tables import ops, silver

MOST = 1000
EDGE = (
    "src_token",
    "dst_token",
    "rule_id",
    "edge_type",
    "weight",
    "evidence_count",
    "first_seen_at",
    "last_seen_at",
)


@job(
    writes=ops.IDENTITY_REVIEW,
    reads={
        "edges": silver.IDENTITY_EDGE,
        "fences": silver.IDENTITY_FENCE,
        "components": silver.IDENTITY_COMPONENT,
        "overrides": ops.IDENTITY_OVERRIDE,
        "settings": Resource.SETTINGS,
    },
    load=Replace(),
    group=Group.OPS,
    cadence="weekly",
)
def identity_review(
    edges: DataFrame, *, fences: DataFrame, components: DataFrame, overrides: DataFrame, settings: Settings
) -> DataFrame:
    """Ask about the thousand least certain merges: the weakest evidence that joins two parts which both hold accounts."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    cut = fences.select("src_token", "dst_token", "rule_id")
    followed = edges.where("is_merging").select(*EDGE).join(cut, on=cut.columns, how="left_anti")
    asked = questions(joints(followed.unionByName(_pins(overrides)), components, rules), MOST)
    edge_type = F.when(F.col("kind") == 0, "weak").when(F.col("kind") == 1, "strong").otherwise(PIN)
    return (
        asked.withColumn("edge_type", edge_type)
        .where(F.col("edge_type") != PIN)
        .select(*ops.IDENTITY_REVIEW.column_names)
    )


def _pins(overrides: DataFrame) -> DataFrame:
    """Pins that were not lifted, as edges. An expired one may still stand here for a day: it only keeps a question back."""
    ends = (F.least("a_token", "b_token"), F.greatest("a_token", "b_token"))
    return overrides.where((F.col("kind") == "pin") & F.col("lifted_at").isNull()).select(
        ends[0].alias("src_token"),
        ends[1].alias("dst_token"),
        F.concat(F.lit("override/"), "override_id").alias("rule_id"),
        F.lit(PIN).alias("edge_type"),
        F.lit(1.0).alias("weight"),
        F.lit(1).cast("bigint").alias("evidence_count"),
        F.col("made_at").alias("first_seen_at"),
        F.col("made_at").alias("last_seen_at"),
    )
