"""The report's section on trust: figures from the platform's own tables, told in words that hold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.reporting.store import Row, Shelf
from jobs.reporting.trust import Trust, lag, read_trust, trust
from lakehouse.tables import ops

AT = datetime(2026, 1, 3, 10, tzinfo=UTC)


def write(root: Path, name: str, rows: list[Row]) -> None:
    write_deltalake(f"{root}/lake/{name.replace('.', '/')}", pa.Table.from_pylist(rows), mode="append")


def balance(stage: str, source: str | None, rows_in: int, out: int, **more: int) -> Row:
    row: Row = {"stage": stage, "source": source, "rows_in": rows_in, "rows_out": out}
    row |= {
        name: more.get(name, 0) for name in ("rows_quarantined", "rows_duplicate", "rows_filtered", "rows_exploded")
    }
    missing = rows_in - out - sum(more.values())
    return row | {"balance": missing, "is_balanced": missing == 0}


def freshness(source: str, hours: float, *, late: bool, at: datetime = AT, table: str = "gold.dim_customer") -> Row:
    lags = {"p50_lag_seconds": hours * 1800, "p95_lag_seconds": hours * 3600}
    return {
        "table": table,
        "source": source,
        "slo_hours": 24.0,
        "is_breached": late,
        "measured_at": at,
        "run_id": str(at),
    } | lags


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    landed = [
        ("crm__member", "landed", AT),
        ("crm__member", "resent", AT),
        ("cinema__member", "landed", AT + timedelta(hours=1)),
    ]
    write(tmp_path, "ops.landed_file", [{"source": s, "outcome": o, "landed_at": at} for s, o, at in landed])
    rows = [
        balance("land", "crm__member", 100, 95, rows_quarantined=2, rows_duplicate=3),
        balance("land", "cinema__member", 45, 45),
    ]
    write(tmp_path, "ops.conservation", [*rows, balance("merge", None, 140, 120, rows_duplicate=20)])
    lags = [freshness("crm__member", 30, late=True, at=AT - timedelta(days=1)), freshness("crm__member", 5, late=False)]
    write(tmp_path, "ops.freshness", [*lags, freshness("cinema__member", 80, late=True)])
    return Shelf(f"{tmp_path}/lake", ops.ALL)


def test_figures_are_read_by_stage_source_and_reason(shelf: Shelf) -> None:
    found = read_trust(shelf)
    assert {row["stage"]: (row["batches"], row["rows_in"], row["missing"]) for row in found.stages} == {
        "land": (2, 145, 0),
        "merge": (1, 140, 0),
    }
    assert [(row["source"], row["p95_lag_seconds"]) for row in found.lags] == [
        ("cinema__member", 288_000),
        ("crm__member", 18_000),
    ]


def test_the_page_says_that_nothing_is_missing_and_names_the_newest_source(shelf: Shelf) -> None:
    html = trust(read_trust(shelf))
    assert "3 balances of rows in against rows out, 3 with each side counted" in html
    assert "none is off by a single row" in html
    assert "The newest source, cinema__member, brought 45 rows." in html
    assert "Files: 2 landed, 1 sent again and recognised." in html
    assert html.count('class="bar bad"') == 1


def test_missing_rows_are_said(tmp_path: Path) -> None:
    write(tmp_path, "ops.conservation", [balance("land", "crm__member", 100, 99)])
    html = trust(read_trust(Shelf(f"{tmp_path}/lake", ops.ALL)))
    assert "1 row unaccounted for" in html
    assert "0 ✓" not in html


def test_an_empty_lake_says_so(tmp_path: Path) -> None:
    found = read_trust(Shelf(f"{tmp_path}/lake", ops.ALL))
    assert (list(found.stages), list(found.lags), found.replayed) == ([], [], 0)
    assert "No batch has been accounted for yet" in trust(Trust())


@pytest.mark.parametrize(("seconds", "said"), [(12, "12 s"), (5 * 3600, "5.0 h"), (10 * 86_400, "10 days")])
def test_lags_are_written_shortly(seconds: float, said: str) -> None:
    assert lag(seconds) == said
