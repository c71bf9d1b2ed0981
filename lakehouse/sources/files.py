"""Files to bronze rows: a look at each file's first bytes refuses what cannot be read, the rest is read in one pass."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek, peek
from lakehouse.sources.formats.columnar import AVRO, PARQUET
from lakehouse.sources.formats.delimited import DELIMITED
from lakehouse.sources.formats.excel import EXCEL
from lakehouse.sources.formats.family import BAD, WHY, Family, Readable, Refused
from lakehouse.sources.formats.ga4 import GA4
from lakehouse.sources.formats.json import JSON_DOCUMENTS, JSON_LINES
from lakehouse.sources.formats.object import OBJECT
from lakehouse.sources.formats.xml import XML
from lakehouse.sources.spec import Source

__all__ = ["BAD", "WHY", "Peek", "Readable", "Refused", "inspect", "judge", "peek", "read_records"]

ONE_FILE_A_TASK = 128 * 2**20
SMALL_FILES_TOGETHER = 4 * 2**20
PATTERN = re.compile(r"([\\{}\[\]*?])")
FAMILIES: Mapping[str, Family] = {
    "csv": DELIMITED,
    "tsv": DELIMITED,
    "jsonl": JSON_LINES,
    "json": JSON_DOCUMENTS,
    "parquet": PARQUET,
    "avro": AVRO,
    "excel": EXCEL,
    "xml": XML,
    "object": OBJECT,
    "ga4": GA4,
}


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether a file is what its source says: not empty, of the format, with the columns that it needs."""
    if seen.size == 0:
        return Refused(seen.path, "empty_file", "the file has no bytes")
    return FAMILIES[source.format].judge(source, seen)


def inspect(source: Source, paths: Sequence[str]) -> tuple[list[Readable], list[Refused]]:
    """Judge the files of a batch, several at a time."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        looks = list(pool.map(lambda path: (judge(source, seen := peek(path)), seen.size), paths))
    verdicts = [verdict for verdict, _ in looks]
    return (
        [replace(v, size=size) for v, size in looks if isinstance(v, Readable)],
        [v for v in verdicts if isinstance(v, Refused)],
    )


def read_records(spark: SparkSession, source: Source, files: Sequence[Readable]) -> DataFrame:
    """Records of readable files as ``payload, _bad, _why, _file, _row, _sequence``.

    ``_bad`` is the raw text of a record that does not parse (its payload is null), ``_why`` what is wrong with it.
    ``_row`` counts records from 1 in each file: every file is read by one task of its own (for files over 128 MiB
    the count starts anew in each block, with the block's offset added, so that it stays unique); it is null where the file as
    a whole turned out to be unreadable.
    """
    family = FAMILIES[source.format]
    cost = ONE_FILE_A_TASK if family.is_counted else SMALL_FILES_TOGETHER
    spark.conf.set("spark.sql.files.openCostInBytes", str(cost))
    groups: dict[tuple[tuple[str, ...], str], list[Readable]] = {}
    for file in files:
        groups.setdefault((file.header, file.layout), []).append(file)
    frames = [family.read(spark, source, group[0], _literal(group)) for _, group in sorted(groups.items())]
    result = frames[0]
    for frame in frames[1:]:
        result = result.unionByName(frame)
    return _complete(result, source.required) if family.is_sparse and source.required else result


def _literal(files: Sequence[Readable]) -> list[str]:
    """Paths as Spark takes them: brackets, stars and question marks in a name are part of it."""
    return [PATTERN.sub(r"\\\1", file.path) for file in files]


def _complete(rows: DataFrame, required: tuple[str, ...]) -> DataFrame:
    """A record without a field that every record must have is bad."""
    known = F.try_variant_get("payload", "$", "map<string,variant>")
    lacking = F.array_compact(F.array(*[F.when(~F.map_contains_key(known, n), F.lit(n)) for n in required]))
    told = rows.withColumn("_lacking", F.when(F.col("payload").isNotNull(), F.array_join(lacking, ", ")))
    is_short = F.coalesce(F.col("_lacking") != "", F.lit(False))
    return told.select(
        F.when(~is_short, F.col("payload")).alias("payload"),
        F.when(is_short, F.to_json("payload")).otherwise(F.col(BAD)).alias(BAD),
        F.when(is_short, F.concat(F.lit("missing "), F.col("_lacking"))).otherwise(F.col(WHY)).alias(WHY),
        "_file",
        "_row",
        "_sequence",
    )
