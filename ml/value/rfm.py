"""Tiers of buyers by recency, frequency and money, by quantile or by the business's own thresholds, as of any dates."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.spec import Part

ACCURACY = 10_000
Score = Annotated[int, Field(ge=1, le=5)]
Range = tuple[Score, Score]
ANY: Range = (1, 5)
Four = Annotated[tuple[float, ...], Field(min_length=4, max_length=4)]


class Thresholds(Part):
    """Four rising figures each: days since the last order, orders, sales."""

    recency_days: Four = (30, 60, 120, 240)
    frequency: Four = (1, 2, 5, 10)
    monetary_amount: Four = (50, 150, 400, 1000)

    @model_validator(mode="after")
    def _rise(self) -> Self:
        for name, values in self.model_dump().items():
            if list(values) != sorted(set(values)):
                raise ValueError(f"{name} must rise, not {list(values)}")
        return self


class RfmTier(Part):
    """A named tier: ranges of the three scores, both ends included."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    r: Range = ANY
    f: Range = ANY
    m: Range = ANY


TIERS = (
    RfmTier(name="champions", r=(4, 5), f=(4, 5)),
    RfmTier(name="loyal", r=(3, 5), f=(3, 5)),
    RfmTier(name="new", r=(4, 5), f=(1, 1)),
    RfmTier(name="promising", r=(3, 5)),
    RfmTier(name="at_risk", f=(3, 5)),
    RfmTier(name="dormant"),
)


class RfmSpec(Part):
    """How buyers are scored and named; ``conf/value/rfm.yml`` explains each key."""

    cuts: Literal["quantile", "thresholds"] = "quantile"
    quantiles: Four = (0.2, 0.4, 0.6, 0.8)
    thresholds: Thresholds = Thresholds()
    tiers: Annotated[tuple[RfmTier, ...], Field(min_length=1)] = TIERS

    @model_validator(mode="after")
    def _everybody_has_a_tier(self) -> Self:
        last = self.tiers[-1]
        if (last.r, last.f, last.m) != (ANY, ANY, ANY):
            raise ValueError(f"the last tier, {last.name}, must hold everybody: leave out r, f and m")
        if list(self.quantiles) != sorted(set(self.quantiles)) or not 0 < self.quantiles[0] < self.quantiles[-1] < 1:
            raise ValueError("quantiles must rise between 0 and 1")
        return self


MEASURES = {"r": "recency_days", "f": "frequency", "m": "monetary_amount"}


def tiered(buyers: DataFrame, spec: RfmSpec) -> DataFrame:
    """Return ``buyers(one_id, as_of, recency_days, frequency, monetary_amount)`` with ``r, f, m int`` and ``tier string``.

    Quantiles are those of the buyers of the same ``as_of``; equal values have equal scores.
    """
    if spec.cuts == "quantile":
        cuts = buyers.groupBy("as_of").agg(*(_quantiles(name, spec) for name in MEASURES.values()))
        rows = buyers.join(F.broadcast(cuts), on="as_of", how="inner")
    else:
        given = spec.thresholds.model_dump()
        rows = buyers.withColumns({f"_{name}": F.array(*map(F.lit, given[name])) for name in MEASURES.values()})
    scores = {key: _score(name) for key, name in MEASURES.items()} | {"r": 6 - _score("recency_days")}
    return rows.withColumns(scores).withColumn("tier", _tier(spec)).select(*buyers.columns, *MEASURES, "tier")


def buyers_on(orders: DataFrame, as_ofs: DataFrame) -> DataFrame:
    """Who had bought by the end of each day of ``as_ofs(as_of date)``, with the three measures.

    ``orders(one_id, order_id, ordered_on date, amount decimal)``, a row or more an order; people whose sales are not above 0
    are left out.
    """
    until = orders.join(F.broadcast(as_ofs), on=F.col("ordered_on") <= F.col("as_of"), how="inner")
    return (
        until.groupBy("one_id", "as_of")
        .agg(
            F.date_diff("as_of", F.max("ordered_on")).alias("recency_days"),
            F.count_distinct("order_id").alias("frequency"),
            F.sum("amount").cast("decimal(18,2)").alias("monetary_amount"),
        )
        .where(F.col("monetary_amount") > 0)
    )


def _quantiles(name: str, spec: RfmSpec) -> Column:
    return F.percentile_approx(F.col(name).cast("double"), list(spec.quantiles), ACCURACY).alias(f"_{name}")


def _score(name: str) -> Column:
    """1 to 5: one more than the number of cuts below the value."""
    value = F.col(name).cast("double")
    return (F.size(F.filter(f"_{name}", lambda cut: value > cut)) + 1).cast("int")


def _tier(spec: RfmSpec) -> Column:
    *named, last = spec.tiers
    chosen = F.lit(last.name)
    for tier in reversed(named):
        ranges = (F.col("r").between(*tier.r), F.col("f").between(*tier.f), F.col("m").between(*tier.m))
        chosen = F.when(ranges[0] & ranges[1] & ranges[2], F.lit(tier.name)).otherwise(chosen)
    return chosen
