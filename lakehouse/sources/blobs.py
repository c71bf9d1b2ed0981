"""Bytes of a delivered file, on a local disk or on an object store: its ends, a range of them, or all of them in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lakehouse.sources.objects import object_chunks, object_range, peek_object

HEAD = 65536
PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Peek:
    """The first bytes of a file, its last bytes (four at least), and its size."""

    path: str
    head: bytes
    tail: bytes
    size: int


def peek(path: str) -> Peek:
    """Look at a file's ends, :data:`HEAD` bytes of each; the path is as it is, not URL-encoded."""
    local = _local(path)
    if local is None:
        return Peek(path, *peek_object(path, HEAD, HEAD))
    size = local.stat().st_size
    with local.open("rb") as stream:
        head = stream.read(HEAD)
        stream.seek(max(0, size - HEAD))
        return Peek(path, head, stream.read(HEAD), size)


def read_range(path: str, start: int, size: int) -> bytes:
    """``size`` bytes of a file from ``start``."""
    local = _local(path)
    if local is None:
        return object_range(path, start, size)
    with local.open("rb") as stream:
        stream.seek(start)
        return stream.read(size)


def pieces(path: str) -> Iterator[bytes]:
    """All bytes of a file, a megabyte at a time."""
    local = _local(path)
    if local is None:
        yield from object_chunks(path, PIECE)
        return
    with local.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def _local(path: str) -> Path | None:
    if not path.startswith("file:") and "://" in path:
        return None
    return Path(path.removeprefix("file:").removeprefix("//"))
