"""Rows of a real PostgreSQL: none is lost at a tie or to a late commit, none comes twice, and types stay what they are."""

import json
from collections.abc import Iterator

import pytest

from tests.jobs.feeds.landing import KILLED, MOMENTS, Landing
from tests.services.postgres import PASSWORD, Postgres, running_postgres
from tests.small_lake import SmallLake

FEED = """
  jdbc:
    url: {url}
    {relation}
    mark: at
    key: [id]
    user: kith
    password: ${{env:TEST_DATABASE_PASSWORD}}
    {more}
"""
TABLE = """
DROP TABLE IF EXISTS consent;
CREATE TABLE consent (id bigint PRIMARY KEY, purpose text, action text, amount numeric(12,3), day date, local timestamp,
                      details jsonb, photo bytea, tags text[], ok boolean, at timestamptz);
CREATE INDEX ON consent (at);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as found:
        yield found


class Shop(Landing):
    """A fresh table of consents, and its source."""

    def __init__(self, small: SmallLake, request: pytest.FixtureRequest, server: Postgres) -> None:
        super().__init__(small, request)
        self.server = server
        server.run(TABLE)
        self.describe()

    def describe(self, relation: str = "table: consent", more: str = "") -> None:
        """(Re)write the source file."""
        self.source(FEED.format(url=self.server.url, relation=relation, more=more))

    def landed(self) -> list[tuple[int, int]]:
        """Run the source's job; returns rows landed and duplicates of each batch."""
        return [(landed, known) for landed, _, known in self.land()]


@pytest.fixture
def shop(server: Postgres, shared: SmallLake, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Shop:
    """A source without an overlap."""
    monkeypatch.setenv("TEST_DATABASE_PASSWORD", PASSWORD)
    return Shop(shared, request, server)


def put(server: Postgres, *rows: tuple[int, str]) -> None:
    """Insert or update consents: number, and the time of the change."""
    for number, at in rows:
        server.run(
            f"INSERT INTO consent (id, purpose, action, at) VALUES ({number}, 'marketing', 'grant', '{at}')"
            " ON CONFLICT (id) DO UPDATE SET at = EXCLUDED.at"
        )


def test_types_stay_what_they_are(server: Postgres, shop: Shop) -> None:
    shop.describe(more="json_columns: [details]")
    server.run(
        "INSERT INTO consent VALUES (7, '营销', 'grant', 123456789.125, '2025-02-03', '2025-02-03 04:05:06.789012',"
        """ '{"a": {"b": [1, 2.50]}}', '\\x00ff10', '{x,y}', true, '2025-02-03 04:05:06.789012+08')"""
    )
    assert shop.landed() == [(1, 0)]
    row = shop.small.read(shop.table).selectExpr("to_json(payload) j", "schema_of_variant(payload) s", "*").collect()[0]
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
        "at": "2025-02-02 20:05:06.789012+00:00",
    }
    for kind in ("amount: DECIMAL(12,3)", "day: DATE", "local: TIMESTAMP_NTZ", "at: TIMESTAMP,", "ok: BOOLEAN"):
        assert kind.rstrip(",") in row["s"]
    assert row["_file"] == f"{server.url}/consent"
    assert row["_sequence"] == 1_738_526_706_789_012


def test_a_run_lands_what_is_new_and_one_without_news_writes_nothing(server: Postgres, shop: Shop) -> None:
    assert shop.landed() == []
    put(server, (1, "2025-01-01 10:00+08"), (2, "2025-01-02 10:00+08"))
    assert shop.landed() == [(2, 0)]
    before = shop.small.versions()
    assert shop.landed() == []
    assert shop.small.versions() == before
    put(server, (3, "2025-01-03 10:00+08"), (1, "2025-01-04 10:00+08"))
    assert shop.landed() == [(2, 1)]
    assert shop.ids() == [1, 1, 2, 3]


def test_a_row_with_the_mark_of_the_last_one_is_not_lost(server: Postgres, shop: Shop) -> None:
    tie = "2025-01-01 10:00:00.123456+08"
    put(server, (1, tie), (2, tie))
    assert shop.landed() == [(2, 0)]
    put(server, (3, tie))
    assert shop.landed() == [(1, 2)]
    put(server, (4, tie), (5, "2025-01-01 10:00:00.123457+08"))
    assert shop.landed() == [(2, 3)]
    assert shop.ids() == [1, 2, 3, 4, 5]


def test_what_was_committed_late_is_found_within_the_overlap(server: Postgres, shop: Shop) -> None:
    shop.describe(more="overlap: 10 minutes")
    put(server, (1, "2025-01-01 10:00+08"), (2, "2025-01-01 10:20+08"))
    assert shop.landed() == [(2, 0)]
    put(server, (3, "2025-01-01 10:11+08"))
    assert shop.landed() == [(1, 1)]
    put(server, (4, "2025-01-01 10:12+08"), (5, "2025-01-01 10:09+08"), (6, "2025-01-01 11:00+08"))
    assert shop.landed() == [(2, 2)]
    assert shop.ids() == [1, 2, 3, 4, 6], "5 came later than the overlap allows"


def test_a_statement_by_number_in_partitions(server: Postgres, shop: Shop) -> None:
    more = "overlap: 5\n    partitions: 3"
    shop.describe('query: "SELECT id AS at, * FROM (SELECT id, purpose, action FROM consent) c"', more)
    server.run("INSERT INTO consent (id, purpose, action) SELECT n, 'marketing', 'grant' FROM generate_series(1, 90) n")
    server.run("DELETE FROM consent WHERE id = 88")
    assert shop.landed() == [(89, 0)]
    server.run("INSERT INTO consent (id) VALUES (88), (91)")
    assert shop.landed() == [(2, 5)]
    assert shop.ids() == list(range(1, 92))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_comes_again_with_the_same_rows(server: Postgres, shop: Shop, moment: str) -> None:
    put(server, (1, "2025-01-01 10:00+08"))
    shop.landed()
    put(server, (2, "2025-01-01 10:00+08"), (3, "2025-01-02 10:00+08"))
    with shop.killed(moment):
        assert KILLED in shop.failure()
    put(server, (4, "2025-01-02 10:00+08"), (5, "2025-01-03 10:00+08"))
    shop.landed()
    assert shop.ids() == [1, 2, 3, 4, 5]
    assert shop.in_silver() == ["1", "2", "3", "4", "5"]


def test_a_password_that_is_not_there_is_told_by_its_reference(
    server: Postgres, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_DATABASE_PASSWORD")
    error = shop.failure()
    assert "${env:TEST_DATABASE_PASSWORD} leads nowhere" in error
    assert "from.jdbc.password" in error


@pytest.mark.slow
def test_a_table_that_is_not_there_is_told(server: Postgres, shop: Shop) -> None:
    shop.describe(relation="table: nowhere")
    assert 'relation "nowhere" does not exist' in shop.failure()
