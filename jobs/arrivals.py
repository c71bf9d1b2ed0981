"""The ledger of files: which files of a batch are new, which repeat what has landed, and what became of each."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
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
    before = _landed(context, job, source, [a.digest for a in arrivals], run.batch_id)
    latest = max((row["latest"] for row in before.values()), default=0)
    latest = max(latest, *(a.modified for a in arrivals)) if arrivals else latest
    fresh: dict[str, Arrival] = {}
    resent = []
    for arrival in arrivals:
        known = before.get(arrival.digest)
        twin = fresh.get(arrival.digest)
        first = known["modified"] if known else twin.modified if twin else None
        first = None if is_replay(arrival.path) else first
        if first is None or not arrival.size or _may_return(source, first, arrival.modified, latest):
            fresh[arrival.digest if first is None else arrival.path] = arrival
        else:
            resent.append(Resent(arrival, known["file"] if known else twin.path if twin else "", _rows(known)))
    return Sorted(tuple(fresh.values()), tuple(resent))


def is_replay(path: str) -> bool:
    """Whether a file was written by a replay of quarantine: its content may well be that of an earlier try."""
    return path.rpartition("/")[2].startswith(REPLAY)


def _rows(known: Row | None) -> int:
    return int(known["rows"] or 0) if known else -1


def _may_return(source: Source, first: int, again: int, latest: int) -> bool:
    """Whether content that comes again may say something new: a return to an earlier state."""
    if source.resent == "skip" or source.is_versioned:
        return False
    return again > first and latest > first


def _landed(context: Context, job: Job, source: Source, digests: Iterable[str], batch_id: int) -> dict[str, Row]:
    """What has landed of these contents before this batch, by digest: ``file, rows, modified, latest``."""
    version = context.version(job)
    known = [row for row in context.log.files if row["source"] == source.name and row["version"] == version]
    found = [_entry(r) for r in known if r["outcome"] == "landed" and r["rows"] and r["batch_id"] != batch_id]
    shelf = Shelf(context.settings.lake_path, [feeds.LANDED_FILE])
    where = f"source = '{source.name}' AND version = '{version}' AND outcome = 'landed' AND batch_id <> {batch_id}"
    where += ' AND "rows" > 0'
    listed = ", ".join(f"'{digest}'" for digest in sorted(set(digests))) or "''"
    stored = shelf.select(
        feeds.LANDED_FILE.name, ("file", "digest", '"rows"', "modified_at"), where=f"{where} AND digest IN ({listed})"
    )
    found = [_entry(row) for row in stored] + found
    if not found:
        return {}
    newest = shelf.select(feeds.LANDED_FILE.name, ("MAX(modified_at) AS modified_at",), where=where)
    times = [_micros(row["modified_at"]) for row in newest if row["modified_at"]] + [row["modified"] for row in found]
    return {row["digest"]: row | {"latest": max(times)} for row in found}


def _entry(row: Row) -> Row:
    return {k: row[k] for k in ("file", "digest", "rows")} | {"modified": _micros(row["modified_at"])}


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
    counted = rows_by_file(context, source, run)
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
