"""Rows of another Delta table: inserts or changes, with deletions as records, while its columns change."""

import pytest

from tests.jobs.feeds.landing import MOMENTS, Landing
from tests.small_lake import SmallLake

PROPERTIES = "'delta.enableChangeDataFeed' = 'true', 'delta.columnMapping.mode' = 'name'"


class Table(Landing):
    """A Delta table outside the lake, and the source that reads it."""

    def __init__(self, small: SmallLake, request: pytest.FixtureRequest) -> None:
        super().__init__(small, request)
        self.sql(
            "CREATE TABLE {t} (id int, purpose string, action string, at timestamp, amount decimal(9,2))"
            f" USING delta TBLPROPERTIES ({PROPERTIES})"
        )

    def sql(self, text: str) -> None:
        """Run a statement on the table ``{t}``."""
        self.small.spark.sql(text.format(t=f"delta.`{self.path}`"))

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"{self.small.root}/outside/{self.name}"

    def insert(self, *numbers: int, more: str = "") -> None:
        """Insert consents."""
        rows = [f"({n}, 'marketing', 'grant', timestamp'2025-01-01 10:00:00', {n}.25{more})" for n in numbers]
        self.sql(f"INSERT INTO {{t}} VALUES {', '.join(rows)}")


@pytest.fixture
def table(shared: SmallLake, request: pytest.FixtureRequest) -> Table:
    return Table(shared, request)


def test_inserted_rows_land_once_with_their_place_and_types(table: Table) -> None:
    table.source(f"  delta: {{path: {table.path}}}")
    table.insert(1, 2)
    assert table.land() == [(2, 0, 0)]
    table.sql("DELETE FROM {t} WHERE id = 1")
    assert sum(rows for rows, _, _ in table.land()) == 0
    table.insert(3)
    assert table.land() == [(1, 0, 0)]
    assert table.ids() == [1, 2, 3]
    first = table.rows()[0]
    assert first["_file"].endswith(".parquet")
    assert min(row["_row"] for row in table.rows()) == 1
    kinds = table.small.read(table.table).selectExpr("schema_of_variant(payload) s").collect()[0]["s"]
    assert "amount: DECIMAL(3,2)" in kinds
    assert "at: TIMESTAMP" in kinds
    assert table.in_silver() == ["1", "2", "3"]


def test_changes_land_with_deletions_as_records(table: Table) -> None:
    table.source(f"  delta: {{path: {table.path}, changes: true, starting_version: 0}}")
    table.insert(1, 2)
    table.sql("UPDATE {t} SET action = 'withdraw' WHERE id = 2")
    table.sql("DELETE FROM {t} WHERE id = 1")
    table.land()
    found = sorted((p["_commit_version"], p["_change_type"], p["id"], p["action"]) for p in table.payloads())
    assert found == [
        (1, "insert", 1, "grant"),
        (1, "insert", 2, "grant"),
        (2, "update_postimage", 2, "withdraw"),
        (2, "update_preimage", 2, "grant"),
        (3, "delete", 1, "grant"),
    ]
    assert {row["_file"] for row in table.rows()} == {f"{table.path}@v{n}" for n in (1, 2, 3)}
    assert table.land() == []


@pytest.mark.parametrize("changes", [pytest.param("false", marks=pytest.mark.slow), "true"])
def test_columns_that_come_and_are_renamed_are_followed_in_one_run(table: Table, changes: str) -> None:
    table.source(f"  delta: {{path: {table.path}, changes: {changes}, starting_version: 0}}")
    table.insert(1)
    table.land()
    table.sql("ALTER TABLE {t} ADD COLUMN coupon string")
    table.insert(2, more=", 'SALE'")
    table.sql("ALTER TABLE {t} RENAME COLUMN coupon TO voucher")
    table.insert(3, more=", 'NEW'")
    table.land()
    by_id = {p["id"]: p for p in table.payloads()}
    assert sorted(by_id) == [1, 2, 3]  # type: ignore[type-var]
    assert by_id[2].get("coupon", by_id[2].get("voucher")) == "SALE"
    assert by_id[3]["voucher"] == "NEW"


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_batch_comes_again_with_the_same_rows(table: Table, moment: str) -> None:
    table.source(f"  delta: {{path: {table.path}}}")
    table.insert(1, 2)
    with table.killed(moment):
        assert "killed by the test" in table.failure()
    table.insert(3)
    table.land()
    assert table.ids() == [1, 2, 3]
