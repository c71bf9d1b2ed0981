"""How right the resolved identities are against planted truth, and how large the clusters are."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


@dataclass(frozen=True)
class PairScores:
    """Pairwise and B-cubed accuracy. ``pairs_*`` count unordered pairs of identifiers.

    With no predicted pair precision is 1 (nothing wrong was claimed); with no true pair recall is 1.
    """

    tokens: int
    pairs_true: int
    pairs_predicted: int
    pairs_common: int
    bcubed_precision: float
    bcubed_recall: float

    @property
    def precision(self) -> float:
        """Share of the predicted pairs that are true."""
        return self.pairs_common / self.pairs_predicted if self.pairs_predicted else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were predicted."""
        return self.pairs_common / self.pairs_true if self.pairs_true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def pairwise(predicted: DataFrame, truth: DataFrame) -> PairScores:
    """Compare ``predicted (token, one_id)`` with ``truth (token, person_id)``; one Spark job.

    Judged are the tokens of ``truth`` that belong to one person; a token of several (a shared tablet) has no
    right answer and is left out, and so is one that the truth does not know. A judged token that was not
    predicted is a cluster of its own and costs recall. Pairs are never listed: they follow from the sizes of
    person-by-cluster cells.
    """
    cells = _cells(predicted, truth)
    n, person, cluster = F.col("n"), F.col("n_person"), F.col("n_cluster")
    row = cells.agg(
        _total(n).alias("tokens"),
        _total(n * (n - 1)).alias("common"),
        _total(n * (person - 1)).alias("true"),
        _total(n * (cluster - 1)).alias("predicted"),
        F.coalesce(F.sum(n * n / cluster), F.lit(0.0)).alias("precision"),
        F.coalesce(F.sum(n * n / person), F.lit(0.0)).alias("recall"),
    ).first()
    if row is None:
        raise AssertionError("an aggregate without groups always has a row")
    tokens = int(row["tokens"])
    return PairScores(
        tokens=tokens,
        pairs_true=int(row["true"]) // 2,
        pairs_predicted=int(row["predicted"]) // 2,
        pairs_common=int(row["common"]) // 2,
        bcubed_precision=row["precision"] / tokens if tokens else 1.0,
        bcubed_recall=row["recall"] / tokens if tokens else 1.0,
    )


def cluster_sizes(predicted: DataFrame) -> DataFrame:
    """``(n_tokens, n_clusters)``: how many clusters of ``predicted (token, one_id)`` are of which size."""
    sizes = predicted.groupBy("one_id").agg(F.count(F.lit(1)).alias("n_tokens"))
    return sizes.groupBy("n_tokens").agg(F.count(F.lit(1)).alias("n_clusters")).orderBy("n_tokens")


def _cells(predicted: DataFrame, truth: DataFrame) -> DataFrame:
    """Person by cluster with the tokens of the cell (``n``), of the person and of the cluster."""
    owners = (
        truth.where(F.col("person_id").isNotNull() & F.col("token").isNotNull())
        .groupBy("token")
        .agg(F.min("person_id").alias("person_id"), F.max("person_id").alias("other_id"))
        .where(F.col("person_id") == F.col("other_id"))
    )
    # The prefixes keep a lonely token and a cluster's id apart, whatever they look like.
    cluster = F.coalesce(F.concat(F.lit("id:"), "one_id"), F.concat(F.lit("token:"), "token"))
    judged = owners.join(predicted.select("token", "one_id"), on="token", how="left")
    cells = judged.groupBy("person_id", cluster.alias("cluster")).agg(F.count(F.lit(1)).alias("n"))
    return cells.select(
        "n",
        F.sum("n").over(Window.partitionBy("person_id")).alias("n_person"),
        F.sum("n").over(Window.partitionBy("cluster")).alias("n_cluster"),
    )


def _total(value: Column) -> Column:
    return F.coalesce(F.sum(value), F.lit(0))
