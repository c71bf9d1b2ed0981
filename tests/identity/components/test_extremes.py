"""What breaks other engines: an identifier with a million records, a chain of a hundred thousand, loops and repetitions."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from identity.components import Rounds, unionfind
from identity.components.pruned import Pruned
from identity.components.unionfind import Longs, Pair

Road = Callable[[Longs, Longs], Iterable[Pair]]


def streamed(src: Longs, dst: Longs) -> Iterator[Pair]:
    """Edges in batches that pass by once."""
    cuts = range(0, len(src), 1 << 17)
    return unionfind.streamed((src[at : at + (1 << 17)], dst[at : at + (1 << 17)]) for at in cuts)


def pruned(src: Longs, dst: Longs) -> Iterable[Pair]:
    """Edges that can be read twice."""
    return Pruned(lambda: [(src, dst)], len(src), budget=1 << 32)


ROADS = pytest.mark.parametrize("road", [streamed, pruned])


def labels(pairs: Iterable[Pair]) -> tuple[Longs, Longs]:
    """Vertices in order, and their labels."""
    vertices, found = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.argsort(vertices)
    return vertices[order], found[order]


@ROADS
def test_an_identifier_with_a_million_records(road: Road) -> None:
    records = np.arange(5, 1_000_005)
    vertices, found = labels(road(records, np.full(len(records), 2_000_000)))
    assert len(vertices) == 1_000_001
    assert (found == 5).all()


@ROADS
def test_a_chain_of_a_hundred_thousand_with_loops_and_repetitions(road: Road) -> None:
    steps = np.arange(100_000)
    src = np.concatenate([steps, steps, steps + 1])
    dst = np.concatenate([steps + 1, steps, steps])
    vertices, found = labels(road(src, dst))
    assert np.array_equal(vertices, np.arange(100_001))
    assert (found == 0).all()


@pytest.mark.slow
def test_both_by_rounds(spark: SparkSession, tmp_path: Path) -> None:
    chain = spark.range(100_000).select(F.col("id").alias("src"), (F.col("id") + 1).alias("dst"))
    star = spark.range(1_000_000).select(
        (F.col("id") + 200_000).alias("src"), F.lit(5_000_000).cast("long").alias("dst")
    )
    loops = spark.range(10).select(F.col("id").alias("src"), F.col("id").alias("dst"))
    engine = Rounds(spark, str(tmp_path), n_edges=1000)
    found = engine(chain.unionByName(star).unionByName(loops).unionByName(loops))
    sizes = {row["component"]: row["count"] for row in found.groupBy("component").count().collect()}
    assert sizes == {0: 100_001, 200_000: 1_000_001}
    assert len(engine.counts) < 14
