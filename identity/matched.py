"""Records that are alike enough to be one person's, as evidence for the graph: kith match on a table of the lake."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.match.kinds import Kind

COLUMNS = {
    "name": Kind.FULL_NAME,
    "gender": Kind.CATEGORY,
    "birth_on": Kind.BIRTH,
    "city": Kind.PLACE,
    "phone_token": Kind.NATIONAL_ID,
    "email_token": Kind.NATIONAL_ID,
}
"""Columns of silver.customer_record that are compared; contacts are hashes, which agree or do not."""

LEAST = 0.99
"""Probability from which two records are evidence: a cluster is wrong more easily than a pair."""

RULE = "match"
RESULT = "one string, other string, probability double"


def matches(records: DataFrame, identifiers: DataFrame, first_seen_at: str) -> DataFrame:
    """Edges ``(src_token, dst_token, src_type, dst_type, rule_id, match_probability, first_seen_at)`` between alike records.

    ``records (customer_token, …)``: rows of silver.customer_record with a name and something besides; the newest of each
    token speaks. ``identifiers (id_token, id_type)``. ``first_seen_at``: column of the records that says since when. One
    worker does it in memory, about 4 GB for a million records; the model is trained on the very records, without labels, and
    clusters are guarded as ``kith match`` guards them.
    """
    beside = F.coalesce(*[F.col(name).cast("string") for name in ("birth_on", "phone_token", "email_token")])
    usable = records.where(F.col("name").isNotNull() & F.col("customer_token").isNotNull() & beside.isNotNull())
    values = [F.col(name).cast("string").alias(name) for name in COLUMNS]
    newest = F.max_by(F.struct(*values), F.struct("_sequence", "_row_hash")).alias("said")
    seen = F.min(first_seen_at).alias("seen_at")
    people = usable.groupBy(F.col("customer_token").alias("token")).agg(newest, seen).localCheckpoint()
    found = people.select("token", "said.*").coalesce(1).mapInArrow(_matched, RESULT)
    types = identifiers.select(F.col("id_token").alias("token"), "id_type").join(
        people.select("token", "seen_at"), on="token", how="inner"
    )
    one, other = (
        types.select(
            F.col("token").alias(end), F.col("id_type").alias(f"{end}_type"), F.col("seen_at").alias(f"{end}_at")
        )
        for end in ("one", "other")
    )
    return (
        found.join(one, on="one", how="inner")
        .join(other, on="other", how="inner")
        .select(
            F.col("one").alias("src_token"),
            F.col("other").alias("dst_token"),
            F.col("one_type").alias("src_type"),
            F.col("other_type").alias("dst_type"),
            F.concat(F.lit(f"{RULE}/"), "one_type", F.lit("~"), "other_type").alias("rule_id"),
            F.round("probability", 3).alias("match_probability"),
            F.greatest("one_at", "other_at").alias("first_seen_at"),
        )
    )


def _matched(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows ``(token, …)`` in any order and number, pairs of tokens out, the lesser first."""
    import duckdb

    from identity.match import MatchSettings, match, read_table
    from identity.match.training import probability

    rows = [batch for batch in batches if batch.num_rows]
    if sum(batch.num_rows for batch in rows) < 2:
        return
    table = pa.Table.from_batches(rows).sort_by("token")
    settings = MatchSettings(columns=dict(COLUMNS))
    con = duckdb.connect(config={"threads": 1})
    found = match(con, read_table(con, table, "token", settings), settings, lambda _said: None)
    tokens = np.array([row[0] for row in con.execute("SELECT id FROM raw ORDER BY rid").fetchall()], dtype=object)
    scored, sure = found.scored, probability(found.scored.weights)
    kept = (sure >= LEAST) & (found.clusters[scored.left] == found.clusters[scored.right])
    ends = np.sort(np.stack([tokens[scored.left[kept]], tokens[scored.right[kept]]]), axis=0)
    columns = [pa.array(ends[0], pa.string()), pa.array(ends[1], pa.string()), pa.array(sure[kept])]
    yield pa.RecordBatch.from_arrays(columns, names=["one", "other", "probability"])


def as_edges(found: DataFrame) -> DataFrame:
    """Rows of :func:`matches` as edges of evidence: strong, weighing what they are sure of, seen once."""
    return found.select(
        "src_token",
        "dst_token",
        "src_type",
        "dst_type",
        "rule_id",
        F.lit("strong").alias("edge_type"),
        F.col("match_probability").alias("weight"),
        F.lit(True).alias("is_merging"),
        "first_seen_at",
        F.col("first_seen_at").alias("last_seen_at"),
        F.lit(1).cast("bigint").alias("evidence_count"),
    )
