"""The job of silver.object_feature."""

from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.extractors.configuration import load_extractors
from lakehouse.extractors.extracting import extracted
from lakehouse.job import Group, New, Resource, job
from lakehouse.load import Merge
from lakehouse.settings import Settings
from lakehouse.tables import silver


@job(
    writes=silver.OBJECT_FEATURE,
    reads={"feedback": New(silver.FEEDBACK), "settings": Resource.SETTINGS},
    load=Merge(),
    group=Group.SILVER,
)
def object_feature(feedback: DataFrame, settings: Settings) -> DataFrame:
    """Read language, sentiment, topics and keywords out of what is new or changed of what people said."""
    said = feedback.select("source", F.col("feedback_id").alias("object_id"), "text")
    found = extracted(said, load_extractors(Path(settings.conf) / "extractors.yml"))
    return found.select(*silver.OBJECT_FEATURE.column_names, F.col("value").isNull().alias("_deleted"))
