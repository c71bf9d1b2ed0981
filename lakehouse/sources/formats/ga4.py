"""Exports of Google Analytics 4: a file a day, written anew for up to three days; the newest delivery of a day is the day.

The file's name says its day (``events_YYYYMMDD``, ``events_intraday_YYYYMMDD``, as BigQuery names the tables). Which delivery
is the newest says the file's time; where a day comes in several files, these stand in a folder that is named by the time of
the delivery (``20250104T060000/``), which they then share.
"""

import re

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats import columnar
from lakehouse.sources.formats.compressed import inflated
from lakehouse.sources.formats.family import Family, Readable, Refused
from lakehouse.sources.formats.json import json_line_rows
from lakehouse.sources.spec import Source

NAME = re.compile(r"/events_(intraday_)?(\d{8})[^/]*\.(parquet|jsonl|json)(\.gz)?$")
DELIVERED = r"/(?:[a-z_]+=)?(\d{8}T\d{6})/[^/]*$"
PARQUET = "parquet"


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the file is named like a day of the export, and is what its name says."""
    found = NAME.search("/" + seen.path)
    if not found:
        return Refused(seen.path, "wrong_name", "an export's file is named events_YYYYMMDD….parquet or .jsonl")
    if found[3] == PARQUET:
        return columnar.judge_parquet(source, seen)
    text = inflated(seen)
    if isinstance(text, Refused):
        return text
    if not text.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{"):
        return Refused(seen.path, "not_jsonl", "it does not begin with a JSON object")
    return Readable(seen.path)


def read(spark: SparkSession, source: Source, like: Readable, paths: list[str]) -> DataFrame:
    """Events, with the delivery's time as ``_sequence``."""
    is_parquet = bool(like.layout)
    rows = columnar.read_parquet(spark, source, like, paths) if is_parquet else json_line_rows(spark, paths, "utf-8")
    named = F.regexp_extract("_file", DELIVERED, 1)
    delivered = F.unix_micros(F.try_to_timestamp(F.nullif(named, F.lit("")), F.lit("yyyyMMdd'T'HHmmss")))
    return rows.withColumn("_sequence", F.coalesce(delivered, F.col("_sequence")))


GA4 = Family(judge, read)
