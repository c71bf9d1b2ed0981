"""Rows of another Delta table: what is inserted, or its change data feed, in which a deletion is a record too."""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.feeds import DeltaTable
from lakehouse.sources.records import records
from lakehouse.sources.references import all_resolved, resolved

PLACE = ("_from", "_position", "_written")


def stream(spark: SparkSession, feed: DeltaTable, checkpoint: str, max_files: int) -> DataFrame:
    """The stream of the table's rows and their places; the schema log in the checkpoint keeps track of its columns."""
    ways = {"readChangeFeed": "true"} if feed.changes else {"skipChangeCommits": "true"}
    options = ways | {"maxFilesPerTrigger": str(max_files), "schemaTrackingLocation": f"{checkpoint}/schemas"}
    if feed.starting_version is not None:
        options["startingVersion"] = str(feed.starting_version)
    options |= all_resolved(feed.options, "from.delta.options")
    rows = spark.readStream.format("delta").options(**options).load(resolved(feed.path, "from.delta.path"))
    if feed.changes:
        place = (
            F.format_string("%s@v%d", F.lit(feed.place), F.col("_commit_version")),
            F.monotonically_increasing_id() + 1,
            F.unix_micros("_commit_timestamp"),
        )
    else:
        place = (
            F.col("_metadata.file_path"),
            F.col("_metadata.row_index") + 1,
            F.unix_micros("_metadata.file_modification_time"),
        )
    return rows.select("*", *[value.alias(name) for name, value in zip(PLACE, place, strict=True)])


def read(batch: DataFrame) -> DataFrame:
    """Rows as records with every column of the table; of changes also ``_change_type`` and version and time of the commit."""
    columns = [F.col(f"`{name}`") for name in batch.columns if name not in PLACE]
    placed = batch.withColumnsRenamed({"_position": "_row", "_written": "_sequence"})
    return records(placed, F.to_variant_object(F.struct(*columns)), F.col("_from"))
