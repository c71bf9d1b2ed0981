"""The job of silver.identity_edge."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.edges import KEY, RECORD, edges, edges_of
from identity.fences import EDGE, judge
from identity.hygiene import placeholders
from identity.identifiers import load_rules
from identity.matched import RULE, as_edges
from identity.refenced import rejudge
from lakehouse.frames import few, is_small
from lakehouse.job import SEPARATOR, AsOf, Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import person, silver


@job(
    writes=silver.IDENTITY_EDGE,
    reads={
        "changed": Changed(((silver.IDENTIFIER_OBSERVATION, RECORD), (person.IDENTITY_MATCH, KEY))),
        "matched": person.IDENTITY_MATCH,
        "observations": silver.IDENTIFIER_OBSERVATION,
        "identifiers": silver.IDENTIFIER,
        "known": silver.IDENTITY_EDGE,
        "as_of": AsOf.DAY,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_edge(
    changed: DataFrame,
    *,
    matched: DataFrame,
    observations: DataFrame,
    identifiers: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Turn identifiers of one record into edges of evidence; values that too many share are fenced, with the reason."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    empty = placeholders(identifiers, rules).localCheckpoint()
    alike = as_edges(matched)
    if is_small(known) or known.isEmpty():
        judged = judge(edges(observations, rules).unionByName(alike), rules, as_of, empty)
        found = judged.select(*silver.IDENTITY_EDGE.column_names, F.lit(False).alias("_deleted")).localCheckpoint()
        stood = known.where(F.col("rule_id").startswith(f"{RULE}/"))
        gone = stood.join(matched.select(*KEY), on=list(KEY), how="left_anti").withColumn("_deleted", F.lit(True))
        return found.unionByName(gone.select(*found.columns))
    fresh = edges_of(observations, _changed(changed, RECORD), rules)
    keys = few(_changed(changed, KEY))
    fresh = fresh.unionByName(alike.join(keys, on=list(KEY), how="left_semi"))
    gone = _gone(known, keys, matched)
    judged = rejudge(fresh.unionByName(gone).localCheckpoint(), known, rules, as_of, empty)
    is_gone = gone.select(*KEY, F.lit(True).alias("_gone"))
    marked = judged.join(few(is_gone), on=list(KEY), how="left")
    return marked.select(*silver.IDENTITY_EDGE.column_names, F.col("_gone").isNotNull().alias("_deleted"))


def _changed(changed: DataFrame, names: tuple[str, ...]) -> DataFrame:
    """The changed keys of the table whose columns these are."""
    values = F.split("key", SEPARATOR)
    rows = changed.where(F.col("kind") == names[0])
    return rows.select(*[values[i].alias(name) for i, name in enumerate(names)]).distinct()


def _gone(known: DataFrame, keys: DataFrame, matched: DataFrame) -> DataFrame:
    """The edges of matches that no longer stand, as edges that join nothing."""
    stood = known.where(F.col("rule_id").startswith(f"{RULE}/")).join(keys, on=list(KEY), how="left_semi")
    gone = stood.join(matched.select(*KEY), on=list(KEY), how="left_anti")
    return gone.withColumn("is_merging", F.lit(False)).select(*EDGE).localCheckpoint()
