"""The job of silver.identity_map."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import choose
from identity.components.keys import clusters
from identity.components.layered import layered
from identity.identifiers import IdentityRules, attribute, is_verified, load_rules
from identity.ledger import assignment, decide
from identity.verify import prove, require
from lakehouse.job import AsOf, Group, Resource, job
from lakehouse.load import Scd2
from lakehouse.settings import Settings
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_MAP,
    reads={
        "edges": silver.IDENTITY_EDGE,
        "identifiers": silver.IDENTIFIER,
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
    edges: DataFrame,
    *,
    identifiers: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
    versions: Mapping[str, int],
) -> DataFrame:
    """Find the components of the evidence, prove them right, and give each the id that its people had yesterday."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    components = _components(edges, identifiers, rules)
    keys = identifiers.select(F.col("id_token").alias("token"), F.col("vertex_key").alias("key"))
    today = clusters(keys, components)
    vertices = identifiers.select(
        F.col("id_token").alias("token"),
        "first_seen_at",
        is_verified(rules, F.col("id_type")).alias("is_verified"),
    )
    yesterday = known.where("is_current").select("token", "one_id")
    retired = known.select(F.col("one_id").alias("old_id")).distinct()
    run = f"{as_of.isoformat()}.{versions.get(silver.IDENTITY_MAP.name, 0)}"
    decisions = decide(today, yesterday, vertices, run, retired=retired)
    assigned = assignment(decisions, today, yesterday, run).map
    return assigned.select("token", "one_id", F.lit(as_of).cast("timestamp").alias("valid_from"))


def _components(edges: DataFrame, identifiers: DataFrame, rules: IdentityRules) -> DataFrame:
    """Proven components ``(vertex, component)`` of the merging edges; weak ones never join two known people."""
    src = identifiers.select(F.col("id_token").alias("src_token"), F.col("vertex_key").alias("src"))
    dst = identifiers.select(F.col("id_token").alias("dst_token"), F.col("vertex_key").alias("dst"))
    graph = (
        edges.where("is_merging")
        .join(src, on="src_token", how="left")
        .join(dst, on="dst_token", how="left")
        .select("src", "dst", (F.col("edge_type") == "weak").alias("is_weak"))
        .persist()
    )
    known = identifiers.where(attribute(rules, "is_known", F.col("id_type")))
    top = identifiers.agg(F.max("vertex_key")).collect()[0][0] or 0
    engine = choose(edges.sparkSession, rules.engine, n_vertices=int(top))
    layers = layered(graph, known.select(F.col("vertex_key").alias("vertex")), engine)
    require(prove(layers.components, layers.followed))
    components = layers.components.localCheckpoint()
    layers.release()
    engine.release()
    graph.unpersist()
    return components
