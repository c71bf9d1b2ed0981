"""How a sale finds its place: its store, else its channel as a place of its own."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def place_id(store_id: Column, channel: Column) -> Column:
    """The key of gold.dim_place."""
    return F.coalesce(store_id, F.concat(F.lit("channel:"), channel))
