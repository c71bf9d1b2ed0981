"""Connected components behind one protocol, and the choice of the engine that computes them."""

import logging
from typing import Literal, Protocol

from pyspark.sql import DataFrame, SparkSession

from identity.components import graphframes
from identity.components.forest import BYTES_PER_VERTEX, Forest
from identity.components.memory import worker_bytes
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


def choose(spark: SparkSession, engine: EngineName = "auto", *, n_vertices: int = 0) -> Components:
    """The engine to use, with its reason in the log.

    ``n_vertices`` is an upper bound (the greatest key will do; 0 = unknown, taken as small). ``auto`` is the
    forest while its table fits the memory of one executor's Python worker, and GraphFrames beyond. Raises
    :class:`SettingsError` when GraphFrames is needed and its jar is not there, naming what to set.
    """
    needed, budget = n_vertices * BYTES_PER_VERTEX, worker_bytes(spark)
    size = f"{n_vertices:,} vertices need {needed / 2**20:,.0f} MiB of {budget / 2**20:,.0f} MiB on one executor"
    if engine == "graphframes":
        log.info("components by graphframes: asked for")
        return graphframes.TwoPhase(spark)
    if needed <= budget or engine == "forest":
        log.log(logging.INFO if needed <= budget else logging.WARNING, "components by forest: %s", size)
        return Forest()
    log.info("components by graphframes: %s", size)
    try:
        return graphframes.TwoPhase(spark)
    except SettingsError as error:
        raise SettingsError(f"the graph is too large for the forest ({size}), and {error.message}") from error


__all__ = ["Components", "EngineName", "Forest", "choose"]
