"""Columns that many tables of silver share: where a row comes from, which version it is, and whose it is."""

from lakehouse.table import Column, DataClass, Pii

ID, T = DataClass.IDENTITY, DataClass.TECHNICAL

SOURCE = Column("source", "string", "source and object that delivered the row", required=True)
DELIVERY = Column(
    "_delivery", "string", "what a later delivery replaces as a whole: <source>:<day>; null: nothing does", data_class=T
)
TECHNICAL = (
    Column("_file", "string", "file of the latest version of the row", data_class=T),
    Column("_row", "bigint", "position in that file, from 1", data_class=T),
    Column("_sequence", "bigint", "order of versions: source time, else file time, in microseconds", data_class=T),
    Column("_row_hash", "bigint", "source file's version, hash of content: breaks ties", data_class=T),
)
CUSTOMER_TOKEN = Column(
    "customer_token", "string", "strongest identifier on the row, keyed hash", pii=Pii.TOKEN, data_class=ID
)
