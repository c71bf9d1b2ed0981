"""Placeholders that no list names: values that stand on far more records than any one person's value could."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules

COLUMNS = ("id_type", "id_token", "n_records", "share")


def placeholders(observations: DataFrame, rules: IdentityRules) -> DataFrame:
    """Values too frequent to be anybody's: ``(id_type: string, id_token: string, n_records: long, share: double)``.

    ``observations``: rows of silver.identifier_observation, one for each ``(source, record_id, id_type, id_token)``; repeated
    sightings of the same identifiers are one record there, so that a busy device counts once for each set of identifiers that
    it is seen with, not once for each event. ``share`` is ``n_records`` over all records of the type. A value is there when
    its share is above ``rules.placeholder_share`` and it has ``rules.placeholder_min_records`` at least: without the second
    condition each of the few devices of a small lake would be one. One aggregation counts values and types together; what
    is left of it for the comparison is the totals of the types and the values above the least count, some thousands of
    rows at most (values above the share are at most ``1 / placeholder_share`` a type).
    """
    counts = (
        observations.where(F.col("id_token").isNotNull())
        .rollup("id_type", "id_token")
        .agg(F.count(F.lit(1)).alias("n_records"), F.grouping_id().alias("level"))
        .where((F.col("level") == 1) | ((F.col("level") == 0) & (F.col("n_records") >= rules.placeholder_min_records)))
    )
    total = F.max(F.when(F.col("level") == 1, F.col("n_records"))).over(Window.partitionBy("id_type"))
    return (
        counts.select("id_type", "id_token", "n_records", "level", (F.col("n_records") / total).alias("share"))
        .where((F.col("level") == 0) & (F.col("share") > rules.placeholder_share))
        .select(*COLUMNS)
    )
