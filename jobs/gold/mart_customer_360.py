"""The job of gold.mart_customer_360."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.people import owned, touched_people
from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver


@job(
    writes=gold.MART_CUSTOMER_360,
    reads={
        "changed": Changed(
            (
                (silver.IDENTITY_MAP, "one_id"),
                (gold.DIM_CUSTOMER, "one_id"),
                (gold.FCT_ORDER_LINE, "customer_token"),
                (gold.FCT_INTERACTION, "customer_token"),
            )
        ),
        "identity_map": silver.IDENTITY_MAP,
        "customers": gold.DIM_CUSTOMER,
        "lines": gold.FCT_ORDER_LINE,
        "interactions": gold.FCT_INTERACTION,
        "products": gold.DIM_PRODUCT,
    },
    load=Merge(),
    group=Group.GOLD,
)
def mart_customer_360(
    changed: DataFrame,
    *,
    identity_map: DataFrame,
    customers: DataFrame,
    lines: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
) -> DataFrame:
    """Recompute the row of each person that changed, from all their facts: who they are, what they bought, what they do."""
    people = touched_people(changed, identity_map)
    bought = owned(lines, identity_map, people).join(products.select("sku", "category"), on="sku", how="left")
    did = owned(interactions.where(~F.col("is_bot")), identity_map, people)
    clicks = did.groupBy("one_id").agg(
        F.count("*").alias("interactions"), F.max("occurred_at").alias("last_interaction_at")
    )
    return (
        people.join(customers.withColumn("_is_there", F.lit(True)), on="one_id", how="left")
        .join(_purchases(bought), on="one_id", how="left")
        .join(_favourites(bought), on="one_id", how="left")
        .join(clicks, on="one_id", how="left")
        .withColumns(_without_nulls() | {"_deleted": F.col("_is_there").isNull()})
        .select(*gold.MART_CUSTOMER_360.column_names, "_deleted")
    )


def is_sale() -> Column:
    """Whether a line counts as a sale: no return, not cancelled."""
    return ~F.col("is_return") & ~F.col("is_cancelled")


def _purchases(bought: DataFrame) -> DataFrame:
    sold = F.when(is_sale(), F.col("net_amount"))
    day = F.when(is_sale(), F.col("ordered_on"))
    money = "decimal(18,2)"
    return bought.groupBy("one_id").agg(
        F.count_distinct(F.when(is_sale(), F.col("order_id"))).alias("orders"),
        F.sum(F.when(~F.col("is_cancelled"), F.col("quantity"))).alias("units"),
        F.sum(sold).cast(money).alias("revenue_amount"),
        (-F.sum(F.when(F.col("is_return"), F.col("net_amount")))).cast(money).alias("returned_amount"),
        F.min(day).alias("first_order_on"),
        F.max(day).alias("last_order_on"),
        F.count_distinct(day).alias("order_days"),
    )


def _favourites(bought: DataFrame) -> DataFrame:
    """Category by spend, channel and place by orders; ties go to the greater name, so that runs agree."""
    parts = F.array(
        F.struct(
            F.lit("category").alias("kind"),
            F.coalesce("category", F.lit("unknown")).alias("name"),
            F.col("net_amount").cast("double").alias("weight"),
        ),
        F.struct(F.lit("channel").alias("kind"), F.col("channel").alias("name"), F.lit(1.0).alias("weight")),
        F.struct(F.lit("place_id").alias("kind"), F.col("place_id").alias("name"), F.lit(1.0).alias("weight")),
    )
    votes = (
        bought.where(is_sale())
        .select("one_id", F.inline(parts))
        .groupBy("one_id", "kind", "name")
        .agg(F.sum("weight").alias("weight"))
    )

    def top(kind: str) -> Column:
        order = F.when(F.col("kind") == kind, F.struct(F.round("weight", 2), F.col("name")))
        return F.max_by("name", order).alias(f"favourite_{kind}")

    return votes.groupBy("one_id").agg(top("category"), top("channel"), top("place_id"))


def _without_nulls() -> dict[str, Column]:
    counts = {n: F.coalesce(n, F.lit(0).cast("bigint")) for n in ("orders", "units", "order_days", "interactions")}
    amounts = {n: F.coalesce(n, F.lit(0).cast("decimal(18,2)")) for n in ("revenue_amount", "returned_amount")}
    return counts | amounts
