"""The golden record as several jobs need it: what records claim of people, ranked by the rules of the lake's configuration."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.survivorship import Survivorship, load_survivorship, ranked
from lakehouse.errors import SettingsError
from lakehouse.settings import Settings
from lakehouse.tables import silver


def golden(records: DataFrame, settings: Settings) -> DataFrame:
    """Every value that ``records`` claim of their people, ranked: columns as :func:`identity.survivorship.ranked` gives them.

    ``records``: rows of ``silver.customer_record`` with ``one_id`` in place of the token. The rules are those of
    ``conf/survivorship.yml``; raises :class:`SettingsError` with file and key where they name a column that records have not.
    """
    path = Path(settings.conf) / "survivorship.yml"
    rules = load_survivorship(path)
    _hold(rules, path)
    return ranked(_claims(records, rules), rules)


def _hold(rules: Survivorship, path: Path) -> None:
    for attribute in rules.attributes:
        for column in filter(None, (attribute.value_column, attribute.status)):
            if column not in silver.CUSTOMER_RECORD.column_names:
                raise SettingsError(
                    f"silver.customer_record has no column {column!r}", file=path, key=f"attributes[{attribute.name}]"
                )


def _claims(records: DataFrame, rules: Survivorship) -> DataFrame:
    """One row for each record and attribute of the rules."""
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
