"""Fences by increments: the edges whose judgement changed evidence may have changed, judged as if all had been judged again."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.fences import (
    AGAINST,
    EDGE,
    ENDS,
    REASONS,
    asking,
    counts,
    crowded,
    ended,
    expired,
    is_placeholder,
    lent,
    spoken_against,
    verdict,
)
from identity.identifiers import IdentityRules
from lakehouse.frames import few

KEY = (*ENDS, "rule_id")


def rejudge(fresh: DataFrame, known: DataFrame, rules: IdentityRules, day: date, placeholders: DataFrame) -> DataFrame:
    """The edges to be merged into ``known`` so that it equals :func:`identity.fences.judge` of all edges.

    ``fresh``: new and changed edges as :func:`identity.edges.edges` gives them; ``known``: judged edges, with :data:`REASONS`
    and ``fence_reason``; ``placeholders (token, reason)``. What a change can do: it moves the sums of its ends (witnesses,
    degrees); an edge that thereby begins or ceases to count moves the degree of its other end; and a value over a cap takes all
    its edges along. So two rings of edges around the changed ones are judged; of the rest of the table three columns are read.
    """
    before = known.withColumn("is_merging", F.col("is_merging") | F.col("fence_reason").isNotNull())
    tokens = few(_moved(fresh, before, rules, day, placeholders))
    rest = _at(before, tokens).join(few(fresh.select(*KEY)), on=list(KEY), how="left_anti")
    ring = _judged_again(fresh, rest, rules, day, placeholders).localCheckpoint()
    turned = few(_turned(ring).join(tokens, on="token", how="left_anti"))
    outer = _at(before, turned).join(tokens.select(F.col("token").alias("src_token")), on="src_token", how="left_anti")
    outer = outer.join(tokens.select(F.col("token").alias("dst_token")), on="dst_token", how="left_anti")
    edges = ring.select(*EDGE, *REASONS).unionByName(_stored(outer).select(*EDGE, *REASONS)).localCheckpoint()
    anew = few(tokens.unionByName(turned))
    crowds = few(crowded(_bare(edges), rules).join(anew, on="token", how="left_semi"))
    return verdict(_replaced(_replaced(edges, anew, crowds, "src"), anew, crowds, "dst"))


def _moved(fresh: DataFrame, before: DataFrame, rules: IdentityRules, day: date, placeholders: DataFrame) -> DataFrame:
    """``(token)``: the ends of fresh edges, of edges that expire, and values that became placeholders or ceased to be."""
    moved = _tokens(fresh)
    if any(kind.edge_ttl_days for kind in rules.identifiers):
        is_new = expired(rules, day).isNotNull() & ~F.coalesce(
            F.col("edge_reason").startswith("expired:"), F.lit(False)
        )
        moved = moved.unionByName(_tokens(before.where(is_new)))
    were = [
        before.where(is_placeholder(F.col(f"{end}_reason"))).select(F.col(f"{end}_token").alias("token"))
        for end in ("src", "dst")
    ]
    marks = (
        were[0]
        .unionByName(were[1])
        .distinct()
        .withColumn("n", F.lit(1))
        .unionByName(placeholders.select("token", F.lit(2).alias("n")))
    )
    other = marks.groupBy("token").agg(F.sum("n").alias("n")).where(F.col("n") < 3).select("token")
    return moved.unionByName(other).distinct()


def _tokens(edges: DataFrame) -> DataFrame:
    return edges.select(F.explode(F.array(*ENDS)).alias("token"))


def _at(edges: DataFrame, tokens: DataFrame) -> DataFrame:
    """The edges with an end among the tokens, with ``_src`` and ``_dst``: which."""
    for end in ("src", "dst"):
        mark = tokens.select(F.col("token").alias(f"{end}_token"), F.lit(True).alias(f"_{end}"))
        edges = edges.join(mark, on=f"{end}_token", how="left")
    return edges.where(F.col("_src") | F.col("_dst"))


def _judged_again(
    fresh: DataFrame, rest: DataFrame, rules: IdentityRules, day: date, placeholders: DataFrame
) -> DataFrame:
    """Both, with their own reasons and those of placeholders; ``_was_counting`` tells how the rest counted before."""
    null, yes = F.lit(None).cast("string"), F.lit(True)
    stored = {f"_{name}": F.col(name) for name in REASONS}
    new = {"_src": yes, "_dst": yes, "_was_counting": F.lit(None).cast("boolean")}
    both = fresh.withColumns({**dict.fromkeys(stored, null), **new}).unionByName(
        rest.withColumns({**stored, "_was_counting": _counting()}).drop(*REASONS, "fence_reason")
    )
    judged = spoken_against(both, rules)
    reason = F.coalesce(expired(rules, day), _witnesses(rules), _gap(rules))
    judged = judged.withColumn("edge_reason", reason).drop(*AGAINST)
    return ended(judged, placeholders).withColumns(
        {
            f"{end}_reason": F.coalesce(f"{end}_reason", F.when(~_is_empty(f"_{end}_reason"), F.col(f"_{end}_reason")))
            for end in ("src", "dst")
        }
    )


def _witnesses(rules: IdentityRules) -> Column:
    """Too few witnesses: as judged now where the other end, whose records count, is here with all its edges, else as known."""
    types = asking(rules)
    here = F.when(F.col("dst_type").isin(types), F.col("_src")).otherwise(F.col("_dst"))
    return _now_or_before("witness_reason", here, "witness:")


def _gap(rules: IdentityRules) -> Column:
    """Too long between uses: as judged now where the device is here with all its edges, else as known."""
    here = F.when(F.col("dst_type").isin(lent(rules)), F.col("_dst")).otherwise(F.col("_src"))
    return _now_or_before("gap_reason", here, "shared_device:")


def _now_or_before(name: str, here: Column, code: str) -> Column:
    known = F.when(F.col("_edge_reason").startswith(code), F.col("_edge_reason"))
    return F.when(F.coalesce(here, F.lit(False)), F.col(name)).otherwise(known)


def _is_empty(name: str) -> Column:
    return F.coalesce(is_placeholder(F.col(name)), F.lit(False))


def _counting() -> Column:
    empty = _is_empty("src_reason") | _is_empty("dst_reason")
    return F.col("is_merging") & F.col("edge_reason").isNull() & ~empty


def _turned(ring: DataFrame) -> DataFrame:
    """``(token)`` of the ends of edges that were known and now count otherwise."""
    was = F.col("_was_counting")
    return _tokens(ring.where(was.isNotNull() & (was != _counting()))).distinct()


def _stored(outer: DataFrame) -> DataFrame:
    return outer.drop("fence_reason", "_src", "_dst")


def _bare(edges: DataFrame) -> DataFrame:
    """The edges that count, whatever crowds their ends had."""
    return counts(edges).select(*EDGE, *REASONS)


def _replaced(edges: DataFrame, anew: DataFrame, crowds: DataFrame, end: str) -> DataFrame:
    """Ends that were counted anew take the crowd's reason that they have now, or none; placeholders stay."""
    name, token = f"{end}_reason", f"{end}_token"
    mark = anew.select(F.col("token").alias(token), F.lit(True).alias("_anew"))
    at = crowds.select(F.col("token").alias(token), F.col("reason").alias("_crowd"))
    now = F.when(_is_empty(name), F.col(name)).when(F.col("_anew"), F.col("_crowd")).otherwise(F.col(name))
    marked = edges.join(mark, on=token, how="left").join(at, on=token, how="left")
    return marked.withColumn(name, now).drop("_anew", "_crowd")
