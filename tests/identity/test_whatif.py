"""What other rules would do: for every kind of change, what is foretold is what a full run under the new rules gives."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from identity.decided import holding
from identity.edges import edges, vertices
from identity.fences import judge
from identity.hygiene import placeholders
from identity.identifiers import IdentityRules
from identity.solving import solve_all
from identity.whatif import Lake, differing, effect
from lakehouse.lake import Lake as Store
from lakehouse.tables import ops, silver
from tests.identity.test_refenced import RULES, START, Shop, identifiers

DAYS = 14
DAY = START + timedelta(days=DAYS)
Components = dict[str, int]


def rules(name: str, **settings: object) -> IdentityRules:
    """The rules of the shop with other settings of one type."""
    kinds = tuple(kind.model_copy(update=settings) if kind.name == name else kind for kind in RULES.identifiers)
    return RULES.model_copy(update={"identifiers": kinds})


CHANGES = {
    "a cap": rules("phone", max_degree=6, max_same_type=6),
    "a window": rules("device", degree_window_days=1),
    "an age": rules("phone", edge_ttl_days=2),
    "witnesses": rules("parcel", witnesses=1, main_share=0.0),
    "strength": rules("device", strength="strong", max_degree=9),
    "what merges": rules("parcel", is_merging=False),
    "one of each": rules("member", unique_per_person=True),
    "placeholders": RULES.model_copy(update={"placeholder_share": 0.02, "placeholder_min_records": 2}),
    "order": rules("member", priority=9),
}


SLOW = {"a cap", "placeholders", "a window", "an age", "witnesses", "strength", "what merges", "order"}
"""Half a minute each, and one way through the code with the others."""


@dataclass(frozen=True)
class Before:
    """The shop under its own rules."""

    observations: DataFrame
    known: DataFrame
    judged: DataFrame
    components: DataFrame


@pytest.fixture(scope="module")
def before(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """Two weeks of a shop, solved."""
    shop = Shop(8)
    for number in range(DAYS):
        shop.live(START + timedelta(days=number))
    observations = shop.observations(spark).localCheckpoint()
    known = named(observations)
    judged = full(observations, known, RULES)
    store = Store(spark, str(tmp_path_factory.mktemp("before") / "lake"))
    return Before(observations, known, judged, solved(store, known, judged, RULES).localCheckpoint())


def named(observations: DataFrame) -> DataFrame:
    """Rows of silver.identifier, keyed by the order of tokens."""
    counted = identifiers(observations).join(
        vertices(observations).select("token", "first_seen_at"), F.col("id_token") == F.col("token")
    )
    number = F.conv(F.substring(F.md5("id_token"), 1, 12), 16, 10).cast("long")
    return counted.select(
        "id_token", "id_type", number.alias("vertex_key"), "n_records", "first_seen_at"
    ).localCheckpoint()


def solved(store: Store, known: DataFrame, judged: DataFrame, by: IdentityRules) -> DataFrame:
    """Rows of silver.identity_component of a full run."""
    store.ensure(silver.IDENTITY_COMPONENT)
    store.ensure(ops.IDENTITY_OVERRIDE)
    none = store.read(silver.IDENTITY_COMPONENT).withColumnsRenamed({"id_token": "token", "vertex_key": "vertex"})
    people = known.select(
        F.col("id_token").alias("token"), F.col("vertex_key").alias("vertex"), "id_type", "first_seen_at"
    )
    found = solve_all(judged, people, none, holding(store.read(ops.IDENTITY_OVERRIDE), DAY), by)
    return found.people.join(found.components, on="vertex", how="inner").withColumnsRenamed(
        {"token": "id_token", "vertex": "vertex_key"}
    )


def full(observations: DataFrame, known: DataFrame, by: IdentityRules, day: date = DAY) -> DataFrame:
    """All edges judged by the rules."""
    judged = judge(edges(observations, by), by, day, placeholders(known, by))
    return judged.select(*silver.IDENTITY_EDGE.column_names).localCheckpoint()


def by_token(frame: DataFrame, token: str) -> Components:
    """Token → component."""
    rows = frame.select(token, "component").collect()
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("change", [pytest.param(c, marks=[pytest.mark.slow] if c in SLOW else []) for c in CHANGES])
def test_what_is_foretold_is_what_a_full_run_gives(lake: Store, before: Before, change: str) -> None:
    then = CHANGES[change]
    observations, known, judged = before.observations, before.known, before.judged
    one_id = F.col("component").cast("string").alias("one_id")
    current = before.components.select(F.col("id_token").alias("token"), one_id)
    lake.ensure(ops.IDENTITY_OVERRIDE)
    decided = holding(lake.read(ops.IDENTITY_OVERRIDE), DAY)
    found = effect(Lake(observations, known, judged, before.components, current, decided), RULES, then, DAY)
    wanted = full(observations, known, then)
    expected = by_token(solved(lake, known, wanted, then), "id_token")
    now = by_token(before.components, "id_token")
    assert now | by_token(found.people, "token") == expected
    verdicts = F.substring_index("fence_reason", ":", 1)
    keys = list(silver.IDENTITY_EDGE.key)
    was = {tuple(r)[:3]: r[3] for r in judged.select(*keys, verdicts).collect()}
    will = {tuple(r)[:3]: r[3] for r in wanted.select(*keys, verdicts).collect()}
    told = {tuple(r)[:3]: (r[3], r[4]) for r in found.edges.select(*keys, "was", "now").collect()}
    assert told == {k: (was.get(k), will.get(k)) for k in was | will if was.get(k) != will.get(k)}
    assert told or now != expected, "the change does something here"


def test_the_same_rules_differ_in_nothing() -> None:
    assert differing(RULES, RULES) == {}
    assert differing(RULES, CHANGES["a cap"]) == {"phone": frozenset({"max_degree", "max_same_type"})}
