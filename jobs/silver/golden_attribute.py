"""The job of silver.golden_attribute."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.golden import golden
from jobs.people import owned, touched_people
from lakehouse.frames import few
from lakehouse.job import Changed, Group, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import person, silver


@job(
    writes=person.GOLDEN_ATTRIBUTE,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, "one_id"), (silver.CUSTOMER_RECORD, "customer_token"))),
        "identity_map": silver.IDENTITY_MAP,
        "records": silver.CUSTOMER_RECORD,
        "known": person.GOLDEN_ATTRIBUTE,
        "settings": Resource.SETTINGS,
    },
    load=Merge(),
    group=Group.IDENTITY,
    cadence="weekly",
)
def golden_attribute(
    changed: DataFrame, *, identity_map: DataFrame, records: DataFrame, known: DataFrame, settings: Settings
) -> DataFrame:
    """Rank what the sources say of each person that changed, by the survivorship rules; the values that lose are kept."""
    people = few(touched_people(changed, identity_map))
    every = golden(owned(records, identity_map, people), settings)
    now = every.select(*person.GOLDEN_ATTRIBUTE.column_names).localCheckpoint()
    key = list(person.GOLDEN_ATTRIBUTE.key)
    gone = known.join(people, on="one_id", how="left_semi").join(now.select(*key), on=key, how="left_anti")
    return now.withColumn("_deleted", F.lit(False)).unionByName(gone.withColumn("_deleted", F.lit(True)))
