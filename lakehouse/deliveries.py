"""Deliveries that replace earlier ones as a whole: rows that the newest delivery of a day no longer has are deleted.

A row belongs to ``_delivery`` (a source's day); its ``_sequence`` is the delivery's time. Only rows of a day's newest delivery
stay, so that the outcome does not depend on the order in which deliveries are landed, nor on how they are cut into batches.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

DELIVERY, SEQUENCE, DELETED = "_delivery", "_sequence", "_deleted"


def newest_deliveries(rows: DataFrame) -> dict[str, int]:
    """The time of the newest delivery of each day that the rows are of: as many as there are days, not rows."""
    days = rows.where(F.col(DELIVERY).isNotNull()).groupBy(DELIVERY).agg(F.max(SEQUENCE))
    return {row[0]: row[1] for row in days.collect()}


def settled(batch: DataFrame, known: DataFrame, keys: tuple[str, ...], days: Mapping[str, int]) -> DataFrame:
    """The rows of ``batch`` that their deliveries leave standing, and rows of ``known`` (the table) to delete.

    ``days`` are the newest deliveries in the batch. The result has ``batch``'s columns and a boolean ``_deleted``.
    """
    there = known.where(F.col(DELIVERY).isin(*days)).select(*batch.columns)
    before = newest_deliveries(there)
    stale = _is_stale({day: max(sequence, before.get(day, sequence)) for day, sequence in days.items()})
    standing = batch.where(~stale)
    gone = there.where(stale).join(standing.select(*keys), on=list(keys), how="left_anti")
    return standing.withColumn(DELETED, F.lit(False)).unionByName(gone.withColumn(DELETED, F.lit(True)))


def _is_stale(newest: Mapping[str, int]) -> Column:
    literals = [F.lit(value) for day in sorted(newest.items()) for value in day]
    latest = F.create_map(*literals)[F.col(DELIVERY)]
    return F.coalesce(F.col(SEQUENCE) < latest, F.lit(False))
