"""The job of gold.dim_product."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.job import Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import gold, silver


@job(
    writes=gold.DIM_PRODUCT,
    reads={
        "changed": Changed(((silver.PRODUCT, "sku"), (silver.ORDER_LINE, "sku"))),
        "products": silver.PRODUCT,
    },
    load=Merge(),
    group=Group.GOLD,
)
def dim_product(changed: DataFrame, *, products: DataFrame) -> DataFrame:
    """Keep each product of the master, and each SKU that was sold without one, so that no fact is left alone."""
    skus = changed.select(F.col("key").alias("sku")).distinct()
    master = products.withColumn("_in_master", F.lit(True))
    return skus.join(master, on="sku", how="left").select(
        "sku",
        "name",
        F.coalesce("category", F.lit("unknown")).alias("category"),
        "subcategory",
        "brand",
        "price_band",
        F.coalesce("_in_master", F.lit(False)).alias("is_in_master"),
    )
