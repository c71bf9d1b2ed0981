"""Which files a batch of a file stream holds, empty ones included, as Spark's own log of the stream has written it down.

A batch handed to Python does not tell its files, and reading them to find out would cost a pass and miss empty ones. The
checkpoint holds both halves: ``offsets/<batch>`` says up to which entry of ``sources/0`` the batch goes, and each entry
lists its files. The format is Spark's (``FileStreamSourceLog``, v1, unchanged since 2.1); a test guards it.
"""

import json
from urllib.parse import unquote

from lakehouse.errors import SourceError
from lakehouse.textfiles import Lines


def batch_files(lines: Lines, checkpoint: str, batch_id: int) -> list[str]:
    """Paths (not URL-encoded) of the files of a batch, sorted. Raises :class:`SourceError` when the log is not there."""
    last = _offset(lines, checkpoint, batch_id)
    if last is None:
        raise SourceError("the stream's offset log has no such batch", file=checkpoint, row=batch_id)
    first = _offset(lines, checkpoint, batch_id - 1) if batch_id else None
    entries = range(0 if first is None else first + 1, last + 1)
    return sorted(path for entry in entries for path in _entry(lines, checkpoint, entry))


def _offset(lines: Lines, checkpoint: str, batch_id: int) -> int | None:
    found = lines(f"{checkpoint}/offsets/{batch_id}")
    return int(json.loads(found[-1])["logOffset"]) if found else None


def _entry(lines: Lines, checkpoint: str, number: int) -> list[str]:
    found = lines(f"{checkpoint}/sources/0/{number}") or lines(f"{checkpoint}/sources/0/{number}.compact")
    if not found:
        raise SourceError("the stream's file log has lost an entry", file=checkpoint, row=number)
    files = [json.loads(line) for line in found[1:] if line]
    return [unquote(file["path"]) for file in files if file["batchId"] == number]
