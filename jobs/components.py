"""``kith components``: the components of any two-column file of pairs, with ids of any type, outside the lake."""

import csv
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ByteType, IntegerType, LongType, ShortType, StringType

from identity.components import EngineName, choose
from identity.components.keys import extend_keys, keyed_edges
from jobs.display import say
from lakehouse import session
from lakehouse.errors import SourceError

CANONICAL = r"^(0|-?[1-9][0-9]{0,17})$"
"""Text that is a number and nothing else: ``7`` is, ``007`` is another id."""
HEADERS = {"src", "dst", "source", "target", "from", "to", "id1", "id2", "id_a", "id_b", "id_l", "id_r"}
DELIMITERS = ",\t;|"
LARGE = 64 * 2**20
"""Bytes of edges from which a session of size m is worth its start."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a call of the tool found."""

    n_edges: int
    n_vertices: int
    n_components: int
    largest: int


def is_large(path: Path) -> bool:
    """Whether the file or folder is more than the small session is made for."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) > LARGE


def find_components(spark: SparkSession, edges: Path, out: Path, engine: EngineName = "auto") -> Found:
    """Read pairs, write Parquet ``(id, component)`` to ``out``; a component is called by its least id.

    Ids keep their type; in CSV they are text, unless all are plain whole numbers. Raises :class:`SourceError` naming the
    file where it has not two columns, or an end is null (a lost id would split a component silently), or ``out`` has files.
    """
    _show_engine()
    if out.exists() and any(out.iterdir()):
        raise SourceError("the folder for the result is not empty", file=out)
    began = time.monotonic()
    pairs, n_edges, numeric = _typed(read_pairs(spark, edges), edges)
    highest = 0
    say(
        f"read {n_edges:,} edges of {edges}, ids are {'longs' if numeric else 'text'}: {time.monotonic() - began:.1f} s"
    )
    keys = None
    if not numeric:
        keys = _keys(spark, pairs, f"{out}/_keys")
        highest = keys.count()
        say(f"{highest:,} ids numbered: {time.monotonic() - began:.1f} s")
        pairs = keyed_edges(pairs.toDF("src_token", "dst_token"), keys)
    finder = choose(spark, engine, n_vertices=highest or 2 * n_edges, work=f"{out}/_work")
    try:
        found = finder(pairs)
        if keys is not None:
            found = _named(found, keys)
        found.select(F.col("vertex").alias("id"), "component").write.mode("append").parquet(str(out))
    finally:
        finder.release()
        session.remove(spark, f"{out}/_keys")
        session.remove(spark, f"{out}/_work")
    result = _counted(spark.read.parquet(str(out)), n_edges)
    say(
        f"{result.n_components:,} components of {result.n_vertices:,} ids, the largest of {result.largest:,}: "
        f"{time.monotonic() - began:.1f} s, in {out}"
    )
    return result


def read_pairs(spark: SparkSession, path: Path) -> DataFrame:
    """The two columns of a Parquet or CSV file, or of a folder of such files, as ``(src, dst)``.

    A CSV's delimiter is that of its first line; that line is a header where it names ends (src, dst, from, to …) or where
    only the lines after it are numbers.
    """
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file() and f.name[0] not in "._")
    if not files:
        raise SourceError("there is no such file, or nothing in the folder", file=path)
    if files[0].suffix == ".parquet":
        frame = spark.read.option("recursiveFileLookup", "true").parquet(str(path))
    else:
        delimiter, has_header = _dialect(files[0])
        frame = spark.read.csv(str(path), sep=delimiter, header=has_header, recursiveFileLookup=True)
    if len(frame.columns) != 2:
        raise SourceError(f"a file of edges has two columns, this has {len(frame.columns)}", file=path)
    return frame.toDF("src", "dst")


def _dialect(path: Path) -> tuple[str, bool]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [line for line, _ in zip(file, range(2), strict=False)]
    delimiter = max(DELIMITERS, key=(lines or [""])[0].count)
    first, *rest = csv.reader(lines, delimiter=delimiter) if lines else [[]]
    are_names = bool(first) and all(name.strip().lower() in HEADERS for name in first)
    numbers = [all(_is_number(cell) for cell in row) for row in (first, *rest)]
    return delimiter, are_names or (len(numbers) == 2 and not numbers[0] and numbers[1])


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").isdigit()


def _typed(pairs: DataFrame, path: Path) -> tuple[DataFrame, int, bool]:
    """The pairs as longs where their ids are whole numbers, else as text; one pass counts, and looks for nulls and types."""
    whole = all(isinstance(f.dataType, ByteType | ShortType | IntegerType | LongType) for f in pairs.schema.fields)
    text = all(isinstance(f.dataType, StringType) for f in pairs.schema.fields)
    is_odd = _any(~F.col(end).rlike(CANONICAL) for end in pairs.columns) if text else F.lit(not whole)
    nulls = F.count_if(_any(F.col(end).isNull() for end in pairs.columns))
    n_edges, n_null, n_odd = pairs.agg(F.count("*"), nulls, F.count_if(is_odd)).collect()[0]
    if n_null:
        raise SourceError(f"edges with a null end: {n_null:,}", file=path, rule="both ends are there")
    kind = "string" if n_odd else "long"
    return pairs.select(*[F.col(end).cast(kind).alias(end) for end in pairs.columns]), int(n_edges), not n_odd


def _any(terms: Iterable[Column]) -> Column:
    one, other = terms
    return one | other


def _keys(spark: SparkSession, pairs: DataFrame, path: str) -> DataFrame:
    nothing = spark.createDataFrame([], "token string, key long")
    tokens = pairs.select(F.explode(F.array("src", "dst")).alias("token"))
    extend_keys(nothing, tokens).write.parquet(path)
    return spark.read.parquet(path)


def _named(found: DataFrame, keys: DataFrame) -> DataFrame:
    """Components of keys as components of the ids that these stand for, each called by its least id."""
    named = found.join(keys.select(F.col("key").alias("vertex"), "token"), on="vertex", how="inner")
    least = named.groupBy("component").agg(F.min("token").alias("least"))
    return named.join(least, on="component", how="inner").select(
        F.col("token").alias("vertex"), F.col("least").alias("component")
    )


def _counted(result: DataFrame, n_edges: int) -> Found:
    sizes = result.groupBy("component").agg(F.count("*").alias("n"))
    row = sizes.agg(F.coalesce(F.sum("n"), F.lit(0)), F.count("*"), F.coalesce(F.max("n"), F.lit(0))).collect()[0]
    return Found(n_edges, int(row[0]), int(row[1]), int(row[2]))


def _show_engine() -> None:
    """Print what the engines log: which one was chosen and why, and each round."""
    engines = logging.getLogger("identity.components")
    if not any(isinstance(handler, _Said) for handler in engines.handlers):
        engines.addHandler(_Said())
    engines.setLevel(logging.INFO)


class _Said(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())
