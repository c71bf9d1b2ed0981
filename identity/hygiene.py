"""Placeholders that no list names: values that stand on too many records to be anybody's."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules


def placeholders(identifiers: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(token, reason)`` of the values of ``identifiers (id_token, id_type, n_records)`` that stand for "unknown".

    Those on more than ``placeholder_share`` of all records of their type, and on ``placeholder_min_records`` at least. The
    reason's words do not change while the verdict does not.
    """
    by_value = identifiers.where(F.col("n_records") >= rules.placeholder_min_records)
    totals = identifiers.groupBy("id_type").agg(F.sum("n_records").alias("n_all"))
    share = f"{rules.placeholder_share:g} of all records of its type, placeholder_min_records {rules.placeholder_min_records}"
    reason = F.concat(F.lit("placeholder: "), "id_type", F.lit(f": on more than placeholder_share {share}"))
    return (
        by_value.join(F.broadcast(totals), on="id_type", how="inner")
        .where(F.col("n_records") > F.col("n_all") * rules.placeholder_share)
        .select(F.col("id_token").alias("token"), reason.alias("reason"))
    )
