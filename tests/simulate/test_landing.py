"""Shows that files land whole, once, and under the right names."""

import json
from pathlib import Path

import pytest

from simulate import deliver
from simulate.landing import brand_of


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What generate would have written, a few files by hand."""
    facts = {"people": 5, "seed": 7, "start": "2025-01-01", "history_days": 365, "increments": 2}
    files = {
        "brand/part-00000-x.json": json.dumps(facts),
        "staged/app/event/delivery=000/part-00001-b.txt": "later",
        "staged/app/event/delivery=000/part-00000-a.txt": "first",
        "staged/app/event/delivery=000/.part-00000-a.txt.crc": "crc",
        "staged/app/event/delivery=002/part-00000-a.txt": "second day",
        "staged/pos/receipt_north/delivery=000/layout=1/part-00000-z.csv": "old",
        "staged/pos/receipt_north/delivery=000/layout=2/part-00000-a.csv": "new",
        "truth/person/part-00000-a.parquet": "secret",
    }
    for name, content in files.items():
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "out"


def landed(landing: Path) -> dict[str, str]:
    return {p.relative_to(landing).as_posix(): p.read_text(encoding="utf-8") for p in landing.rglob("*") if p.is_file()}


def test_files_land_by_source_and_day_and_one_is_sent_again(out: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    assert deliver(str(out), str(landing), 0) == 5
    assert landed(landing) == {
        "app/event/history/event-00000.jsonl": "first",
        "app/event/history/event-00001.jsonl": "later",
        "pos/receipt_north/history/receipt_north-00000.csv": "old",
        "pos/receipt_north/history/receipt_north-00000-resent.csv": "old",
        "pos/receipt_north/history/receipt_north-00001.csv": "new",
    }
    assert deliver(str(out), str(landing), 2) == 2
    assert landed(landing)["app/event/2026-01-02/event-00000.jsonl"] == "second day"


def test_delivering_again_changes_nothing(out: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    deliver(str(out), str(landing), 0)
    before = {path: path.stat().st_mtime_ns for path in landing.rglob("*")}
    assert deliver(str(out), str(landing), 0) == 5
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*")} == before


def test_files_are_copied_where_links_cannot_be_made(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    deliver(str(out), str(tmp_path / "landing"), 0)
    assert landed(tmp_path / "landing")["app/event/history/event-00000.jsonl"] == "first"
    assert not list((tmp_path / "landing").rglob("*.partial"))


def test_an_unknown_delivery_and_an_empty_folder_are_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="deliveries 0 to 2"):
        deliver(str(out), str(tmp_path / "landing"), 3)
    with pytest.raises(FileNotFoundError, match="no generated brand"):
        deliver(str(tmp_path / "nothing"), str(tmp_path / "landing"), 0)


def test_the_brand_is_read_back(out: Path) -> None:
    assert brand_of(str(out)).label(1) == "2026-01-01"
