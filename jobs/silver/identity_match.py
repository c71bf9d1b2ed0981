"""The job of silver.identity_match."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.matched import matches
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import person, silver


@job(
    writes=person.IDENTITY_MATCH,
    reads={
        "changed": Changed(((silver.CUSTOMER_RECORD, "customer_token"),)),
        "records": silver.CUSTOMER_RECORD,
        "identifiers": silver.IDENTIFIER,
        "known": person.IDENTITY_MATCH,
    },
    load=Merge(),
    group=Group.IDENTITY,
    cadence="weekly",
)
def identity_match(changed: DataFrame, *, records: DataFrame, identifiers: DataFrame, known: DataFrame) -> DataFrame:
    """Match people's records that share no identifier: name, birth date, gender, city and contacts by a model of their own."""
    assert changed is not None  # what changed only wakes it: a model is of all records
    joined = F.coalesce("joined_at", "updated_at")
    found = matches(records.withColumn("_since", joined), identifiers, "_since").localCheckpoint()
    key = list(person.IDENTITY_MATCH.key)
    gone = known.join(found.select(*key), on=key, how="left_anti").withColumn("_deleted", F.lit(True))
    return found.withColumn("_deleted", F.lit(False)).unionByName(gone).select(*known.columns, "_deleted")
