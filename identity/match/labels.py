"""Labels of a user's own: true pairs or true clusters, to judge a match by."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.accuracy import Score, bcubed, pairs_of_clusters, scored_pairs
from identity.match.guards import components
from lakehouse.errors import SourceError

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Pairs (those that were linked one by one), clusters (all pairs within them), and B-cubed, over ``records`` judged."""

    records: int
    pairs: Score
    clusters: Score
    bcubed: Score


def read_labels(file: Path, rids: Mapping[str, int]) -> Ints:
    """The true cluster of each record, by ``rid``; -1 for one that the labels do not know.

    The file has either ``id, cluster`` (any second name) or ``id_l, id_r``: with pairs, records that no pair names are people
    of their own. A third column of pairs, if there is one, says 1 for a true pair and 0 for one that is not. Raises
    :class:`SourceError` naming file, row and rule.
    """
    try:
        con = duckdb.connect()
        read = con.read_csv(str(file), all_varchar=True, header=True)
        names, rows = [name.strip() for name in read.columns], read.fetchall()
    except duckdb.Error as error:
        raise SourceError(
            f"the labels cannot be read: {str(error).splitlines()[0]}", file=file, rule="readable"
        ) from error
    if names[:2] == ["id_l", "id_r"]:
        return _from_pairs(file, rows, rids)
    if len(names) == 2 and names[0] == "id":
        return _from_clusters(file, rows, rids)
    raise SourceError("labels are id,cluster or id_l,id_r", file=file, rule="columns", key=",".join(names))


def judge(truth: Ints, clusters: Ints, left: Ints, right: Ints) -> Accuracy:
    """Accuracy of ``clusters`` and of the linked pairs over the records whose ``truth`` is known."""
    known = np.flatnonzero(truth >= 0)
    both = (truth[left] >= 0) & (truth[right] >= 0)
    n = len(truth)
    linked = np.minimum(left[both], right[both]) * n + np.maximum(left[both], right[both])
    return Accuracy(
        len(known),
        scored_pairs(linked, _true_pairs(truth, known, n)),
        pairs_of_clusters(clusters[known], truth[known]),
        bcubed(clusters[known], truth[known]),
    )


def _true_pairs(truth: Ints, known: Ints, n: int) -> Ints:
    order = known[np.argsort(truth[known], kind="stable")]
    found = []
    for group in np.split(order, np.flatnonzero(np.diff(truth[order])) + 1):
        members = np.sort(group)
        one, other = np.triu_indices(len(members), 1)
        found.append(members[one] * n + members[other])
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _from_pairs(file: Path, rows: list[tuple[str, ...]], rids: Mapping[str, int]) -> Ints:
    true = [(i, row) for i, row in enumerate(rows, start=1) if len(row) < 3 or row[2] is None or float(row[2]) >= 0.5]
    left = np.array([_rid(file, i, row[0], rids) for i, row in true], dtype=np.int64)
    right = np.array([_rid(file, i, row[1], rids) for i, row in true], dtype=np.int64)
    return components(len(rids), left, right)


def _from_clusters(file: Path, rows: list[tuple[str, ...]], rids: Mapping[str, int]) -> Ints:
    truth = np.full(len(rids), -1, dtype=np.int64)
    numbers: dict[str, int] = {}
    for i, row in enumerate(rows, start=1):
        truth[_rid(file, i, row[0], rids)] = numbers.setdefault(row[1], len(numbers))
    return truth


def _rid(file: Path, row: int, ident: str | None, rids: Mapping[str, int]) -> int:
    found = rids.get((ident or "").strip())
    if found is None:
        raise SourceError(f"no record has the id {ident!r}", file=file, row=row, rule="id of a record")
    return found
