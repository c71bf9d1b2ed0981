"""Replay of quarantine: refused files and records are delivered again, refused rows mapped again, each exactly once."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.arrivals import REPLAY, is_replay, plain
from jobs.catalogue import Graph, build_graph
from jobs.context import Context
from jobs.delivery import landing_folder, put
from jobs.land_command import fed_tables
from jobs.locks import held
from jobs.quarantined import MOST, Filter, Quarantine
from jobs.reporting.store import Row
from jobs.runner import take_again
from jobs.schedule import Outcome, run_graph
from lakehouse.errors import KithError
from lakehouse.job import Job
from lakehouse.land import land
from lakehouse.load import Append
from lakehouse.runlog import JobRun
from lakehouse.sources.mapping import mapped
from lakehouse.sources.spec import Source
from lakehouse.tables import feeds

Edited = Mapping[tuple[str, str, int | None], str | dict[str, object]]
BY_LINES = ("csv", "tsv", "jsonl")
NO_LINES = "records of this format are no lines: deliver a mended file, or give the record's fields by --edited"


@dataclass
class Replayed:
    """What a replay did: entries taken, files written, how the run ended, and entries that it refused once more."""

    taken: list[Row] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    refused: list[Row] = field(default_factory=list)


def replay(context: Context, which: Filter, edited: Edited | None = None) -> Replayed:
    """Take open entries of quarantine in again, after what was wrong has been mended.

    With ``edited`` only its records are taken, as they were edited. Entries are marked in ``ops.quarantine_replay`` when all
    is done; a replay that was cut off is taken up by the next: its files bear names made of their content, and its rows
    land under a transaction of their own. Raises :class:`KithError` naming an edited record that is not in quarantine.
    """
    began = datetime.now(UTC)
    entries = [e for e in Quarantine(context.settings.lake_path).entries(which) if e["source"] in context.sources]
    if len(entries) >= MOST:
        raise KithError(
            f"more than {MOST:,} entries: replay them in parts, by --source and --reason", rule="most_entries"
        )
    chosen = _edited(entries, edited) if edited is not None else entries
    done = Replayed(taken=chosen)
    if not chosen:
        return done
    landed = [e for e in chosen if edited is not None or e["stage"].startswith("bronze.")]
    done.files = [path for source, group in _by(landed, "source") for path in _deliver(context, source, group, edited)]
    graph = build_graph(context.sources, context.models)
    jobs = graph.select(_selection(context, chosen))
    done.outcome = run_graph(context, graph, jobs, lambda _job, _state: None)
    if done.outcome.failures:
        return done
    if edited is None:
        _map_again(context, graph, [e for e in chosen if not e["stage"].startswith("bronze.")], done.outcome)
    _mark(context, chosen, began, is_edited=edited is not None)
    sources = {e["source"] for e in chosen}
    fresh = Quarantine(context.settings.lake_path).entries(Filter())
    done.refused = [e for e in fresh if e["source"] in sources and e["quarantined_at"] > began]
    return done


def _edited(entries: Sequence[Row], edited: Edited) -> list[Row]:
    known = {(e["source"], e["file"], e["row"]): e for e in entries}
    for source, file, row in edited:
        if (source, file, row) not in known:
            raise KithError("this record is not, or no longer, in quarantine", source=source, file=file, row=row)
    return [known[key] for key in edited]


def _by(entries: Iterable[Row], name: str) -> Iterator[tuple[str, list[Row]]]:
    """Entries by a column of text."""

    def value(entry: Row) -> str:
        return str(entry[name])

    for found, group in groupby(sorted(entries, key=value), value):
        yield found, list(group)


def _selection(context: Context, entries: Sequence[Row]) -> list[str]:
    sources = [context.sources[name] for name in sorted({e["source"] for e in entries})]
    return [name for source in sources for name in (source.table.name, *fed_tables(source))]


def _deliver(context: Context, name: str, entries: list[Row], edited: Edited | None) -> Iterator[Path]:
    """Files with the refused records of one source, one for each file that they stood in, with that file's time."""
    source = context.sources[name]
    folder = landing_folder(context.settings, source)
    for file, group in _by(entries, "file"):
        origin = Path(plain(file))
        if edited is None and any(e["row"] is None for e in group):
            yield _whole(folder, origin)
        records = [e for e in group if e["row"] is not None or edited is not None]
        for content in _contents(source, origin, records, edited):
            yield _written(folder, origin, group, content)


def _whole(folder: Path, origin: Path) -> Path:
    """The file once more, under a name that the stream has not seen."""
    if not origin.is_file():
        raise KithError("the file is gone: deliver it again instead", file=origin)
    stamp = hashlib.sha256(f"{origin}{origin.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = folder / f"{REPLAY}{stamp}-{_first_name(origin)}"
    put(origin, target)
    return target


def _first_name(origin: Path) -> str:
    """The name of the file that was delivered first, where it is a replay of it."""
    return origin.name.split("-", 2)[2] if is_replay(origin.name) else origin.name


def _contents(source: Source, origin: Path, records: list[Row], edited: Edited | None) -> Iterator[bytes]:
    texts = [_record(e, edited) for e in records]
    raw, fields = [t for t in texts if isinstance(t, str)], [t for t in texts if isinstance(t, dict)]
    encoding = source.options.get("encoding", "utf-8")
    if raw and source.format not in BY_LINES:
        raise KithError(NO_LINES, source=source.name, file=origin)
    if raw:
        head = [] if source.format == "jsonl" else [_header(origin, encoding)]
        yield ("\n".join([*head, *(line.rstrip("\r\n") for line in raw)]) + "\n").encode(encoding)
    if fields:
        yield _fields(source, fields, encoding)


def _record(entry: Row, edited: Edited | None) -> str | dict[str, object]:
    if edited is not None:
        return edited[(entry["source"], entry["file"], entry["row"])]
    return str(entry["record"] or "")


def _header(origin: Path, encoding: str) -> str:
    if not origin.is_file():
        raise KithError(
            "the file is gone, and with it the header of these records: give their fields by --edited", file=origin
        )
    with origin.open(encoding=encoding, newline="") as stream:
        return stream.readline().rstrip("\r\n").removeprefix("\ufeff")


def _fields(source: Source, records: list[dict[str, object]], encoding: str) -> bytes:
    """Records given by their fields, in the format of the source."""
    if source.format == "jsonl":
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode(encoding)
    names = list(dict.fromkeys(name for record in records for name in record))
    if source.format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(records), sink)
        content: bytes = sink.getvalue().to_pybytes()
        return content
    if source.format not in BY_LINES:
        raise KithError("edited records of this format cannot be written: deliver a mended file", source=source.name)
    out = io.StringIO(newline="")
    separator = source.options.get("sep", "\t" if str(source.format) == "tsv" else ",")
    writer = csv.DictWriter(out, names, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode(encoding)


def _written(folder: Path, origin: Path, entries: list[Row], content: bytes) -> Path:
    """Write a file of records; the same entries and content have the same name, and are written once."""
    which = json.dumps(sorted((e["stage"], e["file"], e["row"] or 0, str(e["quarantined_at"])) for e in entries))
    stamp = hashlib.sha256(which.encode() + content).hexdigest()[:12]
    target = folder / f"{REPLAY}{stamp}-{_first_name(origin)}"
    if not target.exists():
        moment = origin.stat().st_mtime if origin.is_file() else min(e["quarantined_at"] for e in entries).timestamp()
        partial_file = target.with_name(f".{target.name}.partial")
        partial_file.parent.mkdir(parents=True, exist_ok=True)
        partial_file.write_bytes(content)
        os.utime(partial_file, (moment, moment))
        partial_file.replace(target)
    return target


def _map_again(context: Context, graph: Graph, entries: list[Row], outcome: Outcome) -> None:
    """Map the records of refused rows once more, by the sources as they are now."""
    stages = sorted({e["stage"] for e in entries if e["stage"] in graph.jobs})
    jobs = [graph.jobs[name] for name in stages]
    try:
        with held(context, jobs):
            for job in jobs:
                for name, group in _by((e for e in entries if e["stage"] == job.name), "source"):
                    run = _taken(context, job, context.sources[name], group)
                    outcome.runs.setdefault(job.name, []).append(run)
    finally:
        context.log.flush(context.lake)


def _taken(context: Context, job: Job, source: Source, entries: list[Row]) -> JobRun:
    which = json.dumps([[e["file"], e["row"], str(e["quarantined_at"])] for e in entries])
    stamp = hashlib.sha256(which.encode()).hexdigest()[:12]
    rows = mapped(source, job.writes, _records(context, source, entries), context.key)
    return take_again(context, job, rows, f"{REPLAY}{stamp}")


def _records(context: Context, source: Source, entries: list[Row]) -> DataFrame:
    """Bronze rows of the entries."""
    spark = context.spark
    places = spark.createDataFrame([(e["file"], e["row"]) for e in entries], "_file string, _row bigint").distinct()
    bronze = context.lake.read(source.table)
    return bronze.join(F.broadcast(places), on=["_file", "_row"], how="left_semi")


def _mark(context: Context, entries: list[Row], began: datetime, *, is_edited: bool) -> None:
    context.lake.ensure(feeds.QUARANTINE_REPLAY)
    rows = [
        (
            context.run_id,
            e["stage"],
            e["source"],
            e["file"],
            e["row"],
            e["reason"],
            e["quarantined_at"],
            began,
            is_edited,
        )
        for e in entries
    ]
    frame = context.spark.createDataFrame(rows, feeds.QUARANTINE_REPLAY.schema_ddl)
    land(context.lake, feeds.QUARANTINE_REPLAY, Append(), frame.coalesce(1))
