"""Comma- and tab-separated files in any encoding, with or without a header line: Spark's own reader, columns by place."""

import codecs
import csv
import io
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek
from lakehouse.sources.formats.compressed import inflated
from lakehouse.sources.formats.family import BAD, WHY, Family, Readable, Refused, missing_columns, options_as, place
from lakehouse.sources.options import Delimited, java_charset
from lakehouse.sources.spec import Source

WIDE = ("utf-16", "utf-32")
"""Encodings whose line ends are not the byte 10: their files are not cut into lines before they are decoded."""
REPLACEMENT = "\ufffd"


def judge(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the text decodes, and its header line (or the first record) has the columns that the source asks for."""
    text = inflated(seen)
    if isinstance(text, Refused):
        return text
    options = options_as(source, Delimited)
    encoding = _encoding(options.encoding, text.head)
    if not encoding.startswith(WIDE) and b"\0" in text.head:
        return Refused(seen.path, "binary_file", f"zero bytes where {source.format} text is expected")
    try:
        first = _first_record(text.head, encoding, options)
    except (UnicodeDecodeError, csv.Error) as error:
        return Refused(seen.path, "binary_file", f"the first line is no {encoding}: {error}")
    header = options.columns or tuple(name.strip() for name in first)
    if options.columns and len(first) != len(header):
        detail = f"{len(first)} fields in the first record, {len(header)} columns are declared"
        return Refused(seen.path, "wrong_header", detail)
    wrong = missing_columns(source, seen.path, header)
    return wrong or Readable(seen.path, header, encoding, tuple((name, "string") for name in header))


def _encoding(declared: str, head: bytes) -> str:
    """Wide encodings without a mark of their byte order are taken as Windows writes them."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return f"{declared}-le" if declared in WIDE and not marked else declared


def _first_record(head: bytes, encoding: str, options: Delimited) -> list[str]:
    if not encoding.startswith(WIDE) and not options.multi_line:
        head = head.split(b"\n", 1)[0]
    text = codecs.getincrementaldecoder(encoding)().decode(head).removeprefix("\ufeff")
    lines = (
        line for line in io.StringIO(text, newline="") if not (options.comment and line.startswith(options.comment))
    )
    if len(options.sep) > 1:
        return next(lines, "").rstrip("\r\n").split(options.sep)
    if not options.quote:
        return next(csv.reader(lines, delimiter=options.sep, quoting=csv.QUOTE_NONE), [])
    return next(csv.reader(lines, delimiter=options.sep, quotechar=options.quote), [])


def spark_options(options: Delimited, encoding: str) -> Mapping[str, str]:
    """The options of Spark's reader for one group of files."""
    is_whole = options.multi_line or encoding.startswith(WIDE)
    return {
        "encoding": java_charset(encoding),
        "sep": options.sep,
        "quote": options.quote,
        "escape": options.escape or "\0",
        "multiLine": str(is_whole).lower(),
        "nullValue": options.null,
        **({"comment": options.comment} if options.comment else {}),
        "header": str(not options.columns).lower(),
        "mode": "PERMISSIVE",
        "enforceSchema": "true",
        "columnNameOfCorruptRecord": BAD,
    }


def read(spark: SparkSession, source: Source, like: Readable, paths: list[str]) -> DataFrame:
    """Records of files that share a header; one with fewer or more fields than that is bad."""
    spark.conf.set("spark.sql.csv.parser.columnPruning.enabled", "false")  # else fewer columns hide malformed records
    options, header = options_as(source, Delimited), like.header
    cells = [f"_c{n}" for n in range(len(header))]
    schema = ", ".join(f"{name} string" for name in [*cells, BAD])
    rows = spark.read.options(**spark_options(options, like.layout)).schema(schema).csv(paths)
    if not like.layout.startswith("utf-8"):
        rows = _undecoded(rows, cells, options.sep)
    payload = F.to_variant_object(F.struct(*[F.col(c).alias(name) for c, name in zip(cells, header, strict=True)]))
    return rows.select(
        F.when(F.col(BAD).isNull(), payload).alias("payload"),
        F.col(BAD),
        _why(header, like.layout).alias(WHY),
        *place(),
    )


def _undecoded(rows: DataFrame, cells: list[str], sep: str) -> DataFrame:
    """Records with bytes that their encoding does not have are bad: Spark puts U+FFFD in the place of such bytes."""
    damaged = F.coalesce(F.contains(F.concat_ws(sep, *cells), F.lit(REPLACEMENT)), F.lit(False))
    return rows.withColumn(BAD, F.when(damaged & F.col(BAD).isNull(), F.concat_ws(sep, *cells)).otherwise(F.col(BAD)))


def _why(header: tuple[str, ...], encoding: str) -> Column:
    told = f"not the {len(header)} fields of the header; the first is "
    fields = F.concat(F.lit(told), F.coalesce(F.col("_c0"), F.lit("")))
    return F.when(F.contains(BAD, F.lit(REPLACEMENT)), F.lit(f"bytes that are no {encoding}")).otherwise(fields)


DELIMITED = Family(judge, read)
