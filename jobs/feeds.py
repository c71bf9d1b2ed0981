"""Which streams drive a source, and what a batch of it brings: files to read, or records that a feed has read itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.context import Context
from lakehouse.errors import SourceError
from lakehouse.job import Job
from lakehouse.runlog import JobRun
from lakehouse.session import reads_s3a
from lakehouse.sources import deltafeed, jdbc, kafka, rest, s3
from lakehouse.sources.feeds import S3, AnyFeed, DeltaTable, Http, Jdbc, Kafka
from lakehouse.sources.filelog import batch_files
from lakehouse.sources.files import Readable, Refused, read_records
from lakehouse.sources.slices import Json, Slice, SliceFolder
from lakehouse.sources.spec import Source
from lakehouse.textfiles import reader


def nothing() -> None:
    """What is left to do after most batches."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a batch brings: files to be read, or records that the feed has read itself, and what to do once it has landed.

    ``refused`` is what could not even be had. ``copied`` is the regular expression of what a copy's path has before the
    bucket of its object, where the files are copies of objects.
    """

    files: Sequence[str] = ()
    records: DataFrame | None = None
    refused: Sequence[Refused] = ()
    copied: str = ""
    landed: Callable[[], None] = nothing

    def read(self, spark: SparkSession, source: Source, readable: Sequence[Readable]) -> DataFrame | None:
        """The records of the batch; None where none of its files can be read."""
        if self.records is not None or not readable:
            return self.records
        records = read_records(spark, source, readable)
        return records.withColumn("_file", F.regexp_replace("_file", self.copied, "s3a://")) if self.copied else records

    def all_refused(self, files: Sequence[Refused]) -> list[Refused]:
        """What could not be had, and files that cannot be read, copies by the names of their objects."""
        return [*self.refused, *(s3.as_objects(files, self.copied) if self.copied else files)]


def source_streams(context: Context, job: Job, source: Source) -> Iterator[DataFrame]:
    """The streams of a source's news, one after the other: its files, messages or slices; none where nothing ever came."""
    feed = source.feed.one if source.feed else None
    found: DataFrame | None
    match feed:
        case DeltaTable():
            limit = context.settings.max_files_per_batch
            yield from deltafeed.streams(context.spark, feed, context.checkpoint(job), limit)
            return
        case Kafka():
            found = kafka.stream(context.spark, feed)
        case Jdbc() | Http() | S3():
            slices = _slices(context, job)
            for slice_ in _plans(context, job, source, feed, slices):
                slices.add(slice_)
            found = slices.stream()
        case None:
            found = file_stream(context, source)
    if found is not None:
        yield found


def _plans(context: Context, job: Job, source: Source, feed: Jdbc | Http | S3, slices: SliceFolder) -> Iterator[Slice]:
    """What the feed has that no slice names yet."""
    state, limit = slices.state(), context.settings.max_files_per_batch
    match feed:
        case Jdbc():
            return jdbc.plan(context.spark, feed, state, context.lake.read(source.table))
        case Http():
            folder = f"{context.settings.landing_path}/{source.folder}/{context.version(job)}-{slices.next:06d}"
            return rest.fetch(context.spark, feed, state, folder)
        case S3(by="events"):
            return s3.told(feed, state, limit)
        case S3():
            return (s3.listed_in_order if feed.in_order else s3.listed)(feed, state, limit)


def delivered(context: Context, job: Job, source: Source, batch: DataFrame, run: JobRun) -> Delivery:
    """What one batch of a source's stream brings."""
    feed = source.feed.one if source.feed else None
    match feed:
        case Kafka():
            return Delivery(records=kafka.read(batch, feed))
        case DeltaTable():
            return Delivery(records=deltafeed.read(batch))
    files = batch_files(reader(context.spark), context.checkpoint(job), run.batch_id)
    if feed is None:
        return Delivery(files)
    (slice_,) = files
    what = _slices(context, job).take(int(Path(slice_).stem)).what
    return _of_slice(context, source, feed, batch.sparkSession, what)


def _of_slice(context: Context, source: Source, feed: AnyFeed, spark: SparkSession, what: Json) -> Delivery:
    match feed:
        case Jdbc():
            return Delivery(records=jdbc.read(spark, feed, what, context.lake.read(source.table, spark)))
        case S3():
            return _of_objects(context, source, feed, what)
        case _:
            return Delivery(cast("list[str]", what["files"]))


def _of_objects(context: Context, source: Source, feed: S3, what: Json) -> Delivery:
    """Objects as files: where they are, or copied below the landing root, from where they go once the batch has landed."""
    staging = None if _by_s3a(context, feed) else f"{context.settings.landing_path}/_objects/{source.name}"
    paths, gone = s3.present(feed, what, staging)
    copied = s3.of_copy(staging) if staging else ""
    return Delivery(paths, refused=gone, copied=copied, landed=partial(s3.settle, feed, what, staging))


def _by_s3a(context: Context, feed: S3) -> bool:
    return feed.read == "s3a" or (feed.read == "auto" and reads_s3a(context.spark))


def _slices(context: Context, job: Job) -> SliceFolder:
    return SliceFolder(context.spark, f"{context.checkpoint(job)}/slices")


def file_stream(context: Context, source: Source) -> DataFrame | None:
    """A stream whose batches name the source's new files; None where nothing was ever delivered."""
    folder = f"{context.settings.landing_path}/{source.folder}"
    if "://" not in folder and not Path(folder).is_dir():
        return None
    stream = context.spark.readStream.format("text").option("recursiveFileLookup", "true")
    stream = stream.option("maxFileAge", "36500d").option("maxFilesPerTrigger", context.settings.max_files_per_batch)
    try:
        return stream.load(folder)
    except Exception as error:
        if "PATH_NOT_FOUND" in str(error):
            return None
        raise SourceError(f"the folder cannot be read: {error}", file=folder) from error
