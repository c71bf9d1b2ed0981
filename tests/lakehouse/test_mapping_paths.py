"""The short paths of source files as Spark SQL, and the file log as Spark writes it."""

import json

import pytest

from lakehouse.errors import SourceError
from lakehouse.sources.filelog import batch_files
from lakehouse.sources.mapping import sql

LOG = "/c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.a", "try_variant_get(payload, '$.a', 'string')"),
        ("$.a.b[0].c", "try_variant_get(payload, '$.a.b[0].c', 'string')"),
        ("@.sku", "try_variant_get(_item, '$.sku', 'string')"),
        ("$['a b']", "try_variant_get(payload, '$[\"a b\"]', 'string')"),
        ("$.小票号", "try_variant_get(payload, '$.小票号', 'string')"),
        (
            "concat($.a, '-', @.b)",
            "concat(try_variant_get(payload, '$.a', 'string'), '-', try_variant_get(_item, '$.b', 'string'))",
        ),
        ("'literal'", "'literal'"),
        ("_row + 1", "_row + 1"),
    ],
)
def test_a_path_reads_the_payload_or_the_item(text: str, expected: str) -> None:
    assert sql(text) == expected


def _log(entries: dict[str, list[tuple[str, int]]], offsets: dict[int, int]) -> dict[str, list[str]]:
    """Files of a checkpoint as lines: entries of the file log, and the last entry of each batch."""
    files = {
        f"{LOG}/sources/0/{name}": ["v1", *(json.dumps({"path": p, "timestamp": 1, "batchId": n}) for p, n in found)]
        for name, found in entries.items()
    }
    return files | {f"{LOG}/offsets/{n}": ["v1", "{}", json.dumps({"logOffset": last})] for n, last in offsets.items()}


def test_a_batch_is_the_entries_since_the_batch_before() -> None:
    lines = _log(
        {
            "0": [("file:///a%20b.csv", 0)],
            "1": [("file:///c.csv", 1)],
            "2": [("file:///z.csv", 2), ("file:///d.csv", 2)],
        },
        {0: 0, 1: 2},
    )
    assert batch_files(lines.get, LOG, 0) == ["file:///a b.csv"]
    assert batch_files(lines.get, LOG, 1) == ["file:///c.csv", "file:///d.csv", "file:///z.csv"]


def test_an_entry_is_found_in_the_compacted_log() -> None:
    lines = _log({"2.compact": [("file:///a.csv", 0), ("file:///b.csv", 1), ("file:///c.csv", 2)]}, {0: 0, 1: 1, 2: 2})
    assert batch_files(lines.get, LOG, 2) == ["file:///c.csv"]


def test_a_log_that_lost_an_entry_or_a_batch_is_an_error_and_not_an_empty_batch() -> None:
    lines = _log({"0": [("file:///a.csv", 0)]}, {0: 0, 1: 1})
    for batch in (1, 2):
        with pytest.raises(SourceError) as told:
            batch_files(lines.get, LOG, batch)
        assert told.value.where["file"] == LOG
