"""Rows of a real PostgreSQL: none is lost at a tie or to a late commit, none comes twice, and types stay what they are."""

import json
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

import jobs.landing
from lakehouse.tables import silver
from lakehouse.tables.bronze import bronze_table
from tests.jobs.feeds.landing import MOMENTS
from tests.services.postgres import PASSWORD, Postgres, running_postgres
from tests.small_lake import SmallLake

NAME = "crm__consent"
JOB = f"bronze.{NAME}"
BRONZE = bronze_table(NAME, "")
SOURCE = """
description: Consents of the CRM's database.
from:
  jdbc:
    url: {url}
    {relation}
    mark: changed
    key: [id]
    user: kith
    password: ${{env:TEST_DATABASE_PASSWORD}}
    {more}
maps:
  silver.consent_event:
    sequence: $.changed
    columns: {{consent_id: $.id, purpose: $.purpose, action: $.action, occurred_at: $.changed}}
"""
TABLE = """
DROP TABLE IF EXISTS consent;
CREATE TABLE consent (id bigint PRIMARY KEY, purpose text, action text, amount numeric(12,3), day date, local timestamp,
                      details jsonb, photo bytea, tags text[], ok boolean, changed timestamptz);
CREATE INDEX ON consent (changed);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as found:
        yield found


@pytest.fixture
def shop(server: Postgres, small: SmallLake, monkeypatch: pytest.MonkeyPatch) -> SmallLake:
    """A lake with one source on a fresh table, without an overlap."""
    monkeypatch.setenv("TEST_DATABASE_PASSWORD", PASSWORD)
    server.run(TABLE)
    describe(small, server)
    return small


def describe(small: SmallLake, server: Postgres, relation: str = "table: consent", more: str = "") -> None:
    small.source(NAME, SOURCE.format(url=server.url, relation=relation, more=more))


def put(server: Postgres, *rows: tuple[int, str]) -> None:
    """Insert or update consents: number, and the time of the change."""
    for number, at in rows:
        server.run(
            f"INSERT INTO consent (id, purpose, action, changed) VALUES ({number}, 'marketing', 'grant', '{at}')"
            " ON CONFLICT (id) DO UPDATE SET changed = EXCLUDED.changed"
        )


def land(small: SmallLake) -> list[tuple[int, int]]:
    """Run the source's job; returns rows landed and duplicates of each batch."""
    outcome = small.run(JOB)
    assert not outcome.failures, outcome.failures
    return [(run.rows_out, run.rows_duplicate) for run in outcome.runs[JOB]]


def failure(small: SmallLake) -> str:
    """What the source's job, which must fail, says."""
    (error,) = small.run(JOB).failures
    return str(error)


def landed(small: SmallLake) -> list[int]:
    """The numbers in bronze, sorted, as often as they are there."""
    rows = small.read(BRONZE).selectExpr("variant_get(payload, '$.id', 'bigint')").collect()
    return sorted(row[0] for row in rows)


def test_types_stay_what_they_are(server: Postgres, shop: SmallLake) -> None:
    describe(shop, server, more="json_columns: [details]")
    server.run(
        "INSERT INTO consent VALUES (7, '营销', 'grant', 123456789.125, '2025-02-03', '2025-02-03 04:05:06.789012',"
        """ '{"a": {"b": [1, 2.50]}}', '\\x00ff10', '{x,y}', true, '2025-02-03 04:05:06.789012+08')"""
    )
    assert land(shop) == [(1, 0)]
    row = shop.read(BRONZE).selectExpr("to_json(payload) j", "schema_of_variant(payload) s", "*").collect()[0]
    assert json.loads(row["j"]) == {
        "id": 7,
        "purpose": "营销",
        "action": "grant",
        "amount": 123456789.125,
        "day": "2025-02-03",
        "local": "2025-02-03 04:05:06.789012",
        "details": {"a": {"b": [1, 2.5]}},
        "photo": "AP8Q",
        "tags": ["x", "y"],
        "ok": True,
        "changed": "2025-02-02 20:05:06.789012+00:00",
    }
    for kind in ("amount: DECIMAL(12,3)", "day: DATE", "local: TIMESTAMP_NTZ", "changed: TIMESTAMP,", "ok: BOOLEAN"):
        assert kind.rstrip(",") in row["s"]
    assert row["_file"] == f"{server.url}/consent"
    assert row["_sequence"] == 1_738_526_706_789_012


def test_a_run_lands_what_is_new_and_one_without_news_writes_nothing(server: Postgres, shop: SmallLake) -> None:
    assert land(shop) == []
    put(server, (1, "2025-01-01 10:00+08"), (2, "2025-01-02 10:00+08"))
    assert land(shop) == [(2, 0)]
    before = shop.versions()
    assert land(shop) == []
    assert shop.versions() == before
    put(server, (3, "2025-01-03 10:00+08"), (1, "2025-01-04 10:00+08"))
    assert land(shop) == [(2, 1)]
    assert landed(shop) == [1, 1, 2, 3]


def test_a_row_with_the_mark_of_the_last_one_is_not_lost(server: Postgres, shop: SmallLake) -> None:
    tie = "2025-01-01 10:00:00.123456+08"
    put(server, (1, tie), (2, tie))
    assert land(shop) == [(2, 0)]
    put(server, (3, tie))
    assert land(shop) == [(1, 2)]
    put(server, (4, tie), (5, "2025-01-01 10:00:00.123457+08"))
    assert land(shop) == [(2, 3)]
    assert landed(shop) == [1, 2, 3, 4, 5]


def test_what_was_committed_late_is_found_within_the_overlap(server: Postgres, shop: SmallLake) -> None:
    describe(shop, server, more="overlap: 10 minutes")
    put(server, (1, "2025-01-01 10:00+08"), (2, "2025-01-01 10:20+08"))
    assert land(shop) == [(2, 0)]
    put(server, (3, "2025-01-01 10:11+08"))
    assert land(shop) == [(1, 1)]
    put(server, (4, "2025-01-01 10:12+08"), (5, "2025-01-01 10:09+08"), (6, "2025-01-01 11:00+08"))
    assert land(shop) == [(2, 2)]
    assert landed(shop) == [1, 2, 3, 4, 6], "5 came later than the overlap allows"


def test_a_statement_by_number_in_partitions(server: Postgres, shop: SmallLake) -> None:
    more = "overlap: 5\n    partitions: 3"
    describe(shop, server, 'query: "SELECT id AS changed, * FROM (SELECT id, purpose, action FROM consent) c"', more)
    server.run("INSERT INTO consent (id, purpose, action) SELECT n, 'marketing', 'grant' FROM generate_series(1, 90) n")
    server.run("DELETE FROM consent WHERE id = 88")
    assert land(shop) == [(89, 0)]
    server.run("INSERT INTO consent (id) VALUES (88), (91)")
    assert land(shop) == [(2, 5)]
    assert landed(shop) == list(range(1, 92))
    outcome = shop.run("silver.consent_event")
    assert not outcome.failures


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_comes_again_with_the_same_rows(
    server: Postgres, shop: SmallLake, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(server, (1, "2025-01-01 10:00+08"))
    land(shop)
    put(server, (2, "2025-01-01 10:00+08"), (3, "2025-01-02 10:00+08"))
    with monkeypatch.context() as fault:  # before the rows are committed, and after
        fault.setattr(jobs.landing, moment, lambda *_: 1 / 0)
        assert "ZeroDivisionError" in failure(shop)
    put(server, (4, "2025-01-02 10:00+08"), (5, "2025-01-03 10:00+08"))
    land(shop)
    assert landed(shop) == [1, 2, 3, 4, 5]
    shop.run("silver.consent_event")
    assert shop.read(silver.CONSENT_EVENT).count() == 5


def test_a_password_that_is_not_there_is_told_by_its_reference(
    server: Postgres, shop: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_DATABASE_PASSWORD")
    error = failure(shop)
    assert "${env:TEST_DATABASE_PASSWORD} leads nowhere" in error
    assert "from.jdbc.password" in error


def test_a_table_that_is_not_there_is_told(server: Postgres, shop: SmallLake, spark: SparkSession) -> None:
    describe(shop, server, relation="table: nowhere")
    assert 'relation "nowhere" does not exist' in failure(shop)
