"""The job of silver.object."""

from pyspark.sql import DataFrame

from lakehouse.job import Group, Mapped, job
from lakehouse.load import Merge
from lakehouse.tables import silver


@job(
    writes=silver.OBJECT,
    reads={"rows": Mapped()},
    load=Merge(newest=("_sequence", "_row_hash")),
    group=Group.SILVER,
)
def object(rows: DataFrame) -> DataFrame:  # noqa: A001  # one name everywhere
    """Keep each delivered image, recording or document once, by the hash of its bytes."""
    return rows
