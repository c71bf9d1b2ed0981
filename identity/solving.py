"""From judged edges and people's decisions to proven components: of a whole graph, or of the part that a change touches."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.bridges import ACCOUNT, ASKING, CONTACT, Limits
from identity.components import Components, Forest, choose
from identity.components.here import BYTES_PER_VERTEX, Here, layers_here
from identity.components.incremental import Change, Touched, touched, within
from identity.components.layered import layered
from identity.components.memory import worker_bytes
from identity.components.proof import prove_here
from identity.decided import FORBID, PIN
from identity.edges import strength
from identity.identifiers import IdentityRules, attribute, lookup
from identity.verify import prove, require
from lakehouse.frames import FEW, few, is_small, sieved

PEOPLE = ("token", "vertex", "id_type", "first_seen_at")
LABELS = ("point", "reach", "component")
CODES = {"account": ACCOUNT, "contact": CONTACT}
PINNED = 2.0
"""Stronger than any evidence."""


@dataclass(frozen=True)
class Solved:
    """``people (token, vertex, id_type, first_seen_at)`` of the part that was solved, ``components (vertex, point, reach,
    component)`` of the same, proven, and ``before``: the rows that were known of them.
    """

    people: DataFrame
    components: DataFrame
    before: DataFrame


def solve_all(
    edges: DataFrame, people: DataFrame, known: DataFrame, decided: DataFrame, rules: IdentityRules
) -> Solved:
    """Components of all judged ``edges``; ``people`` are all identifiers, ``known`` the rows of components that there are."""
    follow = merging(edges).unionByName(pinned(decided))
    return _solved(Touched(_all(follow, people), known), edges, follow, people, decided, rules)


def solve_touched(
    edges: DataFrame, seen: DataFrame, known: DataFrame, change: Change, decided: DataFrame, rules: IdentityRules
) -> Solved:
    """Components of what a change touches, the rest of ``known (token, vertex, id_type, first_seen_at, point, reach,
    component)`` being right.

    ``edges``: judged, as they are now; ``seen (token, vertex, id_type, first_seen_at)``: at least the identifiers that
    ``known`` lacks, or of which it says something else than is so now.
    """
    follow = merging(edges).unionByName(pinned(decided))
    found = few(_found(seen, known, few(change.ends().distinct())))
    part = touched(known, follow.drop("strength"), change, found)
    others = part.before.join(found, on="token", how="left_anti").select(*PEOPLE)
    people = found.select(*PEOPLE).unionByName(others).localCheckpoint()
    return _solved(part, edges, follow, people, decided, rules)


def _found(seen: DataFrame, known: DataFrame, ends: DataFrame) -> DataFrame:
    """The identifiers among the ``ends (token)`` with what is known of them; point and reach are null where one is new."""
    told = seen.join(ends, on="token", how="left_semi").select(
        "token", *[F.col(name).alias(f"_{name}") for name in PEOPLE[1:]]
    )
    placed = sieved(known.select(*PEOPLE, "point", "reach"), "token", ends).join(ends, on="token", how="left_semi")
    facts = [F.coalesce(f"_{name}", name).alias(name) for name in PEOPLE[1:]]
    return placed.join(told, on="token", how="full").select("token", *facts, "point", "reach")


def merging(edges: DataFrame) -> DataFrame:
    """``(src_token, dst_token, is_weak, strength)`` of the edges that merge."""
    return edges.where("is_merging").select("src_token", "dst_token", is_weak(), strength().alias("strength"))


def is_weak() -> Column:
    """Column over ``edge_type``: whether an edge is weak."""
    return (F.col("edge_type") == "weak").alias("is_weak")


def pinned(decided: DataFrame) -> DataFrame:
    """The same of the pairs that people say are one: no fence stands before them, no evidence is stronger."""
    ends = (F.col("a_token").alias("src_token"), F.col("b_token").alias("dst_token"))
    return decided.where(F.col("kind") == PIN).select(
        *ends, F.lit(False).alias("is_weak"), F.lit(PINNED).alias("strength")
    )


def _all(follow: DataFrame, found: DataFrame) -> DataFrame:
    """The whole graph ``(src, dst, is_weak)``, each vertex in it at least as a self-loop; a lost key gives a null end."""
    src = found.select(F.col("token").alias("src_token"), F.col("vertex").alias("src"))
    dst = found.select(F.col("token").alias("dst_token"), F.col("vertex").alias("dst"))
    is_decided = F.col("strength") == PINNED  # somebody may have pinned what was never seen
    keyed = follow.join(src, on="src_token", how="left").join(dst, on="dst_token", how="left")
    keyed = keyed.where(~is_decided | (F.col("src").isNotNull() & F.col("dst").isNotNull()))
    loops = found.select(F.col("vertex").alias("src"), F.col("vertex").alias("dst"), F.lit(False).alias("is_weak"))
    return keyed.select("src", "dst", "is_weak").unionByName(loops)


def _solved(
    part: Touched, edges: DataFrame, follow: DataFrame, people: DataFrame, decided: DataFrame, rules: IdentityRules
) -> Solved:
    """The part's components, proven; weak edges never join two known people, and no limit is broken."""
    n = int(people.agg(F.count("*")).collect()[0][0])
    limits = _limits(edges, follow, people, decided, rules, n)
    graph = part.edges.persist()
    engine = choose(graph.sparkSession, rules.engine, n_vertices=n)
    known = people.where(attribute(rules, "is_known", F.col("id_type"))).select("vertex")
    found = layers_here(graph, known, limits) if _fits(graph, engine, n) else None
    if found and found.crowded is None:
        require(found.failures)
        components = found.placed
    else:
        components = _by_joins(graph, known, engine, limits, found)
    engine.release()
    graph.unpersist()
    return Solved(people, components, part.before)


def _fits(graph: DataFrame, engine: Components, n: int) -> bool:
    """Whether one worker solves both layers: where joins would take longer to plan than to do, and there is room."""
    is_asked = isinstance(engine, Forest) and not is_small(graph)
    return is_asked and n * BYTES_PER_VERTEX <= worker_bytes(graph.sparkSession)


def _by_joins(graph: DataFrame, known: DataFrame, engine: Components, limits: Limits, found: Here | None) -> DataFrame:
    layers = layered(graph, known, engine, limits, found)
    components = layers.components.localCheckpoint()
    check = prove_here if isinstance(engine, Forest) else prove
    require(check(components.select("vertex", "component"), layers.followed, limits.forbidden))
    layers.release()
    return components


def _limits(
    edges: DataFrame, follow: DataFrame, people: DataFrame, decided: DataFrame, rules: IdentityRules, n: int
) -> Limits:
    """What may not be together: two values of what a person has one of, and the pairs that people forbade.

    ``n``: how many people there are.
    """
    vertices = people.select("token", "vertex")
    if is_small(people):
        vertices = few(vertices)
    elif n <= FEW:
        vertices = F.broadcast(vertices)
    numbers: dict[str, object] = {kind.name: i for i, kind in enumerate(rules.identifiers) if kind.unique_per_person}
    kind = lookup(numbers, F.col("id_type")) if numbers else F.lit(None).cast("int")
    own = people.select("vertex", kind.cast("long").alias("kind"), F.col("vertex").alias("value"))
    unique, told = own.where(F.col("kind").isNotNull()), None
    if rules.attributes:
        said = few(_said(edges, vertices, rules.attributes, numbers))
        unique = unique.unionByName(said)
        told = said.select("vertex").distinct() if any(kind.same_type_told for kind in rules.identifiers) else None
    apart = decided.where(F.col("kind") == FORBID)
    src = vertices.select(F.col("token").alias("a_token"), F.col("vertex").alias("src"))
    dst = vertices.select(F.col("token").alias("b_token"), F.col("vertex").alias("dst"))
    found = few(src.join(apart, on="a_token", how="inner").select("src", "b_token"))
    forbidden = dst.join(found, on="b_token", how="inner").select("src", "dst")
    strong = follow.where(~F.col("is_weak")).drop("is_weak")

    def evidence(asked: DataFrame) -> DataFrame:
        return within(strong, vertices.join(few(asked), on="vertex", how="left_semi"))

    return Limits(unique, few(forbidden), _kinds(people, rules), evidence, told)


def _kinds(people: DataFrame, rules: IdentityRules) -> DataFrame:
    """``(vertex, code, type)`` of the accounts, the contacts, and what asks who its accounts are."""
    codes: dict[str, object] = {
        kind.name: CODES.get(kind.kind, 0) | (ASKING if kind.same_type_told else 0) for kind in rules.identifiers
    }
    types: dict[str, object] = {kind.name: i for i, kind in enumerate(rules.identifiers)}
    columns = [lookup(of, F.col("id_type")).cast("int").alias(name) for name, of in (("code", codes), ("type", types))]
    return people.select("vertex", *columns).where(F.col("code") > 0)


def _said(edges: DataFrame, vertices: DataFrame, names: tuple[str, ...], numbers: dict[str, object]) -> DataFrame:
    """``(vertex, kind, value)`` of the attributes that records say of identifiers: a birth date, a name."""
    is_src = F.col("src_type").isin(*names)
    name = F.when(is_src, F.col("src_type")).otherwise(F.col("dst_type"))
    holder = F.when(is_src, F.col("dst_token")).otherwise(F.col("src_token"))
    value = F.when(is_src, F.col("src_token")).otherwise(F.col("dst_token"))
    told = edges.where(is_src | F.col("dst_type").isin(*names)).select(
        holder.alias("token"), lookup(numbers, name).cast("long").alias("kind"), value.alias("text")
    )
    # A value needs a number that two do not share within one component: 63 bits of what is a hash already.
    number = F.conv(F.substring("text", 1, 15), 16, 10).cast("long")
    held = told.join(vertices, on="token", how="inner")
    return held.groupBy("vertex", "kind").agg(F.min(number).alias("value"))
