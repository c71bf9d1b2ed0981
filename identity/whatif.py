"""What other identity rules would do to the people that are known now, without doing it."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.components.incremental import Change
from identity.edges import edges, strength
from identity.fences import judge
from identity.hygiene import placeholders
from identity.identifiers import IdentifierType, IdentityRules, attribute
from identity.refenced import rejudge
from identity.solving import is_weak, solve_touched
from lakehouse.frames import few

KEY = ("src_token", "dst_token", "rule_id")
WHEN_READ = frozenset({"invalid_texts", "invalid_regexp", "valid_regexp"})
"""Settings that hold where values are read, before they are hashed: nobody can tell afterwards what they would refuse."""


@dataclass(frozen=True)
class Lake:
    """The tables that the rules work on, as they are: observations, identifiers, judged edges, components, current map ``(token,
    one_id)``, and people's decisions that hold.
    """

    observations: DataFrame
    identifiers: DataFrame
    edges: DataFrame
    components: DataFrame
    current: DataFrame
    decided: DataFrame


@dataclass(frozen=True)
class Effect:
    """``people (token, id_type, one_id, component)``: every identifier that is solved anew, whose it is, and with whom it would
    be. ``edges (src_token, dst_token, rule_id, was, now)``: edges that would be judged otherwise: a fence's code, or null.
    """

    people: DataFrame
    edges: DataFrame


def differing(now: IdentityRules, then: IdentityRules) -> dict[str, frozenset[str]]:
    """Types whose settings differ, with the settings; all of a type that only one of the two has."""
    before, after = ({kind.name: kind for kind in rules.identifiers} for rules in (now, then))
    found = {}
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        fields = frozenset(IdentifierType.model_fields)
        if one is not None and other is not None:
            fields = frozenset(field for field in fields if getattr(one, field) != getattr(other, field))
        if fields:
            found[name] = fields
    return found


def effect(lake: Lake, now: IdentityRules, then: IdentityRules, day: date) -> Effect:
    """What becomes of edges and people under the rules ``then`` where ``now`` held; nothing is written.

    Only edges of types that differ are judged again, with what hangs on them (:func:`identity.refenced.rejudge`), and only
    the components that these touch are solved. Another order of types changes the stars of all records: then all are judged.
    """
    judged = _judged(lake, now, then, day).localCheckpoint()
    before = lake.edges.select(*KEY, F.struct("is_merging", is_weak(), strength(), "fence_reason").alias("before"))
    both = judged.join(before, on=list(KEY), how="full" if _is_reordered(now, then) else "left")
    state = F.struct("is_merging", is_weak(), strength(), "fence_reason")
    moved = both.select(*KEY, "before", F.when(F.col("is_merging").isNotNull(), state).alias("after")).localCheckpoint()
    rest = lake.edges.join(few(moved.select(*KEY)), on=list(KEY), how="left_anti").select(*judged.columns)
    people = lake.identifiers.select(
        F.col("id_token").alias("token"), F.col("vertex_key").alias("vertex"), "id_type", "first_seen_at"
    )
    known = lake.components.withColumnsRenamed({"id_token": "token", "vertex_key": "vertex"})
    change = _change(moved, _asked(lake.components, now, then))
    solved = solve_touched(rest.unionByName(judged), people, known, change, lake.decided, then)
    found = (
        solved.people.join(solved.components, on="vertex", how="inner")
        .join(lake.current, on="token", how="left")
        .select("token", "id_type", "one_id", "component")
    )
    return Effect(found.localCheckpoint(), _fences(moved))


def _is_reordered(now: IdentityRules, then: IdentityRules) -> bool:
    return list(now.ranks) != list(then.ranks)


def _judged(lake: Lake, now: IdentityRules, then: IdentityRules, day: date) -> DataFrame:
    empty = placeholders(lake.identifiers, then)
    if _is_reordered(now, then):
        return judge(edges(lake.observations, then), then, day, empty).select(*lake.edges.columns)
    types = list(differing(now, then))
    touched = lake.edges.where(F.col("src_type").isin(types) | F.col("dst_type").isin(types)) if types else None
    fresh = _renewed(lake.edges.limit(0) if touched is None else touched, then)
    return rejudge(fresh, lake.edges, then, day, empty).select(*lake.edges.columns)


def _renewed(known: DataFrame, rules: IdentityRules) -> DataFrame:
    """Edges with what their types now say of them, to be judged."""

    def each(name: str) -> tuple[Column, Column]:
        return attribute(rules, name, F.col("src_type")), attribute(rules, name, F.col("dst_type"))

    strong = [value == "strong" for value in each("strength")]
    merging = each("is_merging")
    return known.withColumns(
        {
            "edge_type": F.when(strong[0] & strong[1], "strong").otherwise("weak"),
            "weight": F.least(*each("weight")).cast("double"),
            "is_merging": F.coalesce(merging[0] & merging[1], F.lit(False)),
        }
    ).drop("fence_reason", "edge_reason", "src_reason", "dst_reason")


def _change(moved: DataFrame, asked: DataFrame) -> Change:
    before, after = (F.when(F.col(f"{side}.is_merging"), F.col(f"{side}.is_weak")) for side in ("before", "after"))
    ends = ("src_token", "dst_token")
    differing_edges = moved.where(~before.eqNullSafe(after))
    came = differing_edges.where(after.isNotNull()).select(*ends, after.alias("is_weak")).distinct()
    went = differing_edges.where(before.isNotNull()).select(*ends, before.alias("is_weak")).distinct()
    shaken = moved.where(before.eqNullSafe(after) & after.isNotNull()).select(*ends, after.alias("is_weak")).distinct()
    return Change(came, went, shaken, asked)


def _asked(components: DataFrame, now: IdentityRules, then: IdentityRules) -> DataFrame:
    """Loops at the identifiers where other limits may matter: several of one type in one reach, or types of another standing."""
    settings = differing(now, then)
    is_asking = any("same_type_told" in fields for fields in settings.values())
    accounts = [kind.name for kind in then.identifiers if is_asking and kind.kind == "account"]
    standing = [name for name, fields in settings.items() if fields & {"kind", "strength"}]
    unique = [name for name, fields in settings.items() if "unique_per_person" in fields and name not in standing]
    several = (
        components.where(F.col("id_type").isin(unique + accounts) if unique + accounts else F.lit(False))
        .groupBy("reach", "id_type")
        .agg(F.count("*").alias("n"), F.min("id_token").alias("token"))
        .where(F.col("n") > 1)
        .select("token")
    )
    other = components.where(F.col("id_type").isin(standing) if standing else F.lit(False)).select(
        F.col("id_token").alias("token")
    )
    token = F.col("token")
    return several.unionByName(other).select(
        token.alias("src_token"), token.alias("dst_token"), F.lit(False).alias("is_weak")
    )


def _fences(moved: DataFrame) -> DataFrame:
    was, now = (F.substring_index(f"{side}.fence_reason", ":", 1) for side in ("before", "after"))
    return moved.select(*KEY, was.alias("was"), now.alias("now")).where(~F.col("was").eqNullSafe(F.col("now")))
