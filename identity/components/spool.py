"""Columns of numbers in a temporary file: what is gone through again and need not stay in memory."""

from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from identity.components.unionfind import CHUNK, Longs, Rows

PAIR = np.dtype([("src", np.int64), ("dst", np.int64)])


def append(file: IO[bytes], shape: "np.dtype[np.void]", **columns: Longs | Rows) -> None:
    """Append rows of ``shape``; ``columns`` are all of one length."""
    rows = np.empty(len(next(iter(columns.values()))), dtype=shape)
    for name, values in columns.items():
        rows[name] = values
    file.write(rows.data)


def chunks(file: IO[bytes], shape: "np.dtype[np.void]") -> Iterator[dict[str, Any]]:
    """The rows of a file from its beginning, in chunks of contiguous columns."""
    file.seek(0)
    while data := file.read(CHUNK * shape.itemsize):
        rows = np.frombuffer(data, dtype=shape)
        yield {name: np.ascontiguousarray(rows[name]) for name in shape.names or ()}
