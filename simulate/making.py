"""Makes the brand's data: every source's files by delivery, and the truth apart."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby

from pyspark.sql import DataFrame, DataFrameWriter, SparkSession
from pyspark.storagelevel import StorageLevel

from simulate import smudge
from simulate.brand import Brand
from simulate.dice import Dice, literal
from simulate.feeds import FEEDS, TRUTHS, Feed
from simulate.orders import orders
from simulate.people import people
from simulate.world import World

WRITES_AT_A_TIME = 4
# Fields of a header line are joined by this; no value holds it, so that lines reach the file as they are.
_NO_SEPARATOR, _NO_QUOTE = "\u0001", "\u0002"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.legacy.javaCharsets": "true",
}


def generate(spark: SparkSession, brand: Brand, out: str, progress: Callable[[str], None] = lambda _: None) -> None:
    """Write a brand's data below ``out``, a path that Spark can write; what is there of it is replaced.

    ``<out>/staged/<source>/<object>/delivery=<000…>/`` holds the files of each delivery, ``<out>/truth/<table>/`` the
    truth as Parquet, ``<out>/base/`` the people and orders that all is made from, ``<out>/brand/`` the brand itself.
    ``progress`` is called with the name of each finished output.
    The caller's session keeps its settings. An error of Spark is raised as it is, after the running writes have ended.
    """
    with _world(spark, brand, out) as world, ThreadPoolExecutor(WRITES_AT_A_TIME) as pool:
        works = {pool.submit(work): name for name, work in _works(world, out).items()}
        for work in as_completed(works):
            work.result()
            progress(works[work])


@contextmanager
def _world(spark: SparkSession, brand: Brand, out: str) -> Iterator[World]:
    session, dice = spark.newSession(), Dice(brand.seed)
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    session.conf.set("spark.sql.shuffle.partitions", str(brand.tasks))
    session.conf.set("spark.sql.codegen.wholeStage", str(brand.tasks > 1).lower())
    crowd = _settled(people(session, brand, dice), f"{out}/base/people")
    bought = _settled(orders(crowd, brand, dice), f"{out}/base/orders")
    try:
        yield World(session, brand, dice, crowd, bought)
    finally:
        bought.unpersist()
        crowd.unpersist()


def _settled(frame: DataFrame, path: str) -> DataFrame:
    # By way of a file the sources start from a short plan; at small sizes planning is most of the time.
    _quiet(frame.write.mode("overwrite")).parquet(path)
    return frame.sparkSession.read.schema(frame.schema).parquet(path).persist(StorageLevel.MEMORY_AND_DISK)


def _works(world: World, out: str) -> dict[str, Callable[[], None]]:
    works: dict[str, Callable[[], None]] = {"brand": lambda: _write_brand(world, out)}
    for name, feeds in groupby(FEEDS, key=lambda feed: feed.name):
        works[name] = _staging(world, tuple(feeds), f"{out}/staged/{name}")
    for name, build in TRUTHS.items():
        works[f"truth/{name}"] = _telling(world, build, f"{out}/truth/{name}")
    return works


def _staging(world: World, feeds: tuple[Feed, ...], path: str) -> Callable[[], None]:
    def stage() -> None:
        for position, feed in enumerate(feeds):
            _write_feed(world, feed, path, "append" if position else "overwrite")

    return stage


def _telling(world: World, build: Callable[[World], DataFrame], path: str) -> Callable[[], None]:
    return lambda: _quiet(build(world).write.mode("overwrite")).parquet(path)


def _write_brand(world: World, out: str) -> None:
    facts = {
        name: value if isinstance(value, int) else value.isoformat() for name, value in asdict(world.brand).items()
    }
    row = world.spark.range(0, 1, 1, 1).selectExpr(*(f"{literal(value)} AS {name}" for name, value in facts.items()))
    _quiet(row.write.mode("overwrite")).json(f"{out}/brand")


def _write_feed(world: World, feed: Feed, path: str, mode: str) -> None:
    folders = ["delivery", "layout"] if feed.layout else ["delivery"]
    frame = feed.build(world).coalesce(world.brand.tasks)
    frame = frame.selectExpr(
        *(f"`{name}`" for name in feed.fields), "lpad(cast(delivery AS STRING), 3, '0') AS delivery"
    )
    frame = frame.selectExpr("*", f"{feed.layout} AS layout") if feed.layout else frame
    if feed.format == "parquet":
        _quiet(frame.write.mode(mode).partitionBy(*folders)).parquet(path)
        return
    lines = _lines(world, feed, frame, folders)
    writer = _quiet(lines.write.mode(mode).partitionBy(*folders))
    if feed.format == "json":
        writer.text(path)
        return
    writer.options(header=True, sep=_NO_SEPARATOR, quote=_NO_QUOTE, encoding=feed.charset)
    writer.options(ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False).csv(path)


def _lines(world: World, feed: Feed, frame: DataFrame, folders: list[str]) -> DataFrame:
    fields = f"struct({', '.join(f'`{name}`' for name in feed.fields)})"
    line = f"to_json({fields})" if feed.format == "json" else f"to_csv({fields})"
    lines = frame.selectExpr(f"{line} AS value", *folders)
    if feed.rough:
        broken = smudge.broken_json(world.dice) if feed.format == "json" else smudge.broken_csv(world.dice)
        lines = lines.selectExpr("value", *folders, f"explode(sequence(1, {smudge.copies(world.dice)})) AS copy")
        lines = lines.selectExpr(f"{broken} AS value", *folders)
    # A CSV file's header is the name of its only column: each file gets one, and its lines may still be damaged.
    return lines if feed.format == "json" else lines.withColumnRenamed("value", ",".join(feed.fields))


def _quiet(writer: DataFrameWriter) -> DataFrameWriter:
    return writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
