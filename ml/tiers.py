"""Deciles and tiers of scores within a date: tenths cut by rank, tiers by decile or by capacity."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ml.spec import Tier

ROWS_FOR_DECILES = 100_000
"""Deciles are cut by this many people, taken by hash, which puts the cuts right within some .3 % of them."""


def ranked(scored: DataFrame, tiers: Sequence[Tier]) -> DataFrame:
    """``scored(one_id, as_of, rank, …)`` with ``decile int`` and ``tier string`` beside it.

    ``decile`` is 1 for the best tenth of the rows of the same ``as_of``, cut by ``rank``; rows of equal rank share a decile.
    ``tier`` is the first of ``tiers`` that reaches to the decile, or has capacity. ``scored`` is read more than once.
    """
    cuts = _decile_cuts(scored)
    below = F.array_size(F.filter("cuts", lambda cut: cut < F.col("rank")))
    found = scored.join(F.broadcast(cuts), on="as_of", how="left").withColumn("decile", F.lit(10) - below)
    if not any(tier.capacity for tier in tiers):
        return found.withColumn("tier", _tier_by_decile(tiers))
    return _with_capacity(found, tiers)


def _decile_cuts(scored: DataFrame) -> DataFrame:
    """``(as_of, cuts array<double>)``: nine rising ranks per date, of a bounded sample by hash."""
    people = scored.orderBy(F.xxhash64("one_id"), F.col("one_id"), F.col("as_of")).limit(ROWS_FOR_DECILES)
    tenths = [n / 10 for n in range(1, 10)]
    return people.groupBy("as_of").agg(F.percentile_approx("rank", tenths, 10_000).alias("cuts"))


def _tier_by_decile(tiers: Sequence[Tier]) -> Column:
    *bounded, last = tiers
    chosen = F.lit(last.name)
    for tier in reversed(bounded):
        chosen = F.when(F.col("decile") <= F.lit(tier.to_decile), F.lit(tier.name)).otherwise(chosen)
    return chosen


def _with_capacity(ranked: DataFrame, tiers: Sequence[Tier]) -> DataFrame:
    """Fill the tiers in order, the best first, of equal rank by id; the last tier takes the rest."""
    places = [tier.capacity or 0 for tier in tiers[:-1]]
    order = (F.desc("rank"), F.col("one_id"))
    best = ranked.select("one_id", "as_of", "rank").orderBy(*order).limit(sum(places))
    numbered = best.select(
        "one_id", "as_of", F.row_number().over(Window.partitionBy("as_of").orderBy(*order)).alias("n")
    )
    chosen, end = F.lit(tiers[-1].name), sum(places)
    for tier, size in reversed(list(zip(tiers[:-1], places, strict=True))):
        chosen = F.when(F.col("n") <= end, F.lit(tier.name)).otherwise(chosen)
        end -= size
    joined = ranked.join(F.broadcast(numbered), on=["one_id", "as_of"], how="left")
    return joined.withColumn("tier", chosen).drop("n")
