"""One graph of jobs: one name everywhere, one writer for each table, no cycle, no table read to the left."""

import json
from pathlib import Path
from typing import cast

import pytest

from jobs.catalogue import Graph, build_graph, declared_jobs, manifest
from lakehouse.job import Changed, Group, Job, New
from lakehouse.load import Merge, ReplaceWhere, Scd2
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from lakehouse.table import Layer, Table
from lakehouse.tables import gold, ops, quality, silver

JOBS = declared_jobs()
LEFT_TO_RIGHT = [Layer.BRONZE, Layer.SILVER, Layer.GOLD, Layer.OPS]
WRITTEN_BY_THE_RUNNER = {
    "ops.job_run",
    "ops.lineage_edge",
    "ops.quarantine",
    "ops.schema_drift",
    "ops.rule_version",
    "ops.landed_file",
    "ops.conservation",
    "ops.freshness",
    *(t.name for t in quality.ALL),
}
WRITTEN_FOR_EVERY_MODEL = {"ops.model_watch"}
WRITTEN_BY_PEOPLE = {"ops.identity_override", "ops.source_readiness", "ops.quarantine_replay"}
PREFIXES = ("dim_", "fct_", "agg_", "mart_", "feat_", "score_", "rec_", "nba_", "outbound_")


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The graph of the platform's own sources."""
    return build_graph(load_sources(ROOT / "conf" / "sources"))


@pytest.mark.parametrize("job", JOBS, ids=lambda j: j.name)
def test_a_job_has_one_name_everywhere(job: Job) -> None:
    layer, entity = job.name.split(".")
    code = job.transform.__code__
    assert Path(code.co_filename) == ROOT / "jobs" / layer / f"{entity}.py"
    assert code.co_name == entity
    assert (job.task_id, job.writes.asset) == (f"{layer}__{entity}", f"kith://{layer}/{entity}")


@pytest.mark.parametrize("job", JOBS, ids=lambda j: j.name)
def test_a_load_fits_its_table(job: Job) -> None:
    columns = set(job.writes.column_names)
    match job.load:
        case Merge(newest, least, greatest):
            assert job.writes.key, "a Merge needs a key"
            assert set(newest) | set(least) | set(greatest) <= columns - set(job.writes.key)
        case Scd2(entity, tracked):
            assert {*entity, *tracked, "valid_from", "valid_to", "is_current"} <= columns
        case ReplaceWhere(column):
            assert column in columns


def test_a_file_declares_one_job() -> None:
    files = {
        f"jobs.{p.parent.name}.{p.stem}"
        for layer in ("silver", "gold", "ops")
        for p in (ROOT / "jobs" / layer).glob("[a-z]*.py")
    }
    assert {f"jobs.{job.name}" for job in JOBS} == files
    assert len(JOBS) == len(files)


def test_every_contract_has_its_writer_and_every_writer_its_contract() -> None:
    contracts = {table.name for table in (*silver.ALL, *gold.ALL, *ops.ALL)}
    assert contracts - {job.name for job in JOBS} == WRITTEN_BY_THE_RUNNER | WRITTEN_BY_PEOPLE | WRITTEN_FOR_EVERY_MODEL
    assert {job.name for job in JOBS} <= contracts


def test_the_graph_is_acyclic_and_in_order(graph: Graph) -> None:
    place = {name: n for n, name in enumerate(graph.order)}
    assert len(place) == len(graph.jobs)
    assert all(place[up] < place[name] for name, ups in graph.upstream.items() for up in ups)


def test_everything_that_is_read_is_written(graph: Graph) -> None:
    read = {table.name for job in graph.jobs.values() for table in job.inputs()}
    assert read <= set(graph.jobs) | WRITTEN_BY_PEOPLE


def test_no_job_reads_a_table_to_its_right(graph: Graph) -> None:
    wrong = [
        f"{job.name} reads {table.name}"
        for job in graph.jobs.values()
        for table in job.inputs()
        if LEFT_TO_RIGHT.index(table.layer) > LEFT_TO_RIGHT.index(job.writes.layer)
        and job.group is not Group.ML
        and table.name not in WRITTEN_BY_PEOPLE
    ]
    assert wrong == []


def test_a_stream_of_changes_needs_a_change_feed(graph: Graph) -> None:
    for job in graph.jobs.values():
        for read in job.reads.values():
            match read:
                case New(table):
                    assert table.change_feed, job.name
                case Changed(of):
                    for table, columns in of:
                        names = {columns} if isinstance(columns, str) else set(columns)
                        assert table.change_feed, job.name
                        assert names <= {*table.column_names, "_change_type", "_commit_version"}, job.name


def test_the_manifest_is_fresh(graph: Graph) -> None:
    path = ROOT / "airflow_dags" / "manifest.json"
    assert path.exists(), "`kith graph --write` makes it"
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(manifest(graph)))


def test_the_manifest_names_every_job_once_and_only_known_upstream(graph: Graph) -> None:
    jobs = cast("list[dict[str, object]]", manifest(graph)["jobs"])
    names = [job["name"] for job in jobs]
    assert sorted(map(str, names)) == sorted(graph.jobs)
    assert all(set(cast("list[str]", job["upstream"])) <= set(graph.jobs) for job in jobs)
    assert all(job["doc"] for job in jobs)


@pytest.mark.parametrize("table", [*silver.ALL, *gold.ALL, *ops.ALL], ids=lambda t: t.name)
def test_every_table_and_column_is_documented(table: Table) -> None:
    assert table.comment.endswith(".")
    assert [c.name for c in table.columns if len(c.comment) < 3] == []
    assert all(c.required for c in table.columns if c.name in table.key), "a key column may not be null"


@pytest.mark.parametrize("table", gold.ALL, ids=lambda t: t.name)
def test_gold_is_open_to_every_reader_and_says_nothing_personal(table: Table) -> None:
    assert table.entity.startswith(PREFIXES)
    assert [c.name for c in table.columns if c.is_technical or c.pii.value == "direct"] == []
    nested = ("variant", "struct", "array", "map")
    assert [c.name for c in table.columns if c.type.lower().startswith(nested)] == []
    silver_direct = {c.name for t in silver.ALL for c in t.columns if c.pii.value == "direct"}
    personal = {c.name for c in table.columns} & silver_direct
    assert personal <= ({"name"} if table.entity in {"dim_product", "dim_place"} else set())


@pytest.mark.parametrize("table", [*silver.ALL, *gold.ALL], ids=lambda t: t.name)
def test_names_say_what_a_column_is(table: Table) -> None:
    types = {c.name: c.type for c in table.columns}
    for name, type_ in types.items():
        if name.startswith(("is_", "has_")):
            assert type_ == "boolean", name
        if name.endswith("_at") and not name.startswith("_"):
            assert type_ == "timestamp", name
        if name.endswith(("_on", "as_of")):
            assert type_ == "date", name
        if name.endswith("_amount"):
            assert type_.startswith("decimal(18,"), name
        if name.endswith("_token") or name == "token":
            assert next(c for c in table.columns if c.name == name).pii.value == "token", name
