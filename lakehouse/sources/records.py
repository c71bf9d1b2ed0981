"""The shape in which every feed hands its records to the landing, whatever they came from."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.sources.files import BAD, WHY

AGAIN = "_again"
"""Whether a record was landed before: it is counted as a duplicate and left out."""


def records(
    rows: DataFrame,
    payload: Column,
    file: Column,
    *,
    bad: Column | None = None,
    why: str = "",
    again: Column | None = None,
) -> DataFrame:
    """Rows, which have ``_row`` and ``_sequence``, as ``payload, _bad, _why, _file, _row, _sequence, _again``."""
    return rows.select(
        payload.alias("payload"),
        (F.lit(None).cast("string") if bad is None else bad).alias(BAD),
        F.lit(why).alias(WHY),
        file.alias("_file"),
        "_row",
        "_sequence",
        (F.lit(False) if again is None else again).alias(AGAIN),
    )
