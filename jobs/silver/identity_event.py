"""The job of silver.identity_event."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.frames import few, is_small
from lakehouse.job import SEPARATOR, Changed, Group, job
from lakehouse.load import Merge
from lakehouse.tables import ops, silver

MOVES = "from_id string, to_id string, moved_at timestamp, n_tokens long, is_split boolean"


@job(
    writes=silver.IDENTITY_EVENT,
    reads={
        "changed": Changed(((silver.IDENTITY_MAP, ("one_id", "valid_from")), (ops.IDENTITY_OVERRIDE, "override_id"))),
        "identity_map": silver.IDENTITY_MAP,
        "overrides": ops.IDENTITY_OVERRIDE,
        "known": silver.IDENTITY_EVENT,
    },
    load=Merge(),
    group=Group.IDENTITY,
    version=2,
)
def identity_event(changed: DataFrame, *, identity_map: DataFrame, overrides: DataFrame, known: DataFrame) -> DataFrame:
    """Read off the map's history what happened to the changed ids: created, merged, split off, decided upon."""
    rows = identity_map
    if is_small(known) or not known.isEmpty():  # at first all ids are new
        told = few(_changed(changed))
        if not is_small(known):  # there a query more costs more than rows that say the same again
            told = few(_told(told, identity_map, known))
        rows = identity_map.join(told, on="one_id", how="left_semi").localCheckpoint()
    own = _created(rows).select(
        F.lit("create").alias("event_type"),
        "one_id",
        F.col("one_id").alias("other_id"),
        "n_tokens",
        "occurred_on",
    )
    moves = _moves(rows, identity_map)
    moved = moves.select(
        F.when(F.col("is_split"), "split").otherwise("merge").alias("event_type"),
        F.when(F.col("is_split"), F.col("from_id")).otherwise(F.col("to_id")).alias("one_id"),
        F.when(F.col("is_split"), F.col("to_id")).otherwise(F.col("from_id")).alias("other_id"),
        "n_tokens",
        "moved_at",
    )
    moved = moved.groupBy("event_type", "one_id", "other_id").agg(
        F.max("n_tokens").alias("n_tokens"), F.max("moved_at").cast("date").alias("occurred_on")
    )
    asked = few(changed.where(F.col("kind") == "override_id").select(F.col("key").alias("override_id")).distinct())
    return own.unionByName(moved).unionByName(_decided(overrides.join(asked, "override_id", "left_semi"), identity_map))


def _changed(changed: DataFrame) -> DataFrame:
    """``(one_id, since)`` of the map's changed rows: the first day of any of them."""
    values = F.split("key", SEPARATOR)
    rows = changed.where(F.col("kind") == "one_id").select(values[0].alias("one_id"), values[1].alias("valid_from"))
    return rows.groupBy("one_id").agg(F.min(F.col("valid_from").cast("date")).alias("since"))


def _told(ids: DataFrame, identity_map: DataFrame, known: DataFrame) -> DataFrame:
    """Which of the changed ids ``(one_id, since)`` have something to tell: new ones, and those that identifiers have left.

    A person who only grew has not: what was told of the day of its creation stays so, unless that is the very day that changed.
    """
    created = known.where("event_type = 'create'").select("one_id", "occurred_on")
    is_past = F.col("occurred_on") < F.col("since")
    fresh = ids.join(few(created.join(ids, on="one_id", how="inner").where(is_past)), on="one_id", how="left_anti")
    left = identity_map.where(~F.col("is_current")).join(ids, on="one_id", how="left_semi")
    return fresh.select("one_id").unionByName(left.select("one_id")).distinct()


def _created(rows: DataFrame) -> DataFrame:
    """``(one_id, n_tokens, occurred_on)``: the first day of each id, and how many identifiers it had then."""
    by_person = rows.repartition("one_id")  # for all three groupings, which would shuffle each for itself
    first = by_person.groupBy("one_id", "token").agg(F.min("valid_from").alias("since"))
    days = first.groupBy("one_id", "since").agg(F.count("*").alias("n_tokens"))
    return days.groupBy("one_id").agg(
        F.min_by("n_tokens", "since").alias("n_tokens"), F.min("since").cast("date").alias("occurred_on")
    )


def _moves(rows: DataFrame, identity_map: DataFrame) -> DataFrame:
    """``(from_id, to_id, moved_at, n_tokens, is_split)`` of identifiers that left an id; ``rows`` are all rows of such ids.

    A split where somebody stayed with the old id. Who came back since did not stay: that row opened with a move.
    """
    closed = few(
        rows.where(~F.col("is_current")).select(
            "token", F.col("one_id").alias("from_id"), F.col("valid_to").alias("moved_at")
        )
    )
    after = identity_map.select("token", F.col("one_id").alias("to_id"), F.col("valid_from").alias("moved_at"))
    if not is_small(rows):  # rows of earlier days stand in files of their own, which need not be read
        first = closed.agg(F.min("moved_at")).collect()[0][0]
        if first is None:
            return rows.sparkSession.createDataFrame([], MOVES)
        after = after.where(F.col("moved_at") >= F.lit(first))
    moves = few(
        after.join(closed, on=["token", "moved_at"], how="inner")
        .where(F.col("from_id") != F.col("to_id"))
        .groupBy("from_id", "to_id", "moved_at")
        .agg(F.count_distinct("token").alias("n_tokens"))
    )
    left = few(moves.select(F.col("from_id").alias("one_id")).distinct())
    theirs = few(rows.join(left, on="one_id", how="left_semi").select("token", "one_id", "valid_from", "valid_to"))
    came = few(
        identity_map.where(~F.col("is_current"))
        .join(theirs.select("token").distinct(), on="token", how="left_semi")
        .groupBy("token", F.col("valid_to").alias("valid_from"))
        .agg(F.collect_set("one_id").alias("left_ids"))
    )
    is_move = F.coalesce(F.size(F.array_except("left_ids", F.array("one_id"))) > 0, F.lit(False))
    at = F.col("moved_at")
    stayed = (
        theirs.join(came, on=["token", "valid_from"], how="left")
        .select(F.col("one_id").alias("from_id"), "valid_from", "valid_to", is_move.alias("opened_by_move"))
        .join(moves.select("from_id", "moved_at").distinct(), on="from_id", how="inner")
        .where(F.col("valid_to").isNull() | (F.col("valid_to") > at))
        .where((F.col("valid_from") < at) | ((F.col("valid_from") == at) & ~F.col("opened_by_move")))
        .select("from_id", "moved_at", F.lit(True).alias("_stayed"))
        .distinct()
    )
    joined = moves.join(stayed, on=["from_id", "moved_at"], how="left")
    return joined.withColumn("is_split", F.coalesce("_stayed", F.lit(False)))


def _decided(overrides: DataFrame, identity_map: DataFrame) -> DataFrame:
    """Decisions as events of the person that the first of their two identifiers had then (or first, where that was later)."""
    made = few(overrides.select("override_id", "kind", F.col("a_token").alias("token"), "made_at"))
    owners = identity_map.select("token", F.col("one_id"), "valid_from").join(made, on="token", how="inner")
    was_then = F.col("valid_from") <= F.col("made_at")
    order = F.struct(was_then, F.when(was_then, F.unix_micros("valid_from")).otherwise(-F.unix_micros("valid_from")))
    return (
        owners.groupBy("kind", "override_id")
        .agg(F.max_by("one_id", order).alias("one_id"), F.max(F.to_date("made_at")).alias("occurred_on"))
        .select(
            F.col("kind").alias("event_type"),
            "one_id",
            F.col("override_id").alias("other_id"),
            F.lit(2).cast("bigint").alias("n_tokens"),
            "occurred_on",
        )
    )
