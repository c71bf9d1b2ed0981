"""Engine `graphframes`: the package's own algorithms, set so that its open defects do not bite.

It needs the package's JVM core, which is no part of the Python package: the session must have been started
with the jar.
"""

import os
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import SettingsError

JARS_VARIABLE = "KITH_GRAPHFRAMES_JARS"
JARS_FOLDER = Path(".jars") / "graphframes"
CLASS_PATHS = ("spark.jars", "spark.jars.packages", "spark.driver.extraClassPath")


def jars() -> list[Path]:
    """The jars of GraphFrames' core: those in ``KITH_GRAPHFRAMES_JARS``, else in `.jars/graphframes`."""
    named = [Path(part) for part in os.environ.get(JARS_VARIABLE, "").split(os.pathsep) if part]
    found: list[Path] = []
    for path in named or [JARS_FOLDER]:
        found += [path] if path.is_file() else sorted(path.glob("*.jar"))
    return [jar for jar in found if "graphframes" in jar.name]


class GraphFrames:
    """Components by GraphFrames: longs only, no manual broadcast (it switches adaptive execution off).

    ``algorithm`` is the package's name of one: ``two_phase`` is the default, since a defect of ``randomized_contraction`` gave
    every vertex of some text ids its own component (mended in August 2026; longs were never touched), which takes half the CPU.
    Raises :class:`SettingsError` when the jar is missing or the session has no ``spark.checkpoint.dir``.
    GraphFrames keeps its result persisted: :meth:`release` frees it.
    """

    name = "graphframes"

    def __init__(self, spark: SparkSession, algorithm: str = "two_phase") -> None:
        if not any("graphframes" in str(spark.conf.get(key, "")) for key in CLASS_PATHS):
            where = "the session was started without it" if jars() else f"fill {JARS_FOLDER} or set {JARS_VARIABLE}"
            raise SettingsError(f"the jar of GraphFrames is not there: {where}", key="spark.jars")
        if not spark.conf.get("spark.checkpoint.dir", None):
            raise SettingsError(
                "GraphFrames needs a checkpoint folder from the session's start", key="spark.checkpoint.dir"
            )
        self._algorithm = algorithm
        self._persisted: list[DataFrame] = []

    def __call__(self, edges: DataFrame) -> DataFrame:
        """The component of each vertex of ``edges``, relabelled to its least vertex."""
        from graphframes import GraphFrame

        ends = edges.select(F.col("src").cast("long").alias("src"), F.col("dst").cast("long").alias("dst"))
        vertices = ends.select(F.explode(F.array("src", "dst")).alias("id")).groupBy("id").agg(F.lit(1).alias("one"))
        graph = GraphFrame(vertices.select("id"), ends)
        labels: DataFrame = graph.connectedComponents(
            algorithm=self._algorithm, checkpointInterval=2, broadcastThreshold=-1
        )
        self._persisted.append(labels)
        least = labels.groupBy("component").agg(F.min("id").alias("least"))
        return labels.join(least, on="component", how="inner").select(
            F.col("id").alias("vertex"), F.col("least").alias("component")
        )

    def release(self) -> None:
        """Unpersist the results of all calls."""
        while self._persisted:
            self._persisted.pop().unpersist()
