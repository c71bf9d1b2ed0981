"""Resolved identities against the planted truth: pairs right and missed, and which kinds of identifier went astray."""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from identity.evaluate import PairScores, pairwise
from jobs.context import Context
from jobs.reporting.store import Row
from lakehouse.standardise.rules import IDENTIFIER_RULES, identifier_rule
from lakehouse.standardise.token import LENGTH
from lakehouse.tables import silver


@dataclass(frozen=True, slots=True)
class Accuracy:
    """``scores`` judge the identifiers that some record shows; ``planted`` counts all, shown or not.

    ``by_type``: ``id_type, planted, seen, shared, apart, strange`` identifiers: planted, seen in a record, of
    several people (not judged), outside the cluster that has most of their person, in a cluster that is mostly
    someone else's.
    """

    scores: PairScores
    planted: int
    by_type: Sequence[Row]


def truth_folder(context: Context) -> Path:
    """Where the simulation tells whose each identifier is."""
    return Path(context.settings.home) / "simulated" / "truth" / "identifier"


def measure(context: Context) -> Accuracy | None:
    """Compare ``silver.identity_map`` with the truth; None where there is no truth."""
    folder = truth_folder(context)
    if not folder.is_dir():
        return None
    planted = tokenised(context.spark.read.parquet(str(folder)), context.key).persist()
    current = context.lake.read(silver.IDENTITY_MAP).where("is_current").select("token", "one_id").persist()
    try:
        seen = planted.join(current.select("token"), on="token", how="left_semi")
        rows: list[Row] = by_type(planted, current).toArrow().to_pylist()
        return Accuracy(pairwise(current, seen), sum(row["planted"] for row in rows), rows)
    finally:
        planted.unpersist()
        current.unpersist()


def tokenised(truth: DataFrame, key: bytes) -> DataFrame:
    """``person_id, id_type, token`` of a truth ``(person_id, id_type, value)``, standardised as sources are, and hashed.

    Values that their rule refuses are left out. The hash is that of :func:`lakehouse.standardise.token.token`, here by
    the standard library: the type is data, and an expression for each type would be more code than the JVM compiles.
    """
    by_rule = {rule: [t for t, its in IDENTIFIER_RULES.items() if its == rule] for rule in IDENTIFIER_RULES.values()}
    special = [_clean(truth.where(F.col("id_type").isin(*types)), types[0]) for types in by_rule.values()]
    others = _clean(truth.where(~F.col("id_type").isin(*IDENTIFIER_RULES)), "")
    known = reduce(DataFrame.unionByName, special, others).where(F.col("value").isNotNull())

    def hashed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            pairs = zip(batch.column(1).to_pylist(), batch.column(2).to_pylist(), strict=True)
            tokens = [hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()[:LENGTH] for kind, value in pairs]
            yield pa.RecordBatch.from_arrays(
                [batch.column(0), batch.column(1), pa.array(tokens, pa.string())], ["person_id", "id_type", "token"]
            )

    return known.mapInArrow(hashed, "person_id string, id_type string, token string").distinct()


def _clean(truth: DataFrame, id_type: str) -> DataFrame:
    """The truth's values by one identifier type's rule: branches apart, since all rules in one expression are too much code."""
    return truth.select("person_id", "id_type", identifier_rule(id_type)(F.col("value"))["value"].alias("value"))


def by_type(planted: DataFrame, current: DataFrame) -> DataFrame:
    """Of each identifier type: how many were planted, seen, shared, astray (see :class:`Accuracy`), worst first.

    ``planted (person_id, id_type, token)`` without repetitions, ``current (token, one_id)``; a handful of rows.
    """
    owners = planted.groupBy("id_type", "token").agg(
        F.min("person_id").alias("person_id"), F.count("*").alias("owners")
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
