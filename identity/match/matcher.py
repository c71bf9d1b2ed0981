"""A whole match: read records in, compared, trained, scored and clustered ones out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.candidates import Pass, block, estimated_recall
from identity.match.comparisons import comparisons
from identity.match.guards import Limits, Rule, components, guarded_clusters
from identity.match.linking import levels_of
from identity.match.model import Floats, Gammas, Model, untrained
from identity.match.preparation import Field, prepare
from identity.match.reading import Records
from identity.match.settings import MatchSettings
from identity.match.training import probability, train

Ints = NDArray[np.int64]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Scored:
    """Compared pairs in the order of their records: ends (``rid``), levels, weights in bits, and which fields caught them."""

    left: Ints
    right: Ints
    gammas: Gammas
    weights: Floats
    masks: NDArray[np.uint64]


@dataclass(frozen=True)
class Matched:
    """What a match found; ``clusters`` holds for each ``rid`` the least ``rid`` of its cluster."""

    model: Model
    scored: Scored
    clusters: Ints
    passes: tuple[Pass, ...]
    recall: float
    rules: tuple[Rule, ...]
    threshold: float


def match(con: duckdb.DuckDBPyConnection, records: Records, settings: MatchSettings, tell: Tell) -> Matched:
    """Match the records of the table ``raw`` (see :func:`read_records`); deterministic, whatever the order of rows."""
    fields = prepare(con, records.fields)
    tell(f"{len(fields)} fields compared: {', '.join(f'{f.name} ({f.kind})' for f in fields)}")
    started = untrained(comparisons(fields))
    shares = _shares(con, fields)
    passes: list[Pass] = []
    across = settings.deduplicate == "never" and len(records.sources) > 1
    all_pairs = _all_pairs(con, across=across)
    drawn = _random_levels(con, started, records.n, settings)
    model, scored, recall = started, None, 0.0
    for loose in (False, True):
        passes.append(block(con, fields, loose=loose, max_block=settings.max_block, across_only=across))
        left, right, gammas = levels_of(con, started, "pairs")
        model = train(started, gammas, drawn, all_pairs=all_pairs, equal=shares)
        weights = model.weights(gammas) + _frequencies(con, model, left, right, gammas)
        masks = con.execute("SELECT mask FROM pairs ORDER BY rid_l, rid_r").fetchnumpy()["mask"]
        scored = Scored(left, right, gammas, weights, masks)
        recall = estimated_recall(masks, probability(weights))
        tell(f"{passes[-1].name} blocking: {passes[-1].pairs:,} pairs, finds an estimated {100 * recall:.1f} % of the true ones")
        if recall >= settings.recall_wanted:
            break
    assert scored is not None
    rules = _rules(con, records, settings)
    limits = Limits(_bits(settings.threshold), settings.max_cluster)
    clusters = guarded_clusters(
        records.n, scored.left.astype(np.int64), scored.right.astype(np.int64), scored.weights, rules=rules, limits=limits
    )
    return Matched(model, scored, clusters, tuple(passes), recall, rules, settings.threshold)


def _bits(p: float) -> float:
    return math.log2(p / (1 - p)) if 0 < p < 1 else math.copysign(60.0, p - 0.5)


def _all_pairs(con: duckdb.DuckDBPyConnection, *, across: bool) -> float:
    sizes = [row[0] for row in con.execute("SELECT count(*) FROM raw GROUP BY source").fetchall()]
    n = sum(sizes)
    within = sum(size * (size - 1) / 2 for size in sizes) if across else 0
    return max(n * (n - 1) / 2 - within, 1.0)


def _shares(con: duckdb.DuckDBPyConnection, fields: Sequence[Field]) -> Floats:
    """For each field how probable it is that two random records are equal in it, from the frequencies of its values."""
    parts = [
        f'(SELECT sum(n * (n - 1)) / greatest(sum(n) * (sum(n) - 1), 1) FROM (SELECT count(*) AS n FROM prepared '
        f'WHERE "{f.name}" IS NOT NULL GROUP BY "{f.name}"))'
        for f in fields
    ]
    return np.array([float(x or 0.0) for x in con.execute(f"SELECT {', '.join(parts)}").fetchall()[0]])


def _random_levels(con: duckdb.DuckDBPyConnection, model: Model, n: int, settings: MatchSettings) -> Gammas:
    """Levels of pairs drawn by hash: each record with the next ones in the order of a hash."""
    steps = max(1, min(math.ceil(settings.u_pairs / n), (n - 1) // 2))
    con.execute(f"""CREATE OR REPLACE TABLE drawn AS
        WITH shuffled AS (SELECT rid, row_number() OVER (ORDER BY hash(rid, {settings.seed}), rid) - 1 AS at FROM prepared)
        SELECT least(a.rid, b.rid) AS rid_l, greatest(a.rid, b.rid) AS rid_r
        FROM shuffled a, range(1, {steps} + 1) s JOIN shuffled b ON b.at = (a.at + s.range) % {n} WHERE a.rid <> b.rid
        AND a.at < {settings.u_pairs}""")
    return levels_of(con, model, "drawn")[2]


def _frequencies(con: duckdb.DuckDBPyConnection, model: Model, left: Ints, right: Ints, gammas: Gammas) -> Floats:
    """Bits by which equal values count more where they are rare and less where they are common (Splink's adjustment)."""
    total = np.zeros(len(left))
    for number, comparison in enumerate(model.comparisons):
        column = comparison.levels[0].tf
        if column:
            share = _share_of_values(con, column)
            equal = gammas[:, number] == len(comparison.levels) - 1
            seen = np.maximum(share[left[equal]], share[right[equal]])
            total[equal] += np.log2(model.u[number][-1] / seen)
    return total


def _share_of_values(con: duckdb.DuckDBPyConnection, column: str) -> Floats:
    sql = f'SELECT count(*) OVER (PARTITION BY "{column}") / count("{column}") OVER () AS share FROM prepared ORDER BY rid'
    return np.asarray(con.execute(sql).fetchnumpy()["share"], dtype=np.float64)


def _rules(con: duckdb.DuckDBPyConnection, records: Records, settings: MatchSettings) -> tuple[Rule, ...]:
    return ()


def components_at(n: int, scored: Scored, bits: float) -> Ints:
    """Plain connected components of the pairs that reach ``bits``: what clusters would be without guard."""
    strong = scored.weights >= bits
    return components(n, scored.left[strong].astype(np.int64), scored.right[strong].astype(np.int64))
