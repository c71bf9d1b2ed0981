"""Parquet and Avro: files that say their own columns. Those of one schema are read together, so that types never meet."""

import io
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.sources.blobs import Peek, read_range
from lakehouse.sources.formats.family import (
    BAD,
    WHY,
    Family,
    Fields,
    Readable,
    Refused,
    missing_columns,
    place,
    truncated_or_not,
)
from lakehouse.sources.spec import Source

AVRO_MAGIC, PARQUET_MAGIC = b"Obj\x01", b"PAR1"
FOOTER = 8
"""Bytes at the end of a Parquet file: the length of its metadata, and the magic word."""


def judge_parquet(source: Source, seen: Peek) -> Readable | Refused:
    """Whether both ends are there, the footer can be read, and it has the columns that the source asks for."""
    import pyarrow as pa

    wrong = truncated_or_not(source, seen, PARQUET_MAGIC, PARQUET_MAGIC)
    if wrong:
        return wrong
    try:
        fields = tuple(_parquet_fields(seen))
    except (pa.ArrowException, OSError) as error:
        return Refused(seen.path, "not_parquet", f"its footer cannot be read: {error}")
    return _named(source, seen, fields)


def _parquet_fields(seen: Peek) -> Iterator[tuple[str, str]]:
    """Paths and types from the footer, which lies at the end and is all that is fetched."""
    import pyarrow.parquet as pq

    length = int.from_bytes(seen.tail[-FOOTER:-4], "little") + FOOTER
    footer = seen.tail[-length:] if length <= len(seen.tail) else read_range(seen.path, seen.size - length, length)
    schema = pq.read_schema(io.BytesIO(PARQUET_MAGIC + footer))
    return _arrow_fields("", schema)


def _arrow_fields(prefix: str, fields: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # pyarrow has no types
    import pyarrow.types as pt

    for field in fields:
        path, kind = f"{prefix}{field.name}", field.type
        while pt.is_list(kind) or pt.is_large_list(kind):
            path, kind = f"{path}[]", kind.value_type
        if pt.is_struct(kind):
            yield from _arrow_fields(f"{path}.", kind)
        else:
            yield path, str(kind)


def judge_avro(source: Source, seen: Peek) -> Readable | Refused:
    """Whether the file's header is there and its schema has the columns that the source asks for."""
    wrong = truncated_or_not(source, seen, AVRO_MAGIC)
    if wrong:
        return wrong
    try:
        schema = json.loads(_avro_metadata(seen.head)["avro.schema"])
        fields = tuple(_avro_fields("", schema))
    except (KeyError, IndexError, ValueError) as error:
        return Refused(seen.path, "not_avro", f"its header cannot be read: {error}")
    return _named(source, seen, fields)


def _avro_metadata(head: bytes) -> dict[str, bytes]:
    """The metadata map of an Avro object container (specification 1.11, "Object Container Files")."""
    found: dict[str, bytes] = {}
    stream = io.BytesIO(head[len(AVRO_MAGIC) :])
    while count := _avro_long(stream):
        if count < 0:  # a block with its size in bytes
            count = -count
            _avro_long(stream)
        for _ in range(count):
            name = stream.read(_avro_long(stream)).decode()
            found[name] = stream.read(_avro_long(stream))
    return found


def _avro_long(stream: io.BytesIO) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)[0]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)


def _avro_fields(prefix: str, schema: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # JSON of any shape
    for field in schema["fields"]:
        path, kind = f"{prefix}{field['name']}", _without_null(field["type"])
        while isinstance(kind, dict) and kind["type"] == "array":
            path, kind = f"{path}[]", _without_null(kind["items"])
        if isinstance(kind, dict) and kind["type"] == "record":
            yield from _avro_fields(f"{path}.", kind)
        else:
            yield path, kind if isinstance(kind, str) else json.dumps(kind, sort_keys=True)


def _without_null(kind: Any) -> Any:  # noqa: ANN401  # JSON of any shape
    if not isinstance(kind, list):
        return kind
    rest = [k for k in kind if k != "null"]
    return rest[0] if len(rest) == 1 else rest


def _named(source: Source, seen: Peek, fields: Fields) -> Readable | Refused:
    names = list(dict.fromkeys(path.partition(".")[0].partition("[")[0] for path, _ in fields))
    layout = sha256(repr(fields).encode()).hexdigest()
    return missing_columns(source, seen.path, names) or Readable(seen.path, tuple(names), layout, fields)


def read_parquet(spark: SparkSession, _: Source, __: Readable, paths: list[str]) -> DataFrame:
    """Every row of files that share a schema."""
    return _rows(spark.read.parquet(*paths))


def read_avro(spark: SparkSession, _: Source, __: Readable, paths: list[str]) -> DataFrame:
    """Every row of files that share a schema."""
    return _rows(spark.read.format("avro").load(paths))


def _rows(rows: DataFrame) -> DataFrame:
    payload = F.to_variant_object(F.struct(*[F.col(f"`{name}`") for name in rows.columns]))
    nothing = F.lit(None).cast("string")
    return rows.select(payload.alias("payload"), nothing.alias(BAD), F.lit("").alias(WHY), *place())


PARQUET = Family(judge_parquet, read_parquet)
AVRO = Family(judge_avro, read_avro)
