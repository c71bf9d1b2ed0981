"""The job of silver.golden_attribute."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.survivorship import Survivorship, load_survivorship, ranked
from jobs.people import owned, touched_people
from lakehouse.errors import SettingsError
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
)
def golden_attribute(
    changed: DataFrame, *, identity_map: DataFrame, records: DataFrame, known: DataFrame, settings: Settings
) -> DataFrame:
    """Rank what the sources say of each person that changed, by the survivorship rules; the values that lose are kept."""
    path = Path(settings.conf) / "survivorship.yml"
    rules = _held(load_survivorship(path), path)
    people = few(touched_people(changed, identity_map))
    own = owned(records, identity_map, people)
    now = ranked(_claims(own, rules), rules).select(*person.GOLDEN_ATTRIBUTE.column_names).localCheckpoint()
    key = list(person.GOLDEN_ATTRIBUTE.key)
    gone = known.join(people, on="one_id", how="left_semi").join(now.select(*key), on=key, how="left_anti")
    return now.withColumn("_deleted", F.lit(False)).unionByName(gone.withColumn("_deleted", F.lit(True)))


def _held(rules: Survivorship, path: Path) -> Survivorship:
    """The rules, whose columns are those of the records; :class:`SettingsError` where one is not."""
    for attribute in rules.attributes:
        for column in filter(None, (attribute.value_column, attribute.status)):
            if column not in silver.CUSTOMER_RECORD.column_names:
                raise SettingsError(
                    f"silver.customer_record has no column {column!r}", file=path, key=f"attributes[{attribute.name}]"
                )
    return rules


def _claims(records: DataFrame, rules: Survivorship) -> DataFrame:
    """One row for each record and attribute that it has a value of."""
    each = [
        F.struct(
            F.lit(attribute.name).alias("attribute"),
            F.col(attribute.value_column).cast("string").alias("value"),
            (F.col(attribute.status) if attribute.status else F.lit(None).cast("string")).alias("status"),
        )
        for attribute in rules.attributes
    ]
    changed_at = F.coalesce("updated_at", "joined_at").alias("updated_at")
    return records.select("one_id", "source", "record_id", changed_at, "_file", "_row", F.inline(F.array(*each)))
