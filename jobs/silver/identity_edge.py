"""The job of silver.identity_edge."""

from pathlib import Path

from pyspark.sql import DataFrame

from identity.edges import edges
from identity.fences import judge
from identity.identifiers import load_rules
from lakehouse.job import Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import silver


@job(
    writes=silver.IDENTITY_EDGE,
    reads={"observations": silver.IDENTIFIER_OBSERVATION, "settings": Resource.SETTINGS},
    load=Merge(),
    group=Group.IDENTITY,
)
def identity_edge(observations: DataFrame, *, settings: Settings) -> DataFrame:
    """Turn identifiers of one record into edges of evidence; values that too many share are fenced, with the reason."""
    rules = load_rules(Path(settings.conf) / "identity.yml")
    judged = judge(edges(observations, rules), rules)
    return judged.withColumnRenamed("reason", "fence_reason").select(*silver.IDENTITY_EDGE.column_names)
