"""The job of silver.feedback."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.FEEDBACK,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def feedback(rows: DataFrame) -> DataFrame:
    """Keep what each person said once, in its latest version."""
    return rows
