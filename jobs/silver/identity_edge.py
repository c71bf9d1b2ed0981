"""The job of silver.identity_edge."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.edges import RECORD, edges, edges_of
from identity.fences import judge
from identity.hygiene import placeholders
from identity.identifiers import load_rules
from identity.refenced import rejudge
from lakehouse.job import SEPARATOR, AsOf, Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_EDGE,
    reads={
        "changed": Changed(((silver.IDENTIFIER_OBSERVATION, RECORD),)),
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
    observations: DataFrame,
    identifiers: DataFrame,
    known: DataFrame,
    as_of: date,
    settings: Settings,
) -> DataFrame:
    """Turn identifiers of one record into edges of evidence; values that too many share are fenced, with the reason."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    empty = placeholders(identifiers, rules).localCheckpoint()
    if known.isEmpty():
        judged = judge(edges(observations, rules), rules, as_of, empty)
    else:
        values = F.split("key", SEPARATOR)
        records = changed.select(*[values[i].alias(name) for i, name in enumerate(RECORD)]).distinct()
        fresh = edges_of(observations, records, rules).localCheckpoint()
        judged = rejudge(fresh, known, rules, as_of, empty)
    return judged.select(*silver.IDENTITY_EDGE.column_names)
