"""Files under gzip: the first bytes of what is in them, and whether they are whole."""

import zlib
from dataclasses import replace

from lakehouse.sources.blobs import HEAD, Peek, pieces
from lakehouse.sources.formats.family import Refused

GZIP = 16 + zlib.MAX_WBITS


def inflated(seen: Peek) -> Peek | Refused:
    """The look at a file's text: as it is, or at what a file called ``.gz`` holds.

    A file under gzip is read through once: what is cut off or damaged would stop Spark in the middle of a batch.
    """
    if not seen.path.endswith(".gz"):
        return seen
    if not seen.head.startswith(b"\x1f\x8b"):
        return Refused(seen.path, "not_gzip", "named .gz, but no gzip file")
    try:
        if not _is_whole(seen):
            return Refused(seen.path, "truncated_gzip", "the file ends before its compressed data do")
        head = zlib.decompressobj(GZIP).decompress(seen.head, HEAD)
    except zlib.error as error:
        return Refused(seen.path, "damaged_gzip", str(error))
    return replace(seen, head=head, size=len(head)) if head else Refused(seen.path, "empty_file", "nothing is in it")


def _is_whole(seen: Peek) -> bool:
    """Whether every member of the file is there to its end. Raises ``zlib.error`` on a wrong checksum."""
    stream = zlib.decompressobj(GZIP)
    for piece in [seen.head] if seen.size <= len(seen.head) else pieces(seen.path):
        stream.decompress(piece)
        while stream.eof and stream.unused_data:
            rest, stream = stream.unused_data, zlib.decompressobj(GZIP)
            stream.decompress(rest)
    return stream.eof
