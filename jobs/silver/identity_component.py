"""The job of silver.identity_component."""

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.components import Forest, choose
from identity.components.incremental import Touched, touched
from identity.components.layered import layered
from identity.components.proof import prove_here
from identity.identifiers import IdentityRules, attribute, load_rules
from identity.verify import prove, require
from lakehouse.frames import few
from lakehouse.job import SEPARATOR, Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import silver

IMAGE = ("src_token", "dst_token", "rule_id", "edge_type", "is_merging", "_change_type", "_commit_version")
NEW = ("id_token", "_change_type")
LABELS = ("point", "reach", "component")


@job(
    writes=silver.IDENTITY_COMPONENT,
    reads={
        "changed": Changed(((silver.IDENTITY_EDGE, IMAGE), (silver.IDENTIFIER, NEW))),
        "edges": silver.IDENTITY_EDGE,
        "identifiers": silver.IDENTIFIER,
        "known": silver.IDENTITY_COMPONENT,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.IDENTITY,
    size="m",
)
def identity_component(
    changed: DataFrame, *, edges: DataFrame, identifiers: DataFrame, known: DataFrame, settings: Settings
) -> DataFrame:
    """Find the components of the evidence, of the part of the graph that changed edges touch, and prove them right."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    merging = edges.where("is_merging").select("src_token", "dst_token", _is_weak())
    named = known.withColumnsRenamed({"id_token": "token", "vertex_key": "vertex"})
    if named.isEmpty():
        people = _named(identifiers)
        part = Touched(_all(merging, people), named)
    else:
        came, went = _differences(changed)
        ends = _tokens(changed, came, went)
        found = _named(identifiers.join(few(ends), on="id_token", how="left_semi")).localCheckpoint()
        part = touched(named, merging, came, went, found.select("token", "vertex"))
        others = part.before.join(found, on="token", how="left_anti").select(*found.columns)
        people = found.unionByName(others).localCheckpoint()
    solved = _solved(part.edges, people, rules)
    before = part.before.select("token", F.struct("first_seen_at", *LABELS).alias("before"))
    now = F.struct("first_seen_at", *LABELS)
    return (
        people.join(solved, on="vertex", how="inner")
        .join(before, on="token", how="left")
        .where(~now.eqNullSafe(F.col("before")))
        .select(
            F.col("token").alias("id_token"), "id_type", "first_seen_at", F.col("vertex").alias("vertex_key"), *LABELS
        )
    )


def _is_weak() -> Column:
    return (F.col("edge_type") == "weak").alias("is_weak")


def _named(identifiers: DataFrame) -> DataFrame:
    return identifiers.select(
        F.col("id_token").alias("token"), F.col("vertex_key").alias("vertex"), "id_type", "first_seen_at"
    )


def _all(merging: DataFrame, found: DataFrame) -> DataFrame:
    """The whole graph ``(src, dst, is_weak)``, each vertex in it at least as a self-loop; a lost key gives a null end."""
    src = found.select(F.col("token").alias("src_token"), F.col("vertex").alias("src"))
    dst = found.select(F.col("token").alias("dst_token"), F.col("vertex").alias("dst"))
    keyed = merging.join(src, on="src_token", how="left").join(dst, on="dst_token", how="left")
    loops = found.select(F.col("vertex").alias("src"), F.col("vertex").alias("dst"), F.lit(False).alias("is_weak"))
    return keyed.select("src", "dst", "is_weak").unionByName(loops)


def _differences(changed: DataFrame) -> tuple[DataFrame, DataFrame]:
    """``(src_token, dst_token, is_weak)`` of the merging edges that came, and of those that went, by the images of each row."""
    values = F.split("key", SEPARATOR)
    images = changed.where(F.col("kind") == IMAGE[0]).select(*[values[i].alias(name) for i, name in enumerate(IMAGE)])
    is_after = F.col("_change_type").isin("insert", "update_postimage")
    order = F.struct(F.col("_commit_version").cast("long"), is_after)
    state = F.struct(is_after.alias("is_after"), (F.col("is_merging") == "true").alias("merges"), _is_weak())
    rows = images.groupBy("src_token", "dst_token", "rule_id").agg(
        F.min_by(state, order).alias("first"), F.max_by(state, order).alias("last")
    )
    was = F.when(~F.col("first.is_after") & F.col("first.merges"), F.col("first.is_weak"))
    now = F.when(F.col("last.is_after") & F.col("last.merges"), F.col("last.is_weak"))
    differing = rows.select("src_token", "dst_token", was.alias("was"), now.alias("now")).where(
        ~F.col("was").eqNullSafe(F.col("now"))
    )
    differing = differing.localCheckpoint()
    ends = ("src_token", "dst_token")
    came = differing.where(F.col("now").isNotNull()).select(*ends, F.col("now").alias("is_weak")).distinct()
    went = differing.where(F.col("was").isNotNull()).select(*ends, F.col("was").alias("is_weak")).distinct()
    return came, went


def _tokens(changed: DataFrame, came: DataFrame, went: DataFrame) -> DataFrame:
    """``(id_token)`` of the ends of changed edges, and of new identifiers."""
    ends = came.unionByName(went).select(F.explode(F.array("src_token", "dst_token")).alias("id_token"))
    values = F.split("key", SEPARATOR)
    fresh = changed.where((F.col("kind") == NEW[0]) & (values[1] == "insert")).select(values[0].alias("id_token"))
    return ends.unionByName(fresh).distinct()


def _solved(graph: DataFrame, people: DataFrame, rules: IdentityRules) -> DataFrame:
    """Proven ``(vertex, point, reach, component)`` of the graph; weak edges never join two known people."""
    graph = graph.persist()
    top = people.agg(F.count("*")).collect()[0][0]
    engine = choose(graph.sparkSession, rules.engine, n_vertices=int(top))
    known = people.where(attribute(rules, "is_known", F.col("id_type")))
    layers = layered(graph, known.select("vertex"), engine)
    components = layers.components.localCheckpoint()
    check = prove_here if isinstance(engine, Forest) else prove
    require(check(components.select("vertex", "component"), layers.followed))
    layers.release()
    engine.release()
    graph.unpersist()
    return components
