"""The job of silver.identifier."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components.keys import extend_keys
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.IDENTIFIER,
    reads={
        "changed": Changed(((silver.IDENTIFIER_OBSERVATION, "id_token"),)),
        "observations": silver.IDENTIFIER_OBSERVATION,
        "known": silver.IDENTIFIER,
    },
    load=Merge(),
    group=Group.IDENTITY,
    is_ledger=True,
)
def identifier(changed: DataFrame, *, observations: DataFrame, known: DataFrame) -> DataFrame:
    """Keep one row for each identifier, and give each new one the next vertex key: a bijection, never a hash."""
    touched = changed.select(F.col("key").alias("id_token")).distinct()
    seen = (
        observations.join(touched, on="id_token", how="left_semi")
        .groupBy("id_token")
        .agg(
            F.min("id_type").alias("id_type"),
            F.count_distinct("source").alias("n_sources"),
            F.count("*").alias("n_records"),
            F.min("first_seen_at").alias("first_seen_at"),
            F.max("last_seen_at").alias("last_seen_at"),
        )
    )
    keys = known.select(F.col("id_token").alias("token"), F.col("vertex_key").alias("key"))
    fresh = extend_keys(keys, touched.select(F.col("id_token").alias("token")))
    every = keys.unionByName(fresh).select(F.col("token").alias("id_token"), F.col("key").alias("vertex_key"))
    return seen.join(every, on="id_token", how="inner").select(*silver.IDENTIFIER.column_names)
