"""What keeps a shared phone, a tablet or a placeholder from welding strangers: an edge merges only where no fence cuts it."""

from collections.abc import Callable
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules, attribute, lookup

ENDS = ("src_token", "dst_token")
EDGE = (
    *ENDS,
    "src_type",
    "dst_type",
    "rule_id",
    "edge_type",
    "weight",
    "is_merging",
    "first_seen_at",
    "last_seen_at",
    "evidence_count",
)
REASONS = ("edge_reason", "src_reason", "dst_reason")
"""Why the edge itself does not merge, and why its ends say nothing; each begins with the fence's code and a colon."""

AGAINST = ("witness_reason", "gap_reason")
"""What other edges say against an edge."""


def judge(edges: DataFrame, rules: IdentityRules, day: date, placeholders: DataFrame) -> DataFrame:
    """All edges of :func:`identity.edges.edges`, judged: with :data:`REASONS` and :func:`verdict`.

    ``placeholders (token, reason)``: values that stand for "unknown". ``day``: as of when edges expire.
    """
    own = own_reasons(edges, rules, day)
    marked = ended(own, placeholders)
    crowds = crowded(marked, rules)
    return verdict(_filled(_filled(marked, crowds, "src"), crowds, "dst"))


def verdict(edges: DataFrame) -> DataFrame:
    """The edges with ``fence_reason``, the first of placeholder, own reason and crowd; where there is one, they do not merge."""
    ends = [F.col(name) for name in ("src_reason", "dst_reason")]
    empty = [F.when(is_placeholder(end), end) for end in ends]
    reason = F.when(F.col("is_merging"), F.coalesce(*empty, "edge_reason", *ends))
    return edges.withColumn("fence_reason", reason).withColumn(
        "is_merging", F.col("is_merging") & F.col("fence_reason").isNull()
    )


def is_placeholder(reason: Column) -> Column:
    """Column: whether a value's reason says that it stands for "unknown"."""
    return reason.startswith("placeholder:")


def counts(edges: DataFrame) -> DataFrame:
    """The edges that count towards the degree of their ends: merging, of no placeholder, with no reason of their own."""
    empty = F.coalesce(is_placeholder(F.col("src_reason")) | is_placeholder(F.col("dst_reason")), F.lit(False))
    return edges.where(F.col("is_merging") & F.col("edge_reason").isNull() & ~empty)


def ended(edges: DataFrame, placeholders: DataFrame) -> DataFrame:
    """The edges with ``src_reason`` and ``dst_reason`` where an end is a placeholder, else null."""
    for end in ("src", "dst"):
        at = placeholders.select(F.col("token").alias(f"{end}_token"), F.col("reason").alias(f"{end}_reason"))
        edges = edges.join(F.broadcast(at), on=f"{end}_token", how="left")
    return edges


def own_reasons(edges: DataFrame, rules: IdentityRules, day: date) -> DataFrame:
    """The edges with ``edge_reason``: ``expired`` (not seen for its types' time), or what :func:`spoken_against` finds."""
    found = spoken_against(edges, rules)
    reason = F.coalesce(expired(rules, day), *AGAINST)
    return found.withColumn("edge_reason", reason).drop(*AGAINST)


def spoken_against(edges: DataFrame, rules: IdentityRules) -> DataFrame:
    """The edges with :data:`AGAINST`: what the other edges of an end say against each, null where nothing does.

    ``witness_reason``: a type may ask for witnesses: records that show the edge, and the share that these are of all records of
    its other end with that type. Sources that the type trusts (``vouched_by``) need none. ``gap_reason``: a trace that was not
    seen on a device (a type with ``max_gap_days``) within so many days of the use by any account is somebody else's, who had it
    before or has it now. Sums are over ``edges``: all of the other end, or of the device, must be there.
    """
    null = F.lit(None).cast("string")
    heard = _split(edges, _of(asking(rules)), "witness_reason", lambda part: _heard(part, rules, asking(rules)))
    apart = _split(heard, _of(lent(rules)), "gap_reason", lambda part: _apart(part, rules, lent(rules)))
    return apart.select(*edges.columns, *[F.coalesce(name, null).alias(name) for name in AGAINST])


def asking(rules: IdentityRules) -> list[str]:
    """The types that ask for witnesses."""
    return [kind.name for kind in rules.identifiers if kind.witnesses > 1 or kind.main_share > 0]


def lent(rules: IdentityRules) -> list[str]:
    """The types that pass from hand to hand: those with ``max_gap_days``."""
    return [kind.name for kind in rules.identifiers if kind.max_gap_days is not None]


def _of(types: list[str]) -> Column | None:
    """Column: whether an end of an edge has one of these types; None where there are none."""
    return F.col("src_type").isin(types) | F.col("dst_type").isin(types) if types else None


def _split(edges: DataFrame, is_asked: Column | None, name: str, judged: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The edges with the column that ``judged`` adds to the asked ones, null for the others."""
    null = F.lit(None).cast("string")
    if is_asked is None:
        return edges.withColumn(name, null)
    return edges.where(~is_asked).withColumn(name, null).unionByName(judged(edges.where(is_asked)))


def expired(rules: IdentityRules, day: date) -> Column:
    """Column over an edge: that it was not seen for its types' time, in words; null where it was."""
    days = F.least(*[attribute(rules, "edge_ttl_days", F.col(f"{end}_type")).cast("int") for end in ("src", "dst")])
    is_old = F.col("last_seen_at") < F.date_sub(F.lit(day), days).cast("timestamp")
    seen = F.date_format("last_seen_at", "yyyy-MM-dd")
    return F.when(is_old, F.concat(F.lit("expired: last seen on "), seen, F.lit(", edge_ttl_days "), days))


def _heard(edges: DataFrame, rules: IdentityRules, asking: list[str]) -> DataFrame:
    is_dst = F.col("dst_type").isin(asking)
    kind = F.when(is_dst, F.col("dst_type")).otherwise(F.col("src_type"))
    other = F.when(is_dst, F.col("src_token")).otherwise(F.col("dst_token"))
    trusted = {f"{one.name}|{source}": True for one in rules.identifiers for source in one.vouched_by}
    source = F.substring_index("rule_id", "/", 1)
    vouches = (
        F.coalesce(lookup(dict(trusted), F.concat_ws("|", kind, source)), F.lit(False)) if trusted else F.lit(False)
    )
    pair = Window.partitionBy("_other", "_kind", *ENDS)
    days = edges.withColumns({"_kind": kind, "_other": other, "_vouches": vouches}).withColumns(
        {
            "_days": F.sum("evidence_count").over(pair),
            "_all": F.sum("evidence_count").over(Window.partitionBy("_other", "_kind")),
            "_vouched": F.max("_vouches").over(pair),
        }
    )
    least, share = (attribute(rules, name, F.col("_kind")) for name in ("witnesses", "main_share"))
    few_days = F.concat(F.lit("witness: "), "_days", F.lit(" records say so, witnesses "), least)
    part = F.format_number(F.col("_days") / F.col("_all"), 2)
    little = F.concat(F.lit("witness: "), part, F.lit(" of its records say so, main_share "), share)
    reason = F.when(F.col("_days") < least, few_days).when(F.col("_days") / F.col("_all") < share, little)
    return days.withColumn("witness_reason", F.when(~F.col("_vouched"), reason)).select(
        *edges.columns, "witness_reason"
    )


def _apart(edges: DataFrame, rules: IdentityRules, types: list[str]) -> DataFrame:
    """The edges of devices with ``gap_reason``: days from a trace to the time between the first and last use by an account."""
    is_dst = F.col("dst_type").isin(types)
    kind = F.when(is_dst, F.col("dst_type")).otherwise(F.col("src_type"))
    other = attribute(rules, "kind", F.when(is_dst, F.col("src_type")).otherwise(F.col("dst_type")))
    device = Window.partitionBy(F.when(is_dst, F.col("dst_token")).otherwise(F.col("src_token")))
    is_use = (other == "account") & F.col("is_merging")
    since = F.min(F.when(is_use, F.col("first_seen_at"))).over(device)
    until = F.max(F.when(is_use, F.col("last_seen_at"))).over(device)
    gap = F.greatest(F.datediff("first_seen_at", until), F.datediff(since, "last_seen_at"))
    most = attribute(rules, "max_gap_days", kind)
    words = F.concat(
        F.lit("shared_device: "),
        kind,
        F.lit(": "),
        gap,
        F.lit(" days from any account's use, max_gap_days "),
        most,
    )
    return edges.withColumn("gap_reason", F.when((other == "trace") & (gap > most), words))


def crowded(edges: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(token, reason)`` of the values that too many share, by the edges that count (:func:`counts`).

    A value over a cap of its type loses all its merging edges, not only those to accounts: a tablet of two families says
    nothing about the cookies on it either. Degrees count distinct neighbours, whatever the rule; of a type with a window,
    those whose sightings meet in some window of so many days.
    """
    neighbours = (
        _ends(counts(edges))
        .repartition("token")
        .groupBy("token", "type", "neighbour", "neighbour_type")
        .agg(F.min("first_seen_at").alias("first_seen_at"), F.max("last_seen_at").alias("last_seen_at"))
    )
    found = _over(_degrees(neighbours, rules), rules)
    windows = [kind.name for kind in rules.identifiers if kind.degree_window_days]
    if windows:
        busy = found.where(F.col("type").isin(windows)).select("token")
        meeting = neighbours.join(busy, on="token", how="left_semi")
        ever = found.where(~F.col("type").isin(windows))
        found = ever.unionByName(_over(_degrees_at_once(meeting, rules), rules))
    return found.select("token", "reason")


def _degrees(neighbours: DataFrame, rules: IdentityRules) -> DataFrame:
    """``token, type, accounts, same_type, neighbours``: how many share each value. All groupings share one shuffle by token."""
    return (
        neighbours.groupBy("token", "type", "neighbour_type")
        .agg(F.count("*").alias("n"))
        .withColumn("n_accounts", F.when(_is_account(rules), F.col("n")))
        .groupBy("token")
        .agg(
            F.min("type").alias("type"),
            F.sum("n_accounts").alias("accounts"),
            F.max("n_accounts").alias("same_type"),
            F.sum("n").alias("neighbours"),
        )
    )


def _degrees_at_once(neighbours: DataFrame, rules: IdentityRules) -> DataFrame:
    """The same, of neighbours at one time: each counts from its first sighting until the type's window after its last.

    The greatest of the running sums over these moments.
    """
    days = attribute(rules, "degree_window_days", F.col("type")).cast("int")
    until = F.col("last_seen_at") + F.make_dt_interval(days)
    moments = F.array(
        F.struct(F.col("first_seen_at").alias("at"), F.lit(1).alias("step")),
        F.struct(until.alias("at"), F.lit(-1).alias("step")),
    )
    steps = neighbours.select("token", "type", "neighbour_type", F.explode(moments).alias("m")).select("*", "m.*")
    every = Window.partitionBy("token").orderBy("at", "step").rowsBetween(Window.unboundedPreceding, 0)
    kind = Window.partitionBy("token", "neighbour_type").orderBy("at", "step").rowsBetween(Window.unboundedPreceding, 0)
    account = F.when(_is_account(rules), F.col("step"))
    running = steps.select(
        "token",
        "type",
        F.sum(account).over(every).alias("accounts"),
        F.sum(account).over(kind).alias("same_type"),
        F.sum("step").over(every).alias("neighbours"),
    )
    return running.groupBy("token").agg(
        F.min("type").alias("type"), *[F.max(name).alias(name) for name in ("accounts", "same_type", "neighbours")]
    )


def _over(degrees: DataFrame, rules: IdentityRules) -> DataFrame:
    return degrees.select("token", "type", _excess(rules).alias("reason")).where(F.col("reason").isNotNull())


def _filled(edges: DataFrame, crowds: DataFrame, end: str) -> DataFrame:
    """The edges with the crowds' reasons where that end has none yet."""
    at = crowds.select(F.col("token").alias(f"{end}_token"), F.col("reason").alias("_crowd"))
    reason = F.coalesce(f"{end}_reason", "_crowd")
    return edges.join(at, on=f"{end}_token", how="left").withColumn(f"{end}_reason", reason).drop("_crowd")


def _ends(edges: DataFrame) -> DataFrame:
    """Each edge from both its ends: ``(token, type, neighbour, neighbour_type, first_seen_at, last_seen_at)``."""
    ends = F.explode(F.array(_end("src", "dst"), _end("dst", "src"))).alias("end")
    return edges.select(ends, "first_seen_at", "last_seen_at").select("end.*", "first_seen_at", "last_seen_at")


def _end(one: str, other: str) -> Column:
    return F.struct(
        F.col(f"{one}_token").alias("token"),
        F.col(f"{one}_type").alias("type"),
        F.col(f"{other}_token").alias("neighbour"),
        F.col(f"{other}_type").alias("neighbour_type"),
    )


def _is_account(rules: IdentityRules) -> Column:
    return attribute(rules, "kind", F.col("neighbour_type")) == "account"


def _excess(rules: IdentityRules) -> Column:
    """Which cap a value breaks, with the fence's code before it; null where it breaks none.

    What a machine left and several use is a shared device; anything else is over its degree.
    """
    is_device = attribute(rules, "kind", F.col("type")) == "trace"
    code = F.when(is_device, "shared_device: ").otherwise("degree: ")
    reason = F.lit(None).cast("string")
    caps = (
        ("neighbours", "max_neighbours", "identifiers seen with it"),
        ("same_type", "max_same_type", "accounts of one type share it"),
        ("accounts", "max_degree", "accounts share it"),
    )
    window = attribute(rules, "degree_window_days", F.col("type"))
    within = F.when(window.isNotNull(), F.concat(F.lit(" within "), window, F.lit(" days"))).otherwise("")
    for degree, cap, words in caps:
        limit = attribute(rules, cap, F.col("type"))
        text = F.concat(code, "type", F.lit(": "), degree, F.lit(f" {words}"), within, F.lit(f", {cap} "), limit)
        reason = F.when(F.col(degree) > limit, text).otherwise(reason)
    return reason
