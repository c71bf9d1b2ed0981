"""Selecting from the graph, and what makes a graph impossible. No Spark."""

from dataclasses import replace

import pytest

from jobs.catalogue import Graph, SelectionError, build_graph, declared_jobs, manifest
from lakehouse.errors import ContractError
from lakehouse.job import Group, Job
from lakehouse.load import Append
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from lakehouse.table import Column, Table


def made(name: str, *reads: Table, group: Group = Group.SILVER) -> Job:
    """A job that reads tables and does nothing."""
    table = Table(f"{name}", "x", (Column("id", "string", "x"),))
    return Job(table, {t.entity: t for t in reads}, Append(), lambda: None, "x", group)


A = made("bronze.a__x", group=Group.BRONZE)
B = made("silver.b", A.writes)
C = made("silver.c", A.writes)
D = made("gold.d", B.writes, C.writes, group=Group.GOLD)
E = made("gold.e", D.writes, group=Group.GOLD)
GRAPH = Graph([E, C, D, B, A])


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        ([], ["bronze.a__x", "silver.b", "silver.c", "gold.d", "gold.e"]),
        (["silver.b"], ["silver.b"]),
        (["+silver.b"], ["bronze.a__x", "silver.b"]),
        (["silver.b+"], ["silver.b", "gold.d", "gold.e"]),
        (["+gold.d+"], ["bronze.a__x", "silver.b", "silver.c", "gold.d", "gold.e"]),
        (["silver.*"], ["silver.b", "silver.c"]),
        (["+silver.*"], ["bronze.a__x", "silver.b", "silver.c"]),
        (["*.[be]"], ["silver.b", "gold.e"]),
        (["group:gold"], ["gold.d", "gold.e"]),
        (["group:bronze+"], ["bronze.a__x", "silver.b", "silver.c", "gold.d", "gold.e"]),
        (["gold.e", "bronze.a__x"], ["bronze.a__x", "gold.e"]),
    ],
)
def test_selectors(selectors: list[str], names: list[str]) -> None:
    chosen = [job.name for job in GRAPH.select(selectors)]
    assert sorted(chosen) == sorted(names)
    assert chosen == [name for name in GRAPH.order if name in names]


@pytest.mark.parametrize("selector", ["silver.z", "+z+", "group:platinum", "SILVER.b", "", "+"])
def test_a_selector_that_names_nothing_is_told(selector: str) -> None:
    with pytest.raises(SelectionError, match="kith tables") as told:
        GRAPH.select([selector])
    assert repr(selector) in str(told.value)


def test_ancestors_and_descendants() -> None:
    assert GRAPH.ancestors("gold.d") == {"bronze.a__x", "silver.b", "silver.c"}
    assert GRAPH.descendants("silver.b") == {"gold.d", "gold.e"}
    assert GRAPH.ancestors("bronze.a__x") == set()


def test_a_table_with_two_writers_is_refused() -> None:
    with pytest.raises(ContractError, match="one writer") as told:
        Graph([A, B, replace(B)])
    assert told.value.where["table"] == "silver.b"


def test_a_cycle_is_refused_with_its_way() -> None:
    back = replace(B, reads={"d": D.writes})
    with pytest.raises(ContractError, match="cycle") as told:
        Graph([A, back, C, D])
    assert {"silver.b", "gold.d"} <= set(told.value.message.replace(" > ", " ").split())


def test_a_job_may_read_what_it_writes() -> None:
    assert Graph([replace(B, reads={"known": B.writes})]).upstream == {"silver.b": ()}


def test_landing_jobs_come_from_source_files_and_feed_what_they_map_to() -> None:
    sources = load_sources(ROOT / "conf" / "sources")
    graph = build_graph(sources)
    assert {f"bronze.{name}" for name in sources} <= set(graph.jobs)
    assert set(graph.upstream["silver.store"]) == {"bronze.erp__store"}
    assert "bronze.crm__member" in graph.upstream["silver.identifier_observation"]
    assert "bronze.app__event" in graph.ancestors("gold.mart_customer_360")


def test_without_sources_the_graph_stands_and_mapped_tables_have_nothing_to_do() -> None:
    graph = build_graph({}, {})
    assert len(graph.jobs) == len(declared_jobs())
    assert graph.upstream["silver.store"] == ()


def test_groups_of_the_manifest_are_in_the_order_of_the_data() -> None:
    found = manifest(GRAPH)
    assert found["groups"] == [{"name": n, "cadence": "daily"} for n in ("bronze", "silver", "gold")]
    assert found["version"] == 1


def test_a_job_as_of_a_day_waits_for_the_tables_that_tell_the_day() -> None:
    graph = build_graph(load_sources(ROOT / "conf" / "sources"))
    for name in ("silver.identity_map", "gold.mart_rfm", "gold.score_repurchase_30d"):
        assert {"silver.order_line", "silver.event"} <= graph.ancestors(name)
