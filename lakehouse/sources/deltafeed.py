"""Rows of another Delta table: what is inserted, or its change data feed, in which a deletion is a record too."""

from collections.abc import Iterator

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import session
from lakehouse.sources.feeds import DeltaTable
from lakehouse.sources.records import records
from lakehouse.sources.references import all_resolved, resolved

PLACE = ("_from", "_written")
FOLLOWED = ("allowSourceColumnDrop", "allowSourceColumnRename", "allowSourceColumnTypeChange")
SCHEMAS = "schemas"


def streams(spark: SparkSession, feed: DeltaTable, checkpoint: str, max_files: int) -> Iterator[DataFrame]:
    """The stream of the table's rows; another one, from where it ended, for as long as it ends at a change of columns.

    Delta stops a stream at such a change, after it has noted the new columns in the schema log of the checkpoint.
    """
    known, noted = -1, _noted(spark, f"{checkpoint}/{SCHEMAS}")
    while known != noted:
        known = noted
        yield _stream(spark, feed, checkpoint, max_files)
        noted = _noted(spark, f"{checkpoint}/{SCHEMAS}")


def _noted(spark: SparkSession, folder: str) -> int:
    """How many entries the schema log has."""
    return sum(len(session.names(spark, f"{folder}/{name}")) for name in session.names(spark, folder))


def _stream(spark: SparkSession, feed: DeltaTable, checkpoint: str, max_files: int) -> DataFrame:
    ways = {"readChangeFeed": "true"} if feed.changes else {"skipChangeCommits": "true"}
    options = ways | {"maxFilesPerTrigger": str(max_files), "schemaTrackingLocation": f"{checkpoint}/{SCHEMAS}"}
    options |= dict.fromkeys(FOLLOWED, "always")
    if feed.starting_version is not None:
        options["startingVersion"] = str(feed.starting_version)
    options |= all_resolved(feed.options, "from.delta.options")
    path = resolved(feed.path, "from.delta.path")
    rows = spark.readStream.format("delta").options(**options).load(path)
    if feed.changes:
        file = F.format_string("%s@v%d", F.lit(feed.place), F.col("_commit_version"))
        written = F.col("_commit_timestamp")
    else:
        file = F.coalesce(F.nullif(F.input_file_name(), F.lit("")), F.lit(feed.place))
        written = F.current_timestamp()  # of the batch, as its checkpoint has noted it: the same when it comes again
    return rows.select("*", file.alias("_from"), F.unix_micros(written).alias("_written"))


def read(batch: DataFrame) -> DataFrame | None:
    """Rows as records with every column of the table; of changes also ``_change_type`` and version and time of the commit.

    None for a batch without rows, as there are at a change of columns.
    """
    if batch.isEmpty():
        return None
    columns = [F.col(f"`{name}`") for name in batch.columns if name not in PLACE]
    number = (F.monotonically_increasing_id() + 1).alias("_row")
    placed = batch.select("*", number, F.col("_written").alias("_sequence"))
    return records(placed, F.to_variant_object(F.struct(*columns)), F.col("_from"))
