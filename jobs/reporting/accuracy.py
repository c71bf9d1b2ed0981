"""Resolved identities against the planted truth: pairs right and missed, and which kinds of identifier went astray."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.evaluate import PairScores, pairwise
from identity.identifiers import load_rules
from jobs.context import Context
from jobs.reporting.store import Row
from lakehouse.standardise.rules import IDENTIFIER_RULES, identifier_rule
from lakehouse.standardise.token import token
from lakehouse.tables import silver


@dataclass(frozen=True, slots=True)
class Accuracy:
    """``scores`` judge the identifiers that some record shows; ``planted`` counts all, shown or not, ``people`` who have them.

    ``by_type``: ``id_type, planted, seen, shared, apart, strange`` identifiers: planted, seen in a record, of
    several people (not judged), outside the cluster that has most of their person, in a cluster that is mostly
    someone else's.
    """

    scores: PairScores
    planted: int
    people: int
    by_type: Sequence[Row]


def truth_folder(context: Context) -> Path:
    """Where the simulation tells whose each identifier is."""
    return Path(context.settings.home) / "simulated" / "truth" / "identifier"


def measure(context: Context) -> Accuracy | None:
    """Compare ``silver.identity_map`` with the truth; None where there is no truth."""
    folder = truth_folder(context)
    if not folder.is_dir():
        return None
    types = [kind.name for kind in load_rules(Path(context.settings.conf) / "identity.yml").identifiers]
    planted = tokenised(context.spark.read.parquet(str(folder)), types, context.key).persist()
    current = context.lake.read(silver.IDENTITY_MAP).where("is_current").select("token", "one_id").persist()
    try:
        seen = planted.join(current.select("token"), on="token", how="left_semi")
        total = planted.agg(F.count_distinct("token"), F.count_distinct("person_id")).first()
        if total is None:
            raise AssertionError("an aggregate without groups always has a row")
        rows: list[Row] = by_type(planted, current).toArrow().to_pylist()
        return Accuracy(pairwise(current, seen), int(total[0]), int(total[1]), rows)
    finally:
        planted.unpersist()
        current.unpersist()


def tokenised(truth: DataFrame, types: Sequence[str], key: bytes) -> DataFrame:
    """``person_id, id_type, token`` of a truth ``(person_id, id_type, value)``, standardised and hashed as sources are.

    Values that their rule refuses, and types that are not of ``types``, are left out.
    """
    kind = F.col("id_type")
    ruled = {name: identifier_rule(name)(F.col("value"))["value"] for name in IDENTIFIER_RULES}
    first, *rest = ruled.items()
    clean = reduce(lambda chain, item: chain.when(kind == item[0], item[1]), rest, F.when(kind == first[0], first[1]))
    values = truth.select(
        "person_id", "id_type", clean.otherwise(identifier_rule("")(F.col("value"))["value"]).alias("v")
    )

    def hashed(name: str) -> Column:
        return F.when(kind == name, token(name, F.col("v"), key))

    tokens = values.select("person_id", "id_type", F.coalesce(*[hashed(name) for name in types]).alias("token"))
    return tokens.where(F.col("token").isNotNull()).distinct()


def by_type(planted: DataFrame, current: DataFrame) -> DataFrame:
    """Of each identifier type: how many were planted, seen, shared, astray (see :class:`Accuracy`), worst first.

    ``planted (person_id, id_type, token)``, ``current (token, one_id)``; a handful of rows.
    """
    owners = planted.groupBy("id_type", "token").agg(
        F.min("person_id").alias("person_id"), F.count_distinct("person_id").alias("owners")
    )
    placed = owners.join(current, on="token", how="left")
    judged = (F.col("owners") == 1) & F.col("one_id").isNotNull()
    cells = placed.where(judged).groupBy("person_id", "one_id").agg(F.count("*").alias("n"))
    home = Window.partitionBy("person_id").orderBy(F.desc("n"), "one_id")
    tenant = Window.partitionBy("one_id").orderBy(F.desc("n"), "person_id")
    ranked = cells.select(
        "person_id",
        "one_id",
        (F.row_number().over(home) > 1).alias("is_apart"),
        (F.row_number().over(tenant) > 1).alias("is_strange"),
    )
    marked = placed.join(ranked, on=["person_id", "one_id"], how="left")
    return (
        marked.groupBy("id_type")
        .agg(
            F.count("*").alias("planted"),
            F.count("one_id").alias("seen"),
            F.count_if((F.col("owners") > 1) & F.col("one_id").isNotNull()).alias("shared"),
            F.count_if(judged & F.col("is_apart")).alias("apart"),
            F.count_if(judged & F.col("is_strange")).alias("strange"),
        )
        .orderBy(F.desc("apart"), "id_type")
    )
