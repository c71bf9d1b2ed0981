"""Rows between two places of a Delta table's log, from the log alone: what a stream of appended rows had to read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lakehouse.textfiles import Lines


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a table's log: everything before ``version``, and of it the files up to ``index`` (-1: none)."""

    version: int
    index: int = -1


def places(lines: Lines, checkpoint: str, batch_id: int) -> list[Place | None]:
    """Up to where each Delta source of a stream's batch reads, in the order of the sources; empty without such a batch.

    None where a source has nothing yet, or is still within its first snapshot (which no place in the log tells).
    The format is Spark's offset log (v1) with Delta's ``DeltaSourceOffset``.
    """
    found = lines(f"{checkpoint}/offsets/{batch_id}") if batch_id >= 0 else None
    return [_place(line) for line in (found or [])[2:] if line]


def _place(line: str) -> Place | None:
    offset = json.loads(line) if line != "-" else {}
    if not offset or offset.get("isStartingVersion"):
        return None
    return Place(int(offset["reservoirVersion"]), max(-1, int(offset["index"])))


def rows_between(lines: Lines, path: str, after: Place | None, upto: Place) -> int | None:
    """Rows appended to the table at ``path`` after one place up to another; None where the log has lost an entry.

    Commits that remove rows are left out, as ``skipChangeCommits`` leaves them out. A stream's first batch (``after`` is None)
    may be a snapshot, in which removed rows are not: then nothing can be told where any were removed.
    """
    start = after or Place(0)
    total = 0
    for version in range(start.version, upto.version + (upto.index >= 0)):
        entry = lines(f"{path}/_delta_log/{version:020d}.json")
        if entry is None or (after is None and _removes(_actions(entry))):
            return None
        for index, rows in enumerate(_appended(entry)):
            if start < Place(version, index) <= upto:
                if rows is None:
                    return None
                total += rows
    return total


def _appended(entry: list[str]) -> list[int | None]:
    """Rows of each file that a commit appends, in the commit's order; none of a commit that also removes."""
    actions = _actions(entry)
    if _removes(actions):
        return []
    adds = [action["add"] for action in actions if "add" in action and action["add"].get("dataChange", True)]
    return [json.loads(add.get("stats") or "{}").get("numRecords") for add in adds]


def _actions(entry: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in entry if line]


def _removes(actions: list[dict[str, Any]]) -> bool:
    return any(action["remove"].get("dataChange", True) for action in actions if "remove" in action)


def added_files(lines: Lines, path: str, version: int) -> Iterator[str]:
    """Paths of the data files that a commit adds."""
    for line in lines(f"{path}/_delta_log/{version:020d}.json") or []:
        add = json.loads(line).get("add") if line else None
        if add:
            name = unquote(add["path"])
            yield name if "://" in name or name.startswith("/") else f"{path}/{name}"
