"""A whole match: read records in, compared, trained, scored and clustered ones out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.candidates import Pass, block, estimated_recall
from identity.match.comparisons import comparisons
from identity.match.guards import Limits, Rule, guarded_clusters
from identity.match.hygiene import drop_shared
from identity.match.linking import Compared, Levels
from identity.match.model import Floats, Gammas, Model, untrained
from identity.match.preparation import Field, prepare
from identity.match.reading import Records
from identity.match.settings import MatchSettings
from identity.match.training import probability, train
from lakehouse.errors import SettingsError

Ints = NDArray[np.int64]
Tell = Callable[[str], None]

FREE = 0.15
"""A file is free of duplicates when it has fewer matches within than this part of its matches with other files."""


@dataclass(frozen=True)
class Scored:
    """Compared pairs in the order of their records: ends (``rid``), levels, weights in bits, and which fields caught them."""

    left: Ints
    right: Ints
    gammas: Gammas
    weights: Floats
    masks: NDArray[np.uint64]

    def only(self, kept: NDArray[np.bool_]) -> "Scored":
        """Some of the pairs."""
        return Scored(self.left[kept], self.right[kept], self.gammas[kept], self.weights[kept], self.masks[kept])


@dataclass(frozen=True)
class Matched:
    """What a match found; ``clusters`` holds for each ``rid`` the least ``rid`` of its cluster, ``free`` the numbers of the
    files that were taken to be free of duplicates.
    """

    model: Model
    fields: tuple[Field, ...]
    scored: Scored
    clusters: Ints
    passes: tuple[Pass, ...]
    recall: float
    rules: tuple[Rule, ...]
    limits: Limits
    free: tuple[int, ...]


def match(con: duckdb.DuckDBPyConnection, records: Records, settings: MatchSettings, tell: Tell) -> Matched:
    """Match the records of the table ``raw`` (see :func:`read_records`); deterministic, whatever the order of rows."""
    fields = prepare(con, records.fields)
    tell(f"{len(fields)} fields compared: {', '.join(f'{f.name} ({f.kind})' for f in fields)}")
    for name, values in drop_shared(con, fields):
        tell(f"{name}: {values:,} values are shared by many different people, and are no evidence")
    run = _Run(con, records, settings, fields)
    for loose in (False, True):
        done = run.add_pass(loose=loose)
        tell(
            f"{done.name} blocking: {done.pairs:,} pairs more; "
            f"an estimated {100 * run.recall:.1f} % of the true pairs are compared"
        )
        if run.recall >= settings.recall_wanted:
            break
    run.apart()
    for number in run.free:
        tell(f"{records.sources[number]} is taken to be free of duplicates")
    return run.clustered()


class _Run:
    """One match under way: pairs compared so far, and the model that they have trained."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, records: Records, settings: MatchSettings, fields: Sequence[Field]
    ) -> None:
        self.con, self.records, self.settings, self.fields = con, records, settings, tuple(fields)
        self.sources = _column(con, "SELECT source FROM prepared ORDER BY rid")
        self.start = untrained(comparisons(fields))
        self.levels = Levels(con, self.start)
        self.equal = _equal_shares(con, fields)
        self.across = settings.deduplicate == "never" and len(records.sources) > 1
        self.free: tuple[int, ...] = tuple(range(len(records.sources))) if self.across else ()
        self.passes: list[Pass] = []
        self.seen = Compared(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(fields)), np.int8))
        self.drawn = self.seen.gammas
        self.model, self.recall = self.start, 0.0
        self.scored = Scored(self.seen.left, self.seen.right, self.seen.gammas, np.empty(0), np.empty(0, np.uint64))

    def add_pass(self, *, loose: bool) -> Pass:
        """Block once more, compare what is new, train and score again."""
        settings = self.settings
        done = block(self.con, self.fields, loose=loose, max_block=settings.max_block, across_only=self.across)
        self.passes.append(done)
        if loose:
            new = self.levels.of("(SELECT rid_l, rid_r FROM pairs WHERE pass = 1)")
            self.seen = _ordered(self.seen, new)
        else:
            self._first()
        self._train(np.ones(len(self.seen.left), dtype=bool))
        return done

    def _first(self) -> None:
        """Candidates and random pairs in one go."""
        n = self.records.n
        _draw(self.con, n, self.settings)
        both = self.levels.of("(SELECT rid_l, rid_r FROM pairs UNION SELECT rid_l, rid_r FROM drawn)")
        codes = both.left * n + both.right
        at = f"CAST(rid_l AS bigint) * {n} + rid_r"
        is_pair = np.isin(codes, _column(self.con, f"SELECT {at} AS code FROM pairs"))
        is_drawn = np.isin(codes, _column(self.con, f"SELECT {at} AS code FROM drawn"))
        self.drawn = both.gammas[is_drawn]
        self.seen = Compared(both.left[is_pair], both.right[is_pair], both.gammas[is_pair])

    def _train(self, kept: NDArray[np.bool_]) -> None:
        seen = self.seen
        sizes = np.bincount(self.sources)
        pairs = _all_pairs(sizes, across=self.across)
        self.model = train(self.start, seen.gammas[kept], self.drawn, all_pairs=pairs, equal=self.equal)
        weights = self.model.weights(seen.gammas) + _frequencies(self.con, self.model, seen)
        masks = np.asarray(self.con.execute("SELECT mask FROM pairs ORDER BY rid_l, rid_r").fetchnumpy()["mask"])
        self.scored = Scored(seen.left, seen.right, seen.gammas, weights, masks).only(kept)
        self.recall = estimated_recall(self.scored.masks, probability(self.scored.weights))

    def apart(self) -> None:
        """Find the files that are free of duplicates; where all are, only pairs across files are trained on and kept."""
        if self.settings.deduplicate == "auto" and len(self.records.sources) > 1:
            self.free = _free_of_duplicates(self.sources, self.scored)
            if len(self.free) == len(self.records.sources):
                self.across = True
                self._train(self.sources[self.seen.left] != self.sources[self.seen.right])

    def clustered(self) -> Matched:
        rules = tuple(self._rules())
        limits = Limits(_bits(self.settings.threshold), self.settings.max_cluster)
        scored = self.scored
        clusters = guarded_clusters(
            self.records.n, scored.left, scored.right, scored.weights, rules=rules, limits=limits
        )
        return Matched(
            self.model, self.fields, scored, clusters, tuple(self.passes), self.recall, rules, limits, self.free
        )

    def _rules(self) -> list[Rule]:
        rules = []
        if self.free:
            own = np.where(np.isin(self.sources, self.free), self.sources, -1)
            rules.append(Rule("one record of a file without duplicates", own, is_apart=True))
        names = {name for name, _ in self.records.fields}
        for column in self.settings.unique:
            field = column.strip().lower().replace(" ", "_")
            if field not in names:
                raise SettingsError(
                    f"there is no such column; there are {', '.join(sorted(names))}", key=f"unique.{column}"
                )
            sql = f'SELECT CASE WHEN "{field}" IS NULL THEN -1 ELSE dense_rank() OVER (ORDER BY "{field}") END AS value'
            rules.append(Rule(f"one {field} for a person", _column(self.con, f"{sql} FROM raw ORDER BY rid")))
        return rules


def _bits(p: float) -> float:
    return math.log2(p / (1 - p)) if 0 < p < 1 else math.copysign(60.0, p - 0.5)


def _column(con: duckdb.DuckDBPyConnection, sql: str) -> Ints:
    (values,) = con.execute(sql).fetchnumpy().values()
    return np.asarray(values, dtype=np.int64)


def _ordered(one: Compared, other: Compared) -> Compared:
    left, right = np.concatenate([one.left, other.left]), np.concatenate([one.right, other.right])
    order = np.lexsort((right, left))
    return Compared(left[order], right[order], np.concatenate([one.gammas, other.gammas])[order])


def _all_pairs(sizes: NDArray[np.intp], *, across: bool) -> float:
    n = int(sizes.sum())
    within = float((sizes * (sizes - 1) / 2).sum()) if across else 0.0
    return max(n * (n - 1) / 2 - within, 1.0)


def _free_of_duplicates(sources: Ints, scored: Scored) -> tuple[int, ...]:
    p = probability(scored.weights)
    left, right = sources[scored.left], sources[scored.right]
    found = []
    for number in range(int(sources.max()) + 1):
        within = float(p[(left == number) & (right == number)].sum())
        across = float(p[(left == number) != (right == number)].sum())
        if within < FREE * across:
            found.append(number)
    return tuple(found)


def _equal_shares(con: duckdb.DuckDBPyConnection, fields: Sequence[Field]) -> Floats:
    """For each field how probable it is that two random records are equal in it, from the frequencies of its values."""
    parts = [
        f"(SELECT sum(n * (n - 1)) / greatest(sum(n) * (sum(n) - 1), 1) FROM (SELECT count(*) AS n FROM prepared "
        f'WHERE "{f.name}" IS NOT NULL GROUP BY "{f.name}"))'
        for f in fields
    ]
    return np.array([float(x or 0.0) for x in con.execute(f"SELECT {', '.join(parts)}").fetchall()[0]])


def _draw(con: duckdb.DuckDBPyConnection, n: int, settings: MatchSettings) -> None:
    """The table ``drawn``: each record with the next ones in the order of a hash, which is as good as random and repeats."""
    steps = max(1, min(math.ceil(settings.u_pairs / n), (n - 1) // 2))
    con.execute(f"""CREATE OR REPLACE TABLE drawn AS
        WITH shuffled AS (SELECT rid, row_number() OVER (ORDER BY hash(rid, {settings.seed}), rid) - 1 AS at FROM prepared)
        SELECT least(a.rid, b.rid) AS rid_l, greatest(a.rid, b.rid) AS rid_r
        FROM shuffled a, range(1, {steps} + 1) s JOIN shuffled b ON b.at = (a.at + s.range) % {n}
        WHERE a.rid <> b.rid AND a.at < {settings.u_pairs}""")


def _frequencies(con: duckdb.DuckDBPyConnection, model: Model, pairs: Compared) -> Floats:
    """Bits by which equal values count more where they are rare and less where they are common (Splink's adjustment)."""
    total = np.zeros(len(pairs.left))
    for number, comparison in enumerate(model.comparisons):
        column = comparison.levels[0].tf
        if column:
            share = _share_of_values(con, column)
            equal = pairs.gammas[:, number] == len(comparison.levels) - 1
            seen = np.maximum(share[pairs.left[equal]], share[pairs.right[equal]])
            total[equal] += np.log2(model.u[number][-1] / seen)
    return total


def _share_of_values(con: duckdb.DuckDBPyConnection, column: str) -> Floats:
    sql = f'SELECT count(*) OVER (PARTITION BY "{column}") / count("{column}") OVER () AS share FROM prepared ORDER BY rid'
    return np.asarray(con.execute(sql).fetchnumpy()["share"], dtype=np.float64)
