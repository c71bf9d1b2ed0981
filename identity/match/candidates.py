"""Which pairs are compared: blocks of records that share a key, wide keys split by a second one, and what that misses."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.match.keys import key_sql
from identity.match.kinds import Kind
from identity.match.preparation import Field

PAIRS_PER_RECORD = 20
"""Pairs that one pass may compare, for each record: the largest blocks go first where there would be more."""
WIDE_KEYS = 12


@dataclass(frozen=True, slots=True)
class Pass:
    """One blocking pass: how many pairs it brought, and the size of block up to which records were compared."""

    name: str
    pairs: int
    max_block: int


def block(
    con: duckdb.DuckDBPyConnection,
    fields: Sequence[Field],
    *,
    loose: bool,
    max_block: int,
    across_only: bool = False,
) -> Pass:
    """Add to the table ``pairs (rid_l, rid_r, mask, pass)`` the pairs of ``prepared`` that share a key; returns what was done.

    ``mask`` has a bit for each field that brought the two together. A key shared by more than ``max_block`` records is no
    block: it counts together with a second such key of another field. With ``across_only`` the two are of different files.
    """
    con.execute("CREATE TABLE IF NOT EXISTS pairs (rid_l int, rid_r int, mask ubigint, pass int)")
    name = "loose" if loose else "strict"
    _atoms(con, fields, name, loose=loose)
    _combined(con, fields, name, max_block)
    limit = _limit(con, name, max_block)
    before = _count(con)
    apart = "AND l.source <> r.source" if across_only else ""
    con.execute(f"""
        CREATE OR REPLACE TABLE pairs AS
        SELECT rid_l, rid_r, CAST(bit_or(CAST(mask AS ubigint)) AS ubigint) AS mask, min(pass) AS pass FROM (
            SELECT * FROM pairs UNION ALL
            SELECT l.rid, r.rid, l.mask, {int(loose)} FROM blocks_{name} l
            JOIN blocks_{name} r ON l.key = r.key AND l.rid < r.rid {apart}
            WHERE l.n <= {limit}
        ) GROUP BY rid_l, rid_r ORDER BY rid_l, rid_r""")
    return Pass(name, _count(con) - before, limit)


def key_rows_sql(fields: Sequence[Field], *, loose: bool, owner: str = "rid") -> str:
    """SQL over ``prepared`` that gives ``(<owner>, source, field, key)``: each key of a record once, as a number."""
    rules = key_sql(fields, loose=loose)
    if loose:  # what was too wide on its own in the first pass may be narrow with a loose key
        rules += [rule for rule in key_sql(fields, loose=False) if fields[rule[0]].kind is not Kind.TEXT]
    parts = []
    for number, rule, sql in rules:
        value = f"unnest({sql})" if fields[number].kind is Kind.TEXT else sql
        parts.append(f"SELECT {owner}, source, {number} AS field, '{rule}' AS rule, {value} AS value FROM prepared")
    nothing = f"SELECT {owner}, source, 0 AS field, '' AS rule, NULL AS value FROM prepared WHERE false"
    return f"""
        SELECT {owner}, source, min(field) AS field, hash(rule, value) AS key
        FROM ({" UNION ALL ".join(parts) or nothing}) WHERE length(value) > 0 GROUP BY {owner}, source, hash(rule, value)"""


def _atoms(con: duckdb.DuckDBPyConnection, fields: Sequence[Field], name: str, *, loose: bool) -> None:
    con.execute(f"""
        CREATE OR REPLACE TABLE atoms_{name} AS
        WITH keyed AS ({key_rows_sql(fields, loose=loose)}
        ), counted AS (SELECT key, count(*) AS n FROM keyed GROUP BY key HAVING count(*) > 1)
        SELECT rid, source, field, key, n FROM keyed JOIN counted USING (key)""")


def _combined(con: duckdb.DuckDBPyConnection, fields: Sequence[Field], name: str, max_block: int) -> None:
    """Blocks: narrow keys as they are, and wide keys two by two."""
    texts = ", ".join(str(n) for n, f in enumerate(fields) if f.kind is Kind.TEXT) or "-1"
    con.execute(f"""
        CREATE OR REPLACE TABLE blocks_{name} AS
        WITH wide AS (
            SELECT *, row_number() OVER (PARTITION BY rid ORDER BY n, key) AS rank FROM atoms_{name} WHERE n > {max_block}
        ), few AS (SELECT * FROM wide WHERE rank <= {WIDE_KEYS}
        ), joint AS (
            SELECT a.rid, a.source, hash(a.key, b.key) AS key, (1::ubigint << a.field) | (1::ubigint << b.field) AS mask
            FROM few a JOIN few b ON a.rid = b.rid AND a.key < b.key AND (a.field <> b.field OR a.field IN ({texts}))
        ), counted AS (SELECT key, count(*) AS n FROM joint GROUP BY key HAVING count(*) BETWEEN 2 AND {max_block})
        SELECT rid, source, key, 1::ubigint << field AS mask, n FROM atoms_{name} WHERE n <= {max_block}
        UNION ALL SELECT rid, source, key, mask, n FROM joint JOIN counted USING (key)""")


def _limit(con: duckdb.DuckDBPyConnection, name: str, max_block: int) -> int:
    """The largest size of block with which the pass stays below its number of pairs."""
    records = con.execute("SELECT count(*) FROM prepared").fetchall()[0][0]
    rows = con.execute(f"SELECT n, count(*) * (n - 1) / 2 FROM blocks_{name} GROUP BY n ORDER BY n").fetchall()
    total, limit = 0.0, max_block
    for n, pairs in rows:
        total += pairs
        if total > PAIRS_PER_RECORD * records:
            return max(2, int(n) - 1)
    return limit


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM pairs").fetchall()[0][0])


def estimated_recall(masks: NDArray[np.uint64], weights: NDArray[np.float64]) -> float:
    """The share of all true pairs that blocking has found, by capture and recapture (Chao 1987, the lower bound of what is
    missing from pairs caught once, f1, and twice, f2: f1 (f1 - 1) / (2 (f2 + 1))).

    A field is an occasion, ``masks`` says which fields caught each pair, ``weights`` how probable it is that the pair is a
    match. 1 where no pair is.
    """
    caught = np.bitwise_count(masks)
    found = float(weights.sum())
    once, twice = float(weights[caught == 1].sum()), float(weights[caught == 2].sum())
    missing = max(once * (once - 1), 0.0) / (2 * (twice + 1))
    return found / (found + missing) if found else 1.0
