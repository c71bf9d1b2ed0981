"""The job of silver.identifier_observation."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Mapped, job
from lakehouse.load import FIRST, Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTIFIER_OBSERVATION,
    reads={"rows": Mapped()},
    load=Merge(least=("first_seen_at", "_first_row"), greatest=("last_seen_at",), first=("seen_days",)),
    group=Group.SILVER,
    version=2,  # of 2: the row that showed it first
)
def identifier_observation(rows: DataFrame) -> DataFrame:
    """Fold sightings of identifiers into one row for each record and identifier, with first and last time and first days."""
    return rows.groupBy(*silver.IDENTIFIER_OBSERVATION.key).agg(
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.slice(F.array_sort(F.array_distinct(F.flatten(F.collect_set("seen_days")))), 1, FIRST).alias("seen_days"),
        F.min("_first_row").alias("_first_row"),
        F.min("_file").alias("_file"),
        F.min("_row").alias("_row"),
    )
