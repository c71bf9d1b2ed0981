"""Engine `forest`: edges stream as Arrow batches into a union-find on one executor; only vertices stay."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.components import unionfind
from lakehouse.errors import KithError

BYTES_PER_VERTEX = 50
"""What a vertex takes on the executor: 16 to 32 bytes in the table, half as much again while it grows."""
ENDS = ("src", "dst")


class Forest:
    """Components of ``(src, dst)`` on one executor; the rest of the plan stays distributed.

    Output ``(vertex, component)`` in one partition, order unspecified. A null end fails the query with
    "an edge has a null end": a null is a lost key, and passing over it would split a person silently.
    """

    name = "forest"

    def __call__(self, edges: DataFrame) -> DataFrame:
        """The component of each vertex of ``edges``."""
        ends = edges.select(*(F.col(end).cast("long").alias(end) for end in ENDS))
        return ends.coalesce(1).mapInArrow(solve, "vertex long, component long")

    def release(self) -> None:
        """Nothing: the forest keeps nothing."""


def solve(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The forest itself, on Arrow: batches ``(src, dst)`` in, batches ``(vertex, component)`` out."""
    pairs = ((_longs(batch, 0), _longs(batch, 1)) for batch in batches)
    for vertices, labels in unionfind.components(pairs):
        yield pa.RecordBatch.from_arrays([pa.array(vertices), pa.array(labels)], names=["vertex", "component"])


def _longs(batch: pa.RecordBatch, column: int) -> NDArray[np.int64]:
    values = batch.column(column)
    if values.null_count:
        raise KithError("an edge has a null end", key=ENDS[column], rule="components refuse nulls")
    longs: NDArray[np.int64] = values.to_numpy(zero_copy_only=True)
    return longs
