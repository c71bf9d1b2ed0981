"""The ledger of ids that last: who keeps yesterday's one_id, what is minted, where retired ids lead."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.minting import mint
from lakehouse.frames import few

FACTS = ("token", "first_seen_at", "is_verified")


@dataclass(frozen=True)
class Assignment:
    """What one identity run decided.

    ``map (token, one_id)``: every token of today. ``aliases (old_id, current_id, reason)``: ids retired by
    this run; reason ``merge``, or ``vanish`` for an id none of whose tokens is left (it stands for itself).
    ``events (event_type, one_id, other_id, n_tokens, run_id)``: ``create`` one_id; ``merge`` other_id into
    one_id; ``split`` n_tokens from one_id to other_id.
    """

    map: DataFrame
    aliases: DataFrame
    events: DataFrame


def assign(
    clusters: DataFrame,
    previous: DataFrame,
    vertices: DataFrame | None,
    run_id: str,
    *,
    retired: DataFrame | None = None,
    former: DataFrame | None = None,
) -> Assignment:
    """Give today's ``clusters (token, component: long)`` their ids, from ``previous (token, one_id)``.

    ``vertices (token, first_seen_at, is_verified)`` says which identifiers are old and which prove their
    person; one that it lacks counts as seen in 1970 and unverified. None: ``clusters`` has these columns.
    ``retired (old_id)``: ids that are never minted again (all that there ever were). ``former (token, one_id, first_seen_at,
    is_verified)``: who had what before, of ids that nobody has now, all of their tokens, each once for an id; a token of
    no cluster here stands elsewhere. Such an id comes back to the cluster that holds most of its evidence, where that has
    no other: a merge undone. ``run_id`` names this run and no other.
    Equal inputs give equal outputs, in whatever order rows and labels come. To compute the decisions once for all
    three frames: ``assignment(decide(…).persist(), clusters, previous, run_id)``.
    """
    decisions = decide(clusters, previous, vertices, run_id, retired=retired, former=former)
    return assignment(decisions, clusters, previous, run_id)


def decide(
    clusters: DataFrame,
    previous: DataFrame,
    vertices: DataFrame | None,
    run_id: str,
    *,
    retired: DataFrame | None = None,
    former: DataFrame | None = None,
) -> DataFrame:
    """One row per overlap of a cluster of today with an id of yesterday (null: tokens that had none).

    Columns ``component, previous_id, n_tokens, is_claim, is_fresh, is_head, one_id``. Each id of yesterday is
    claimed by the cluster that holds most of its evidence (verified tokens, then tokens, then the oldest); a
    cluster with several claims keeps the oldest verified id, one with none gets back a ``former`` one or a minted one. So
    a cluster that did not change keeps its id.
    """
    known = clusters if vertices is None else clusters.join(vertices.select(*FACTS), on="token", how="left")
    before = previous.select("token", F.col("one_id").alias("previous_id"))
    ranked = _ranked(_overlaps(known.join(before, on="token", how="left")))
    if former is not None:
        ranked = _revived(ranked, clusters, former)
    return _with_ids(ranked, previous, retired, run_id)


def assignment(decisions: DataFrame, clusters: DataFrame, previous: DataFrame, run_id: str) -> Assignment:
    """The three frames that follow from the rows of :func:`decide`."""
    ids = decisions.where(F.col("is_head")).select("component", "one_id")
    mapped = clusters.join(ids, on="component", how="inner").select("token", "one_id")
    return Assignment(mapped, _aliases(decisions, previous), _events(decisions, run_id))


def named(moved: DataFrame, taken: DataFrame, run_id: str) -> DataFrame:
    """``moved`` of :func:`identity.assigning.moved_here` with ``one_id``: kept or minted, as :func:`decide` has it.

    ``taken (one_id)``: ids that are never minted again, those at least that founders ever had.
    """
    founded_at = F.timestamp_micros("founded_at")
    fresh = F.when(F.isnull("kept_id"), mint(founded_at, F.col("founder"), F.lit("")))
    rows = moved.withColumn("fresh_id", fresh).localCheckpoint()
    asked = few(rows.where(F.col("fresh_id").isNotNull()).select("fresh_id").distinct())
    known = taken.select(F.col("one_id").alias("fresh_id"))
    used = known.join(asked, on="fresh_id", how="left_semi").distinct().withColumn("is_used", F.lit(True))
    again = mint(founded_at, F.col("founder"), F.lit(run_id))
    one_id = F.coalesce("kept_id", F.when(F.col("is_used"), again).otherwise(F.col("fresh_id")))
    return rows.join(few(used), on="fresh_id", how="left").withColumn("one_id", one_id)


def _overlaps(held: DataFrame) -> DataFrame:
    """One row per overlap with its evidence, from identifiers with ``component`` and ``previous_id``."""
    founded_at = F.coalesce("first_seen_at", F.timestamp_millis(F.lit(0)))
    founder = F.struct(founded_at.alias("founded_at"), F.col("token").alias("token"))
    return held.groupBy("component", "previous_id").agg(
        F.count(F.lit(1)).alias("n_tokens"),
        F.count_if(F.coalesce("is_verified", F.lit(False))).alias("n_verified"),
        F.min(founder).alias("founder"),
    )


def _most_evidence() -> tuple[Column, ...]:
    """Order of clusters that hold parts of one id: verified identifiers, then identifiers, then the oldest."""
    return F.col("n_verified").desc(), F.col("n_tokens").desc(), F.col("founder")


def _age_of_claim() -> Column:
    """Order of ids that one cluster could have: the least is the oldest verified one."""
    return F.struct((F.col("n_verified") == 0).alias("is_unverified"), "previous_id")


def _ranked(overlaps: DataFrame) -> DataFrame:
    """Adds who claims which id, and per cluster: the id kept, the founder, whether all of it is new."""
    # Tokens without an id are spread by cluster: they must not all meet in one partition.
    of_id = Window.partitionBy(F.coalesce("previous_id", F.concat(F.lit("~"), F.col("component"))))
    most = of_id.orderBy(*_most_evidence())
    claims = overlaps.withColumn("is_claim", F.col("previous_id").isNotNull() & (F.row_number().over(most) == 1))
    of_cluster = Window.partitionBy("component")
    return claims.select(
        "*",
        F.min(F.when(F.col("is_claim"), _age_of_claim())).over(of_cluster)["previous_id"].alias("kept_id"),
        F.min("founder").over(of_cluster).alias("first"),
        F.bool_and(F.col("previous_id").isNull()).over(of_cluster).alias("is_fresh"),
    )


def _revived(ranked: DataFrame, clusters: DataFrame, former: DataFrame) -> DataFrame:
    """Clusters that keep no id get back the oldest verified one of those that nobody has and that they hold most of."""
    then = former.select(*FACTS, F.col("one_id").alias("previous_id"))
    shares = _overlaps(then.join(clusters.select("token", "component"), on="token", how="left"))
    most = Window.partitionBy("previous_id").orderBy(*_most_evidence())
    heirs = shares.withColumn("rank", F.row_number().over(most))
    homeless = ranked.where(F.col("kept_id").isNull()).select("component").distinct()
    back = (
        heirs.where("rank = 1")
        .join(homeless, on="component", how="left_semi")
        .groupBy("component")
        .agg(F.min(_age_of_claim())["previous_id"].alias("back_id"))
    )
    return (
        ranked.join(F.broadcast(few(back)), on="component", how="left")
        .withColumn("kept_id", F.coalesce("kept_id", "back_id"))
        .drop("back_id")
    )


def _with_ids(ranked: DataFrame, previous: DataFrame, retired: DataFrame | None, run_id: str) -> DataFrame:
    """The id of each cluster: kept or minted; one that is or was in use is minted anew with ``run_id``."""
    ids = previous.select(F.col("one_id").alias("fresh_id"))
    if retired is not None:
        ids = ids.unionByName(retired.select(F.col("old_id").alias("fresh_id")))
    minted = ranked.withColumn("fresh_id", F.when(F.col("kept_id").isNull(), _minted(""))).localCheckpoint(eager=False)
    asked = few(minted.where(F.col("fresh_id").isNotNull()).select("fresh_id"))
    used = ids.join(asked, on="fresh_id", how="left_semi").groupBy("fresh_id").agg(F.lit(True).alias("is_used"))
    one_id = F.coalesce("kept_id", F.when(F.col("is_used"), _minted(run_id)).otherwise(F.col("fresh_id")))
    return minted.join(used, on="fresh_id", how="left").select(
        "component",
        "previous_id",
        "n_tokens",
        "is_claim",
        "is_fresh",
        (F.col("founder") == F.col("first")).alias("is_head"),
        one_id.alias("one_id"),
    )


def _minted(nonce: str) -> Column:
    return mint(F.col("first.founded_at"), F.col("first.token"), F.lit(nonce))


def _is_merged() -> Column:
    return F.col("is_claim") & (F.col("previous_id") != F.col("one_id"))


def _aliases(decisions: DataFrame, previous: DataFrame) -> DataFrame:
    merged = decisions.where(_is_merged()).select(
        F.col("previous_id").alias("old_id"),
        F.col("one_id").alias("current_id"),
        F.lit("merge").alias("reason"),
    )
    left = decisions.where(F.col("previous_id").isNotNull()).select(F.col("previous_id").alias("old_id"))
    vanished = (
        previous.select(F.col("one_id").alias("old_id"))
        .distinct()
        .join(left, on="old_id", how="left_anti")
        .select("old_id", F.col("old_id").alias("current_id"), F.lit("vanish").alias("reason"))
    )
    return merged.unionByName(vanished)


def _events(decisions: DataFrame, run_id: str) -> DataFrame:
    known = F.col("previous_id").isNotNull()
    kind = F.when(_is_merged(), "merge").when(known & ~F.col("is_claim"), "split").when(F.col("is_fresh"), "create")
    is_split = F.col("event_type") == "split"
    other = F.when(is_split, F.col("one_id")).when(F.col("event_type") == "merge", F.col("previous_id"))
    return (
        decisions.withColumn("event_type", kind)
        .where(F.col("event_type").isNotNull())
        .select(
            "event_type",
            F.when(is_split, F.col("previous_id")).otherwise(F.col("one_id")).alias("one_id"),
            other.alias("other_id"),
            "n_tokens",
            F.lit(run_id).alias("run_id"),
        )
    )
