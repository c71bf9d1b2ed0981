"""Quarantine read without Spark: newest entries, those replayed since left out, and records as they can be edited."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from jobs.quarantined import Filter, Quarantine, as_delivered, editable, read_edited
from jobs.reporting.store import Row
from lakehouse.errors import KithError
from lakehouse.sources.spec import Source

AT = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    [(n, pa.string()) for n in ("stage", "source", "file")]
    + [("row", pa.int64())]
    + [(n, pa.string()) for n in ("reason", "detail", "record")]
    + [("quarantined_at", pa.timestamp("us", "UTC"))]
)
LAND, SILVER = "bronze.a__b", "silver.event"


def entry(
    stage: str, row: int | None, reason: str, hours: int = 0, record: str = "x", file: str = "file:/f.csv"
) -> Row:
    return {
        "stage": stage,
        "source": "a__b",
        "file": file,
        "row": row,
        "reason": reason,
        "detail": "d",
        "record": record,
    } | {"quarantined_at": AT + timedelta(hours=hours)}


def replayed(stage: str, row: int | None, hours: int, file: str = "file:/f.csv") -> Row:
    return {"stage": stage, "source": "a__b", "file": file, "row": row, "replayed_at": AT + timedelta(hours=hours)}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    rows = [
        entry(LAND, 1, "malformed_record"),
        entry(LAND, 2, "malformed_record"),
        entry(LAND, None, "wrong_header", file="file:/g.csv"),
        entry(SILVER, 3, "old", record="{1}"),
        entry(SILVER, 3, "old", record="{2}"),
        entry(SILVER, 3, "new", hours=5, record="{2}"),
    ]
    write_deltalake(f"{tmp_path}/ops/quarantine", pa.Table.from_pylist(rows, SCHEMA))
    return tmp_path


def shown(lake: Path, **which: object) -> list[tuple[int | None, str]]:
    return [(row["row"], row["reason"]) for row in Quarantine(str(lake)).entries(Filter(**which))]  # type: ignore[arg-type]


def test_the_newest_entry_of_each_record_is_open(lake: Path) -> None:
    assert shown(lake) == [
        (1, "malformed_record"),
        (2, "malformed_record"),
        (None, "wrong_header"),
        (3, "old"),
        (3, "new"),
    ]
    assert len(shown(lake, is_open=False)) == 6


def test_what_was_replayed_since_is_closed_and_what_failed_again_is_open(lake: Path) -> None:
    marks = [replayed(LAND, 1, 1), replayed(LAND, None, 1, "file:/g.csv"), replayed(SILVER, 3, 3)]
    write_deltalake(f"{lake}/ops/quarantine_replay", pa.Table.from_pylist(marks))
    assert shown(lake) == [(2, "malformed_record"), (3, "new")]


def test_entries_are_chosen_and_grouped(lake: Path) -> None:
    assert shown(lake, reason="wrong_header") == [(None, "wrong_header")]
    assert shown(lake, stage=SILVER, reason="new") == [(3, "new")]
    assert shown(lake, file="g.csv") == [(None, "wrong_header")]
    assert shown(lake, source="it's") == []
    groups = Quarantine(str(lake)).groups(Filter())
    assert [(g["stage"], g["reason"], g["records"], g["files"]) for g in groups] == [
        (LAND, "malformed_record", 2, 0),
        (SILVER, "new", 1, 0),
        (SILVER, "old", 1, 0),
        (LAND, "wrong_header", 0, 1),
    ]


def test_a_lake_without_quarantine_has_nothing_in_it(tmp_path: Path) -> None:
    assert Quarantine(str(tmp_path)).groups(Filter()) == []


def test_a_refused_row_of_silver_is_edited_as_it_was_delivered(tmp_path: Path) -> None:
    csv, lines = tmp_path / "f.csv", tmp_path / "f.jsonl"
    csv.write_text("id,name\n1,Ann\n2,Bob\n", encoding="gb18030")
    lines.write_text('{"id": 1}\n\n{"id": 2}\n', encoding="utf-8")
    table = Source(name="a__b", description="x", format="csv", options={"encoding": "GB18030"})
    nested = Source(name="a__b", description="x", format="jsonl")
    assert as_delivered(table, f"file:{csv}", 2) == {"id": "2", "name": "Bob"}
    assert as_delivered(nested, f"file://{lines}", 3) == {"id": 2}
    assert as_delivered(table, "file:/gone.csv", 2) is None
    (line,) = editable([entry(SILVER, 2, "old", file=f"file:{csv}")], {"a__b": table})
    assert line["record"] == {"id": "2", "name": "Bob"}


@pytest.mark.parametrize("line", ["{", '{"source": "a__b"}', '{"source": "a__b", "file": "f", "row": 1, "record": 5}'])
def test_a_line_that_cannot_be_replayed_is_named(tmp_path: Path, line: str) -> None:
    good = {"source": "a__b", "file": "f", "row": None, "record": "x"}
    path = tmp_path / "edited.jsonl"
    path.write_text(f"{json.dumps(good)}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(KithError, match="row=3"):
        read_edited(path)
    path.write_text(json.dumps(good), encoding="utf-8")
    assert read_edited(path) == {("a__b", "f", None): "x"}
