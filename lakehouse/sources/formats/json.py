"""JSON, as lines of one object each or as documents that hold many records."""

import json

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats.compressed import inflated
from lakehouse.sources.formats.family import (
    BAD,
    WHY,
    Family,
    Readable,
    Refused,
    file_path,
    file_time,
    options_as,
    place,
)
from lakehouse.sources.options import Documents, Lines, java_charset
from lakehouse.sources.spec import Source

WIDE = ("utf-16", "utf-32")
LINES, DOCUMENT = "lines", "document"
REPLACEMENT = "\ufffd"
"""What stands where bytes could not be decoded."""


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the file is text; of documents also whether each line is one, which its first line tells."""
    text = inflated(seen)
    if isinstance(text, Refused):
        return text
    is_lines = source.format == "jsonl"
    encoding = options_as(source, Lines).encoding if is_lines else options_as(source, Documents).encoding
    if not encoding.startswith(WIDE) and b"\0" in text.head:
        return Refused(seen.path, "binary_file", f"zero bytes where {source.format} text is expected")
    return Readable(seen.path, layout=LINES if is_lines else _layout(text.head, encoding))


def _layout(head: bytes, encoding: str) -> str:
    """Whether the file's first line is a document of its own, and another follows."""
    lines = head.decode(encoding, errors="replace").lstrip("\ufeff \t\r\n").split("\n", 1)
    try:
        json.loads(lines[0])
    except ValueError:
        return DOCUMENT
    return LINES if len(lines) == 2 and lines[1].strip() else DOCUMENT


def read_lines(spark: SparkSession, source: Source, _: Readable, paths: list[str]) -> DataFrame:
    """One record a line; blank lines are none, and still count."""
    encoding = options_as(source, Lines).encoding
    if encoding.startswith(WIDE):
        return _exploded(_texts(spark, paths, encoding), LINES, Documents())
    return json_line_rows(spark, paths, encoding)


def json_line_rows(spark: SparkSession, paths: list[str], encoding: str) -> DataFrame:
    """Records of files whose lines end with the byte 10."""
    rows = spark.read.text(paths).select(_decoded(spark, encoding).alias("value"), *place())
    rows = rows.where(F.trim("value") != "").select("*", _is_decoded(encoding).alias("_is_text"))
    parsed = F.when(F.col("_is_text") & F.ltrim("value").startswith("{"), F.try_parse_json("value"))
    rows = rows.select(parsed.alias("payload"), "value", "_is_text", "_file", "_row", "_sequence")
    bad = F.when(F.col("payload").isNull(), F.make_valid_utf8("value"))
    why = F.when(F.col("_is_text"), F.lit("not a JSON object")).otherwise(f"bytes that are no {encoding}")
    return rows.select("payload", bad.alias(BAD), why.alias(WHY), "_file", "_row", "_sequence")


def read_documents(spark: SparkSession, source: Source, like: Readable, paths: list[str]) -> DataFrame:
    """The records of each document, in their order."""
    options = options_as(source, Documents)
    return _exploded(_texts(spark, paths, options.encoding), like.layout, options)


def _texts(spark: SparkSession, paths: list[str], encoding: str) -> DataFrame:
    texts = spark.read.text(paths, wholetext=True)
    return texts.select(_decoded(spark, encoding).alias("value"), file_path(), file_time())


def _decoded(spark: SparkSession, encoding: str) -> Column:
    """The text of ``value``, which Spark reads as the bytes that it is made of."""
    text = F.col("value")
    if encoding == "utf-8":
        return text
    spark.conf.set("spark.sql.legacy.codingErrorAction", "true")  # else one wrong byte stops the batch
    decoded = F.decode(text.cast("binary"), java_charset(encoding))
    return F.regexp_replace(decoded, "^\ufeff", "") if encoding.startswith("utf") else decoded


def _is_decoded(encoding: str) -> Column:
    """Whether all bytes of ``value`` were of its encoding."""
    return F.is_valid_utf8("value") if encoding == "utf-8" else ~F.contains("value", F.lit(REPLACEMENT))


def _exploded(texts: DataFrame, layout: str, options: Documents) -> DataFrame:
    """Rows of whole files to records: each document parsed once, its records numbered through the file."""
    lines = F.filter(F.split("value", "\r?\n"), lambda line: F.trim(line) != "")
    documents = lines if layout == LINES else F.array(F.regexp_replace("value", "^\ufeff", ""))
    parsed = F.transform(documents, lambda d: F.struct(d.alias("text"), F.try_parse_json(d).alias("doc")))
    rows = texts.select(parsed.alias("_parsed"), "_file", "_sequence")
    records = F.flatten(F.transform("_parsed", lambda p: _records(p["text"], p["doc"], options)))
    rows = rows.select(F.posexplode(records).alias("_at", "_record"), "_file", "_sequence")
    row = (F.col("_at") + 1).cast("bigint").alias("_row")
    return rows.select("_record.payload", f"_record.{BAD}", f"_record.{WHY}", "_file", row, "_sequence")


def _records(text: Column, document: Column, options: Documents) -> Column:
    """The records of one document, good and bad, as an array of ``payload, _bad, _why``."""
    items = F.try_variant_get(document, options.records or "$", "array<variant>")
    fields = _fields(document)
    good = F.transform(items, lambda item: _record(item, fields, options.inherit))
    is_record = fields.isNotNull() & F.lit(options.whole or not options.records)
    one = F.array(_bad_or(document, F.lit(None).cast("string"), ""))
    if options.records:
        why = F.when(document.isNull(), "not a JSON document").otherwise(f"no array at {options.records}")
    else:
        why = F.when(document.isNull(), "not a JSON document").otherwise("neither an object nor an array of objects")
    none = F.array(_bad_or(F.lit(None).cast("variant"), text, why))
    return F.when(items.isNotNull(), good).when(is_record, one).otherwise(none)


def _record(item: Column, document: Column, inherited: tuple[str, ...]) -> Column:
    own = _fields(item)
    payload = item
    if inherited:
        more = F.map_filter(document, lambda k, _: k.isin(*inherited) & ~F.map_contains_key(own, k))
        payload = F.to_variant_object(F.map_concat(F.coalesce(more, F.map_from_arrays(F.array(), F.array())), own))
    return F.when(own.isNotNull(), _bad_or(payload, F.lit(None).cast("string"), "")).otherwise(
        _bad_or(F.lit(None).cast("variant"), F.to_json(item), "a record that is no JSON object")
    )


def _fields(value: Column) -> Column:
    """The fields of a JSON object; null of anything else."""
    return F.try_variant_get(value, "$", "map<string,variant>")


def _bad_or(payload: Column, bad: Column, why: Column | str) -> Column:
    reason = F.lit(why) if isinstance(why, str) else why
    return F.struct(payload.alias("payload"), bad.alias(BAD), reason.alias(WHY))


JSON_LINES = Family(judge, read_lines, is_sparse=True)
JSON_DOCUMENTS = Family(judge, read_documents, is_counted=False, is_sparse=True)
