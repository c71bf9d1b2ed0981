"""Who keeps which id, in one process: what :func:`identity.ledger.decide` does by windows and joins, for parts that fit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.components.memory import worker_bytes
from lakehouse.frames import is_small
from lakehouse.session import count_rows

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

TODAY, BEFORE, FORMER = range(3)
NONE = -1
MOST = 4_000_000
"""Tokens up to which one process is sooner done than windows on all executors: it sorts their texts."""
BYTES_PER_TOKEN = 400
"""What a token takes on the executor, counted and not measured: its text twice, two ids, and the orders that it is put in."""
ROWS = "kind byte, token string, one_id string, component long, founded_at long, is_verified boolean"
MOVED = "token string, previous_id string, kept_id string, founded_at long, founder string"


def moved_here(clusters: DataFrame, previous: DataFrame, former: DataFrame | None) -> DataFrame:
    """``(token, previous_id, kept_id, founded_at, founder)`` of the tokens that do not stay with the id they have.

    ``clusters (token, component, first_seen_at, is_verified)``, ``previous (token, one_id)`` and ``former`` are as in
    :func:`identity.ledger.assign`; ``previous`` may have tokens of no cluster. ``kept_id`` is null where the cluster keeps none:
    its ``founder`` is its oldest token, first seen at ``founded_at`` (microseconds since 1970), of which an id is minted.
    """
    own = clusters.withColumn("one_id", F.lit(None))
    rows = [_rows(own, TODAY), _rows(previous.select("token", "one_id"), BEFORE)]
    rows += [] if former is None else [_rows(former, FORMER)]
    return reduce(DataFrame.unionByName, rows).coalesce(1).mapInArrow(decide, MOVED)


def fits_one(clusters: DataFrame) -> bool:
    """Whether one worker decides: where windows would take longer to plan than to do, and there is room for all tokens."""
    if is_small(clusters):
        return False
    n = count_rows(clusters)
    return n <= MOST and n * BYTES_PER_TOKEN <= worker_bytes(clusters.sparkSession)


def _rows(frame: DataFrame, kind: int) -> DataFrame:
    none = F.lit(None)
    is_told = "first_seen_at" in frame.columns
    founded_at = F.coalesce(F.unix_micros("first_seen_at"), F.lit(0)) if is_told else none
    columns: dict[str, Column] = {
        "kind": F.lit(kind).cast("byte"),
        "token": F.col("token"),
        "one_id": F.col("one_id").cast("string"),
        "component": (F.col("component") if "component" in frame.columns else none).cast("long"),
        "founded_at": founded_at.cast("long"),
        "is_verified": F.coalesce("is_verified", F.lit(False)) if is_told else none.cast("boolean"),
    }
    return frame.select(*[column.alias(name) for name, column in columns.items()])


@dataclass(frozen=True)
class Overlaps:
    """What clusters and ids share, an array for each column: the oldest token is given as its place among all, and its rank."""

    cluster: Longs
    one_id: Longs
    n_tokens: Longs
    n_verified: Longs
    founded_at: Longs
    founder: Longs
    place: Longs

    def best(self) -> Longs:
        """Of each id, the overlap with the most evidence: verified tokens, then tokens, then the oldest."""
        order = np.lexsort((self.founder, self.founded_at, -self.n_tokens, -self.n_verified, self.one_id))
        order = order[self.one_id[order] != NONE]
        found: Longs = order[_starts(self.one_id[order])]
        return found

    def oldest_verified(self, claims: Longs, n_clusters: int) -> Longs:
        """Of each cluster, the id that it keeps of those that it claims; ``NONE`` where it claims none."""
        order = claims[np.lexsort((self.one_id[claims], self.n_verified[claims] == 0, self.cluster[claims]))]
        first = order[_starts(self.cluster[order])]
        kept = np.full(n_clusters, NONE, dtype=np.int64)
        kept[self.cluster[first]] = self.one_id[first]
        return kept

    def founders(self) -> Longs:
        """Of each cluster, the overlap that has its founder."""
        order = np.lexsort((self.founder, self.founded_at, self.cluster))
        found: Longs = order[_starts(self.cluster[order])]
        return found


def decide(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of :data:`ROWS` in any order; batches of :data:`MOVED` out."""
    held = [batch for batch in batches if batch.num_rows]
    if not held:
        return
    rows = pa.Table.from_batches(held)
    today, before, former = (rows.filter(pc.equal(rows["kind"], kind)) for kind in (TODAY, BEFORE, FORMER))
    if not today.num_rows:
        return
    tokens = pa.concat_arrays([_joined(today["token"]), _joined(former["token"])])
    ids = pc.unique(pa.concat_arrays([_joined(before["one_id"]), _joined(former["one_id"])]))
    ids = ids.take(pc.sort_indices(ids))
    rank = np.empty(len(tokens), dtype=np.int64)
    rank[pc.sort_indices(tokens).to_numpy()] = np.arange(len(tokens))
    numbers, cluster = np.unique(today["component"].to_numpy(), return_inverse=True)
    own = tokens.slice(0, today.num_rows)
    at = _places(before["token"], own)
    previous = np.full(today.num_rows, NONE, dtype=np.int64)
    previous[at[at != NONE]] = _places(before["one_id"], ids)[at != NONE]
    overlaps = _overlaps(cluster, previous, today, rank[: today.num_rows])
    kept = overlaps.oldest_verified(overlaps.best(), len(numbers))
    if former.num_rows:
        at = _places(former["token"], own)
        where = np.where(at == NONE, NONE, cluster[at])
        kept = _revived(kept, _overlaps(where, _places(former["one_id"], ids), former, rank[today.num_rows :]))
    moves = np.flatnonzero((kept[cluster] == NONE) | (kept[cluster] != previous))
    first = overlaps.founders()[cluster[moves]]
    columns = [
        own.take(pa.array(moves)),
        _named(ids, previous[moves]),
        _named(ids, kept[cluster[moves]]),
        pa.array(overlaps.founded_at[first]),
        own.take(pa.array(overlaps.place[first])),
    ]
    names = ["token", "previous_id", "kept_id", "founded_at", "founder"]
    yield from pa.table(columns, names=names).to_batches(max_chunksize=100_000)


def _joined(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _places(values: pa.ChunkedArray, among: pa.Array) -> Longs:
    """Where each value stands among the others; ``NONE`` where it does not."""
    found: Longs = pc.fill_null(pc.index_in(values, value_set=among), NONE).to_numpy().astype(np.int64)
    return found


def _named(ids: pa.Array, numbers: Longs) -> pa.Array:
    return ids.take(pa.array(numbers, mask=numbers == NONE))


def _starts(ordered: Longs) -> Flags:
    """Where equal values begin."""
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return is_first


def _overlaps(cluster: Longs, one_id: Longs, facts: pa.Table, rank: Longs) -> Overlaps:
    founded_at, is_verified = facts["founded_at"].to_numpy(), facts["is_verified"].to_numpy().astype(np.int64)
    order = np.lexsort((rank, founded_at, one_id, cluster))
    starts = np.flatnonzero(_starts(cluster[order]) | _starts(one_id[order]))
    first = order[starts]
    return Overlaps(
        cluster[first],
        one_id[first],
        np.diff(starts, append=len(order)),
        np.add.reduceat(is_verified[order], starts),
        founded_at[first],
        rank[first],
        first,
    )


def _revived(kept: Longs, shares: Overlaps) -> Longs:
    """Clusters that keep no id get back the oldest verified one of those that nobody has and that they hold most of."""
    heirs = shares.best()
    heirs = heirs[shares.cluster[heirs] != NONE]
    back = shares.oldest_verified(heirs[kept[shares.cluster[heirs]] == NONE], len(kept))
    return np.where(kept == NONE, back, kept)
