"""Connected components behind one protocol, and the choice of the engine that computes them."""

import logging
from typing import Literal, Protocol

from pyspark.sql import DataFrame, SparkSession

from identity.components import graphframes
from identity.components.forest import BYTES_PER_VERTEX, Forest
from identity.components.memory import worker_bytes
from identity.components.rounds import Rounds
from lakehouse.errors import SettingsError

EngineName = Literal["auto", "forest", "graphframes"]
log = logging.getLogger(__name__)


class Components(Protocol):
    """An engine: ``edges (src: long, dst: long)`` → ``(vertex: long, component: long)``.

    Each vertex of an edge appears once, and the label of a component is its least vertex, whatever the engine
    or the order of rows. A self-loop makes its vertex appear; duplicate edges count once; a null end is an
    error.
    """

    def __call__(self, edges: DataFrame) -> DataFrame:
        """The component of each vertex."""
        ...

    def release(self) -> None:
        """Free what the engine keeps for its results; to be called once they have landed."""
        ...


def choose(spark: SparkSession, engine: EngineName = "auto", *, n_vertices: int = 0, work: str = "") -> Components:
    """The engine to use, with its reason in the log.

    ``n_vertices`` is an upper bound (the greatest key will do; 0 = unknown, taken as small). ``auto`` and ``forest`` are
    one union-find while its table fits the memory of one executor's Python worker, and contraction rounds before it beyond.
    Rounds keep their files in ``work`` (default: below ``spark.checkpoint.dir``). Raises :class:`SettingsError` when GraphFrames
    is asked for and its jar is not there, or when rounds have no place for their files, naming what to set.
    """
    needed, budget = n_vertices * BYTES_PER_VERTEX, worker_bytes(spark)
    size = f"{n_vertices:,} vertices need {needed / 2**20:,.0f} MiB of {budget / 2**20:,.0f} MiB on one executor"
    if engine == "graphframes":
        log.info("components by graphframes: asked for")
        return graphframes.GraphFrames(spark)
    if needed <= budget:
        log.info("components by forest: %s", size)
        return Forest()
    log.info("components by rounds, then forest: %s", size)
    most = budget // (2 * BYTES_PER_VERTEX)  # an edge has two vertices at most
    return Rounds(spark, work or _work(spark), n_edges=most)


def _work(spark: SparkSession) -> str:
    folder = spark.conf.get("spark.checkpoint.dir", None)
    if not folder:
        raise SettingsError("contraction rounds need a folder that all executors see", key="spark.checkpoint.dir")
    return f"{folder.rstrip('/')}/components/{spark.conf.get('spark.app.id', 'session')}"


__all__ = ["Components", "EngineName", "Forest", "Rounds", "choose"]
