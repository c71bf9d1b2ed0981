"""Deciles and tiers of scored rows, cut within each date, without collecting anything."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.spec import Tier

ROWS_FOR_DECILES = 100_000
"""Cuts are taken from so many people, drawn by hash, which puts them right within some .3 % of the people."""


def ranked(scored: DataFrame, by: str, tiers: Sequence[Tier]) -> DataFrame:
    """Return ``scored(one_id, as_of, <by>, …)`` with ``decile int``, 1 the best tenth of a date, and ``tier string``.

    Equal values share a decile; the tier is the first of ``tiers`` that reaches to the decile.
    """
    few = scored.select("one_id", "as_of", by).orderBy(F.xxhash64("one_id"), F.col("one_id")).limit(ROWS_FOR_DECILES)
    tenths = [n / 10 for n in range(1, 10)]
    cuts = few.groupBy("as_of").agg(F.percentile_approx(by, tenths, 10_000).alias("cuts"))
    below = F.array_size(F.filter("cuts", lambda cut: cut < F.col(by)))
    joined = scored.join(F.broadcast(cuts), on="as_of", how="left").withColumn("decile", F.lit(10) - below)
    first, *rest = sorted(tiers, key=lambda tier: tier.to_decile)
    chosen = F.when(F.col("decile") <= first.to_decile, F.lit(first.name))
    for tier in rest:
        chosen = chosen.when(F.col("decile") <= tier.to_decile, F.lit(tier.name))
    return joined.drop("cuts").withColumn("tier", chosen)
