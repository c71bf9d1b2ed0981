"""The contract that every bronze table has: the payload as delivered, and where each row came from."""

from lakehouse.table import Column, DataClass, Pii, Table

TECHNICAL = DataClass.TECHNICAL

COLUMNS = (
    Column("payload", "variant", "the record as delivered", required=True, pii=Pii.DIRECT),
    Column("_source", "string", "source and object, <source>__<object>", required=True, data_class=TECHNICAL),
    Column("_file", "string", "path of the file that held the record", required=True, data_class=TECHNICAL),
    Column("_row", "bigint", "position of the record in its file, from 1", required=True, data_class=TECHNICAL),
    Column(
        "_sequence",
        "bigint",
        "file time in microseconds: order of arrival",
        required=True,
        data_class=TECHNICAL,
    ),
    Column("_ingested_at", "timestamp", "when the record was landed (UTC)", required=True, data_class=TECHNICAL),
    Column("_batch_id", "bigint", "the landing stream's batch", required=True, data_class=TECHNICAL),
    Column(
        "_rescued_data",
        "string",
        "fields that the source file does not declare, or that do not cast, as JSON; null: none, or nothing is declared",
        pii=Pii.DIRECT,
        data_class=TECHNICAL,
    ),
)


def bronze_table(source: str, comment: str, owner: str = "platform", freshness_hours: int = 24) -> Table:
    """The bronze contract of a source ``<source>__<object>``."""
    return Table(f"bronze.{source}", comment, COLUMNS, owner=owner, freshness_hours=freshness_hours, change_feed=False)
