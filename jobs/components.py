"""``kith components``: the components of any two-column file of pairs, with ids of any type, outside the lake."""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ByteType, IntegerType, LongType, ShortType, StringType

from identity.components import EngineName, choose
from identity.components.files import (
    CANONICAL,
    dialect,
    edge_files,
    open_pairs,
    read_components,
    refuse_nulls,
    write_components,
)
from identity.components.keys import extend_keys, keyed_edges
from identity.components.pruned import Pruned, TooLarge
from identity.components.sample import prove_sample
from identity.verify import prove, require
from jobs.display import say
from lakehouse.errors import SourceError

TEXT = 12
"""Bytes of memory for each byte of a file of text, once its ids are numbered."""
SHARE = 0.75
"""How much of the machine's memory a call may plan with."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a call of the tool found."""

    n_edges: int
    n_vertices: int
    n_components: int
    largest: int


@dataclass
class Components:
    """One call of the tool: where from, where to, by which engine.

    A graph whose vertices fit this machine is solved in this process, without a Spark session; ``start`` begins one for a
    graph that does not fit, or for GraphFrames.
    """

    start: Callable[[], SparkSession]
    edges: Path
    out: Path
    engine: EngineName = "auto"
    budget: int = field(default_factory=lambda: int(SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    """Bytes of memory."""
    began: float = field(default_factory=time.monotonic)

    def find(self) -> Found:
        """Read pairs, write Parquet ``(id, component)`` to ``out``; a component is called by its least id.

        Ids keep their type; in CSV they are text, unless all are plain whole numbers. What stands in ``out`` at the end is
        whole and proven. Raises :class:`SourceError` naming the file where it has not two columns, or an end is null (a lost
        id would split a component silently), or ``out`` has files; :class:`IdentityProofError` where the proof fails.
        """
        if self.out.exists() and any(self.out.iterdir()):
            raise SourceError("the folder for the result is not empty", file=self.out)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.out.parent, prefix=f".{self.out.name}-"))
        try:
            found = self._found(folder)
            if self.out.exists():
                self.out.rmdir()
            (folder / "found").rename(self.out)
        finally:
            shutil.rmtree(folder)
        self._say(
            f"{found.n_components:,} components of {found.n_vertices:,} ids, the largest of {found.largest:,}, in {self.out}"
        )
        return found

    def _found(self, folder: Path) -> Found:
        if self.engine != "graphframes":
            try:
                return self._here(folder)
            except TooLarge as error:
                self._say(f"not in this process: {error}")
        return self._on_spark(folder)

    def _here(self, folder: Path) -> Found:
        files = edge_files(self.edges)
        size = sum(file.stat().st_size for file in files)
        if files[0].suffix != ".parquet" and size * TEXT > self.budget:
            raise TooLarge(f"{size / 2**20:,.0f} MiB of text need some {size * TEXT / 2**20:,.0f}")
        pairs = open_pairs(self.edges)
        kind = "longs" if pairs.names is None else "text"
        self._say(f"{pairs.n_edges:,} edges of {self.edges}, ids are {kind}")
        solved = Pruned(pairs.read, pairs.n_edges, self.budget, str(folder), self._say)
        write_components(solved, pairs.names, folder / "found")
        self._say("written")
        require(prove_sample(read_components(folder / "found", pairs.names), pairs.read(), solved.n_vertices))
        self._say("a sample proven")
        return Found(pairs.n_edges, solved.n_vertices, solved.n_components, solved.largest)

    def _on_spark(self, folder: Path) -> Found:
        """The road of a graph of any size, and of GraphFrames."""
        spark = self.start()
        _show_engine(self._say)
        pairs, n_edges, numeric = _typed(_frame(spark, self.edges), self.edges)
        self._say(f"{n_edges:,} edges of {self.edges}, ids are {'longs' if numeric else 'text'}")
        keys = None if numeric else _keys(spark, pairs, f"{folder}/keys")
        highest = 2 * n_edges if keys is None else keys.count()
        graph = pairs if keys is None else keyed_edges(pairs.toDF("src_token", "dst_token"), keys)
        finder = choose(spark, self.engine, n_vertices=highest, work=f"{folder}/work")
        solved = f"{folder}/found" if keys is None else f"{folder}/solved"
        finder(graph).select(F.col("vertex").alias("id"), "component").write.parquet(solved)
        finder.release()
        found = spark.read.parquet(solved)
        self._say("solved")
        require(prove(found.withColumnRenamed("id", "vertex"), graph))
        self._say("proven")
        if keys is not None:
            _named(found, keys).write.parquet(f"{folder}/found")
        return _counted(found, n_edges)

    def _say(self, text: str) -> None:
        say(f"{time.monotonic() - self.began:6.1f} s  {text}")


def _frame(spark: SparkSession, path: Path) -> DataFrame:
    """The two columns of the files, as ``(src, dst)``: the rules of :func:`open_pairs`."""
    files = edge_files(path)
    if files[0].suffix == ".parquet":
        frame = spark.read.option("recursiveFileLookup", "true").parquet(str(path))
    else:
        delimiter, has_header = dialect(files[0])
        frame = spark.read.csv(str(path), sep=delimiter, header=has_header, recursiveFileLookup=True)
    if len(frame.columns) != 2:
        raise SourceError(f"a file of edges has two columns, this has {len(frame.columns)}", file=path)
    return frame.toDF("src", "dst")


def _typed(pairs: DataFrame, path: Path) -> tuple[DataFrame, int, bool]:
    """The pairs as longs where their ids are whole numbers, else as text; one pass counts, and looks for nulls and types."""
    whole = all(isinstance(f.dataType, ByteType | ShortType | IntegerType | LongType) for f in pairs.schema.fields)
    text = all(isinstance(f.dataType, StringType) for f in pairs.schema.fields)
    is_odd = _any(~F.col(end).rlike(CANONICAL) for end in pairs.columns) if text else F.lit(not whole)
    nulls = sum((F.count_if(F.col(end).isNull()) for end in pairs.columns), F.lit(0))
    n_edges, n_null, n_odd = pairs.agg(F.count("*"), nulls, F.count_if(is_odd)).collect()[0]
    refuse_nulls(n_null, path)
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
    named = found.join(keys.select(F.col("key").alias("id"), "token"), on="id", how="inner")
    least = named.groupBy("component").agg(F.min("token").alias("least"))
    return named.join(least, on="component", how="inner").select(
        F.col("token").alias("id"), F.col("least").alias("component")
    )


def _counted(result: DataFrame, n_edges: int) -> Found:
    sizes = result.groupBy("component").agg(F.count("*").alias("n"))
    row = sizes.agg(F.coalesce(F.sum("n"), F.lit(0)), F.count("*"), F.coalesce(F.max("n"), F.lit(0))).collect()[0]
    return Found(n_edges, int(row[0]), int(row[1]), int(row[2]))


def _show_engine(hear: Callable[[str], None]) -> None:
    """Print what the engines log: which one was chosen and why, and each round."""
    engines = logging.getLogger("identity.components")
    engines.handlers = [handler for handler in engines.handlers if not isinstance(handler, _Said)]
    engines.addHandler(_Said(hear))
    engines.setLevel(logging.INFO)


class _Said(logging.Handler):
    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record.getMessage())
