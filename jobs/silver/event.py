"""The job of silver.event."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.EVENT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def event(rows: DataFrame) -> DataFrame:
    """Keep each event once, whatever was sent twice; those of machines, tests and own people are marked, never dropped."""
    return rows.withColumns({flag: F.coalesce(flag, F.lit(False)) for flag in ("is_bot", "is_test", "is_internal")})
