"""The ledger of files: which files of a batch are new, which repeat what has landed, and what became of each."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.context import Context
from jobs.reporting.store import Row, Shelf
from lakehouse.deltalog import added_files
from lakehouse.job import Job
from lakehouse.runlog import JobRun
from lakehouse.sources.objects import s3_client
from lakehouse.sources.spec import Source
from lakehouse.tables import feeds
from lakehouse.textfiles import reader

REPLAY = "replay-"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivered file: its path as the stream names it, bytes, digest of its content, its own time in microseconds."""

    path: str
    size: int
    digest: str
    modified: int


@dataclass(frozen=True, slots=True)
class Past:
    """Content that has landed: by which file, with how many records (-1: in this very batch), of which time."""

    file: str
    digest: str
    rows: int
    modified: int


@dataclass(frozen=True, slots=True)
class Resent:
    """A file whose content had landed, the file that it repeats, and how many records that one has."""

    arrival: Arrival
    same_as: str
    rows: int


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch's files: those to land, and those that only repeat."""

    fresh: tuple[Arrival, ...]
    resent: tuple[Resent, ...]


def arrive(path: str) -> Arrival:
    """Look at a delivered file: of a local one the SHA-256 of its bytes, of an object its ETag."""
    if not path.startswith("file:") and "://" in path:
        bucket, _, key = path.partition("://")[2].partition("/")
        head: Mapping[str, object] = dict(s3_client().head_object(Bucket=bucket, Key=key))
        at = head["LastModified"]
        modified = int(at.timestamp() * 1_000_000) if isinstance(at, datetime) else 0
        return Arrival(path, int(str(head["ContentLength"])), f"etag:{str(head['ETag']).strip(chr(34))}", modified)
    local = Path(plain(path))
    found = local.stat()
    with local.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Arrival(path, found.st_size, f"sha256:{digest}", found.st_mtime_ns // 1000)


def plain(path: str) -> str:
    """A local path without its scheme; that of an object as it is."""
    if path.startswith("file:"):
        return "/" + path.removeprefix("file:").lstrip("/")
    return path


def sort_out(context: Context, job: Job, source: Source, paths: Sequence[str], run: JobRun) -> Sorted:
    """Part a batch's files into new ones and repetitions of content that has landed in this or an earlier batch.

    Where a record's version is told by its file's time alone, a repetition that is newer than what came in between may
    be a return to an earlier state, and lands (``resent: auto``). ``resent: land`` takes every file as new.
    """
    with ThreadPoolExecutor(max_workers=8) as pool:
        arrivals = sorted(pool.map(arrive, paths), key=lambda a: (a.modified, a.path))
    if source.resent == "land":
        return Sorted(tuple(arrivals), ())
    before, other = _landed(context, job, source, [a.digest for a in arrivals], run.batch_id)
    return parted(source, arrivals, before, other)


@lru_cache(maxsize=2)
def ledger(root: str, run_id: str) -> Shelf:  # noqa: ARG001 -- a run's own view, opened once
    """The ledger of files as it was when the run first looked: what the run adds is in its log until it ends."""
    return Shelf(root, [feeds.LANDED_FILE])


def parted(source: Source, arrivals: Sequence[Arrival], before: Iterable[Past], other: int) -> Sorted:
    """The rule of :func:`sort_out`; ``arrivals`` by time, ``before`` what landed of their contents, ``other`` the time of
    the newest file with another content.
    """
    seen: dict[str, Past] = {}
    for past in sorted(before, key=lambda past: past.modified):
        seen[past.digest] = past
    fresh, resent = [], []
    for arrival in arrivals:
        known = None if is_replay(arrival.path) or not arrival.size else seen.get(arrival.digest)
        between = max([other, *(p.modified for p in seen.values() if p.digest != arrival.digest)])
        if known is None or _may_return(source, known.modified, arrival.modified, between):
            fresh.append(arrival)
            seen[arrival.digest] = Past(arrival.path, arrival.digest, -1, arrival.modified)
        else:
            resent.append(Resent(arrival, known.file, known.rows))
    return Sorted(tuple(fresh), tuple(resent))


def is_replay(path: str) -> bool:
    """Whether a file was written by a replay of quarantine: its content may well be that of an earlier try."""
    return path.rpartition("/")[2].startswith(REPLAY)


def _may_return(source: Source, first: int, again: int, between: int) -> bool:
    """Whether content that comes again may say something new: a return to an earlier state."""
    return source.resent != "skip" and not source.is_versioned and first < between <= again


def _landed(
    context: Context, job: Job, source: Source, digests: Iterable[str], batch_id: int
) -> tuple[list[Past], int]:
    """What has landed of these contents before this batch, and when the newest file of other content was written."""
    version, contents = context.version(job), sorted(set(digests))
    logged = [row for row in context.log.files if row["source"] == source.name and row["version"] == version]
    known: list[Row] = [r for r in logged if r["outcome"] == "landed" and r["rows"] and r["batch_id"] != batch_id]
    shelf = ledger(context.settings.lake_path, context.run_id)
    where = f"source = '{source.name}' AND version = '{version}' AND outcome = 'landed' AND batch_id <> {batch_id}"
    where += ' AND "rows" > 0 AND digest '
    listed = ", ".join(f"'{digest}'" for digest in contents) or "''"
    columns = ("file", "digest", '"rows"', "modified_at")
    known += shelf.select(feeds.LANDED_FILE.name, columns, where=f"{where} IN ({listed})")
    newest = shelf.select(
        feeds.LANDED_FILE.name, ("MAX(modified_at) AS modified_at",), where=f"{where} NOT IN ({listed})"
    )
    times = [_micros(row["modified_at"]) for row in newest if row["modified_at"]]
    past = [Past(r["file"], r["digest"], int(r["rows"]), _micros(r["modified_at"])) for r in known]
    times += [p.modified for p in past if p.digest not in contents]
    return [p for p in past if p.digest in contents], max(times, default=0)


def _micros(at: datetime) -> int:
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def rows_by_file(context: Context, source: Source, run: JobRun) -> Counter[str]:
    """Records of the batch in bronze by local path or object: counted in the data files that the commit added."""
    path = context.lake.path(source.table)
    if run.version_out is None:
        return Counter()
    if "://" in path or run.version_out < 0:
        batch = context.lake.read(source.table).where(f"_batch_id = {run.batch_id}")
        found = batch.groupBy("_file").count().toArrow()
        return Counter({_named(row["_file"]): row["count"] for row in found.to_pylist()})
    total: Counter[str] = Counter()
    for file in added_files(reader(context.spark), path, run.version_out):
        column = pq.read_table(file, columns=["_file"], read_dictionary=["_file"]).column("_file")
        for pair in pa.chunked_array(column).value_counts():
            total[_named(str(pair["values"]))] += pc.cast(pair["counts"], pa.int64()).as_py()
    return total


def _named(path: str) -> str:
    return plain(unquote(path))


def entries(
    context: Context, job: Job, source: Source, found: Sorted, refused: Iterable[str], run: JobRun
) -> list[dict[str, object]]:
    """Rows of ``ops.landed_file`` for a batch that has landed."""
    outcomes = dict.fromkeys(refused, "refused")
    counted = rows_by_file(context, source, run) if found.fresh or found.resent else Counter[str]()
    rows = [_line(run, source, a, outcomes.get(a.path, "landed"), counted[plain(a.path)], None) for a in found.fresh]
    rows += [_line(run, source, r.arrival, "resent", repeated(r, counted), r.same_as) for r in found.resent]
    return [row | {"version": context.version(job)} for row in rows]


def repeated(resent: Resent, counted: Counter[str]) -> int:
    """Records that a file repeats: of one of the same batch they are known only when that one has landed."""
    return resent.rows if resent.rows >= 0 else counted[plain(resent.same_as)]


def _line(run: JobRun, source: Source, a: Arrival, outcome: str, rows: int, same_as: str | None) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "source": source.name,
        "file": a.path,
        "size": a.size,
        "digest": a.digest,
        "rows": rows,
        "outcome": outcome,
        "same_as": same_as,
        "modified_at": datetime.fromtimestamp(a.modified / 1_000_000, UTC),
        "batch_id": run.batch_id,
        "landed_at": run.started_at,
    }
