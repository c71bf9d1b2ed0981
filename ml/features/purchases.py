"""How a customer buys: recency, frequency, money, cadence, trend and breadth, as of any dates."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ml.features.as_of import seen, visible_on

WINDOWS = (30, 90, 180, 365)

COLUMNS: tuple[str, ...] = (
    "recency_days",
    "tenure_days",
    *(f"orders_{days}d" for days in WINDOWS),
    "orders_total",
    "purchase_days",
    *(f"spend_{days}d" for days in WINDOWS),
    "spend_per_order_365d",
    "mean_gap_days",
    "recency_over_gap",
    "order_trend_90d",
    "spend_trend_90d",
    "channels_365d",
    "categories_365d",
)


def purchase_features(as_ofs: DataFrame, *, purchases: DataFrame) -> DataFrame:
    """Return ``(one_id, as_of, *COLUMNS)``, one row per person and date who had bought anything by then.

    ``as_ofs(as_of date)``; ``purchases(one_id, order_id, ordered_at, known_at, amount decimal(18,2), channel,
    category)``, one row per order line. A window of ``n`` days is ``[as_of - n, as_of)``. Units: days,
    orders, and the currency of ``amount``. ``mean_gap_days`` is the mean distance of neighbouring purchase
    days and is null, like ``recency_over_gap``, until there are two. The trends compare the last 90 days with
    the 90 before, as a share of both: +1 is all new, -1 is all old. An order whose lines become known on
    different days is one order, counted from its first line on; its money grows as its lines become known.
    Every order counts as bought, whatever its amount: leave returns out, or send them as negative lines of
    the order that they belong to.
    """
    return seen(_order_parts(purchases), as_ofs).groupBy("one_id", "as_of").agg(*_sums()).select(*_columns())


def _order_parts(purchases: DataFrame) -> DataFrame:
    """One row per order and day on which a part of it became visible; later steps need no other shuffle."""
    parts = (
        purchases.where(F.col("one_id").isNotNull())
        .select(
            "one_id",
            "order_id",
            F.to_date("ordered_at").alias("ordered_on"),
            visible_on(F.col("ordered_at"), F.col("known_at")).alias("visible_on"),
            # Whole cents: a sum of doubles would depend on the order of the rows.
            (F.col("amount") * 100).cast("long").alias("cents"),
            "channel",
            "category",
        )
        .where(F.col("visible_on").isNotNull())
        .repartition("one_id")
        .groupBy("one_id", "order_id", "ordered_on", "visible_on")
        .agg(
            F.coalesce(F.sum("cents"), F.lit(0)).alias("cents"),
            F.collect_set("channel").alias("channels"),
            F.collect_set("category").alias("categories"),
        )
    )
    first_of_order = Window.partitionBy("one_id", "order_id").orderBy("visible_on", "ordered_on")
    first_of_day = Window.partitionBy("one_id", "ordered_on").orderBy("visible_on", "order_id")
    return parts.select(
        "*",
        (F.row_number().over(first_of_order) == 1).cast("long").alias("order"),
        (F.row_number().over(first_of_day) == 1).cast("long").alias("day"),
    )


def _days_ago() -> Column:
    return F.date_diff(F.col("as_of"), F.col("ordered_on"))


def _within(days: int, value: Column) -> Column:
    return F.when(_days_ago() <= days, value)


def _sums() -> list[Column]:
    orders = [F.coalesce(F.sum(_within(n, F.col("order"))), F.lit(0)).alias(f"orders_{n}d") for n in WINDOWS]
    cents = [F.coalesce(F.sum(_within(n, F.col("cents"))), F.lit(0)).alias(f"cents_{n}d") for n in WINDOWS]
    breadth = [
        F.array_size(F.array_distinct(F.flatten(F.collect_list(_within(365, F.col(name)))))).alias(f"{name}_365d")
        for name in ("channels", "categories")
    ]
    return [
        F.min(_days_ago()).alias("recency"),
        F.max(_days_ago()).alias("tenure"),
        F.sum("order").alias("orders_total"),
        F.sum("day").alias("purchase_days"),
        *orders,
        *cents,
        *breadth,
    ]


def _trend(recent: str, both: str) -> Column:
    """(last 90 days - the 90 before) / both; 0 where both together are not above 0."""
    change = 2 * F.col(recent) - F.col(both)
    return F.when(F.col(both) > 0, change / F.col(both)).otherwise(F.lit(0.0))


def _columns() -> list[Column]:
    gap = F.when(F.col("purchase_days") > 1, (F.col("tenure") - F.col("recency")) / (F.col("purchase_days") - 1)).cast(
        "double"
    )
    values = {
        "recency_days": F.col("recency").cast("long"),
        "tenure_days": F.col("tenure").cast("long"),
        **{f"spend_{n}d": F.col(f"cents_{n}d") / 100.0 for n in WINDOWS},
        "spend_per_order_365d": F.when(
            F.col("orders_365d") > 0, F.col("cents_365d") / 100.0 / F.col("orders_365d")
        ).otherwise(F.lit(0.0)),
        "mean_gap_days": gap,
        "recency_over_gap": F.col("recency") / gap,
        "order_trend_90d": _trend("orders_90d", "orders_180d"),
        "spend_trend_90d": _trend("cents_90d", "cents_180d"),
        "channels_365d": F.col("channels_365d").cast("long"),
        "categories_365d": F.col("categories_365d").cast("long"),
    }
    return [F.col("one_id"), F.col("as_of"), *(values.get(name, F.col(name)).alias(name) for name in COLUMNS)]
