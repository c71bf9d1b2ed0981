"""The identity tables asked for a few people at a time, without Spark: who holds a token, what evidence there is, who decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from identity.explain import PIN, Evidence
from identity.matched import RULE
from identity.overrides import Override
from jobs.reporting.store import Row, Shelf
from lakehouse.errors import KithError
from lakehouse.table import Table
from lakehouse.tables import gold, ops, silver

MOST_TOKENS = 20_000
MOST_EDGES = 100_000
"""Up to how many identifiers and edges a person is explained; whoever has more is no person."""
FIRST_ROW = "_first_row"
ORIGIN = ("_file", "_row")
NEWEST = ("_sequence", "_row_hash")
EDGE = (
    "src_token",
    "dst_token",
    "src_type",
    "dst_type",
    "rule_id",
    "edge_type",
    "weight",
    "evidence_count",
    "first_seen_at",
    "last_seen_at",
)
UNSEEN = "is no identifier type that merges (conf/identity.yml)"
REFUSED = "a weak edge joins no two known people"
PENDING = "not applied yet: `kith run` brings the people up to date"


class TooLarge(KithError):
    """A person has more identifiers or edges than can be told."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record that showed two identifiers together, or that was found alike another; ``file`` and ``row`` are its place: that of
    the first where it came several times.
    """

    source: str
    record_id: str
    tokens: frozenset[str]
    first_seen_at: datetime
    last_seen_at: datetime
    file: str | None
    row: int | None


def listed(values: Iterable[str]) -> str:
    """Texts as an SQL list in brackets, quoted."""
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(set(values))) + ")"


def instants(values: Iterable[datetime]) -> str:
    """Times as an SQL list in brackets."""
    micros = sorted({round(value.timestamp() * 1e6) for value in values})
    return "(" + ", ".join(f"arrow_cast({one}, 'Timestamp(Microsecond, Some(\"UTC\"))')" for one in micros) + ")"


class Register(Shelf):
    """Reads by token and by id, each one scan that skips what file statistics rule out.

    Raises :class:`KithError` where a table that is needed is not there.
    """

    def __init__(self, root: str) -> None:
        super().__init__(root, (*silver.ALL, *gold.ALL, *ops.ALL))

    def ask(self, table: Table, columns: Sequence[str], where: str, limit: int = MOST_EDGES) -> list[Row]:
        """Rows of a table, none where it is not there; a column that the table has not yet is null.

        Raises :class:`TooLarge` where there are more than ``limit``.
        """
        opened = self._opened(table.name)
        if opened is None:
            return []
        there = {field.name for field in opened.schema().fields}
        chosen = [name if name in there else f"NULL AS {name}" for name in columns]
        text = f"SELECT {', '.join(chosen)} FROM t WHERE {where} LIMIT {limit + 1}"
        rows: list[Row] = pa.table(QueryBuilder().register("t", opened).execute(text)).to_pylist()
        if len(rows) > limit:
            raise TooLarge(f"more than {limit:,} rows belong to this: no person has so many", table=table.name)
        return rows

    def open(self, table: Table) -> DeltaTable:
        """A table that is there, to be written. Raises :class:`KithError` where it is not."""
        opened = self._opened(table.name)
        if opened is None:
            raise KithError("the table is not there yet: `kith run` makes it", table=table.name)
        return opened

    def forget(self) -> None:
        """Look at every table anew: another process may have written since."""
        self._opened = cache(self._open)

    def owners(self, tokens: Collection[str]) -> dict[str, str]:
        """Token → one_id as it holds now, of the tokens that the lake knows."""
        self.open(silver.IDENTITY_MAP)
        where = f"token IN {listed(tokens)} AND is_current"
        rows = self.ask(silver.IDENTITY_MAP, ("token", "one_id"), where) if tokens else []
        return {row["token"]: row["one_id"] for row in rows}

    def holdings(self, one_ids: Collection[str]) -> list[Row]:
        """``token, one_id, valid_from, valid_to, is_current`` of people, what they held once too."""
        columns = silver.IDENTITY_MAP.column_names
        return self.ask(silver.IDENTITY_MAP, columns, f"one_id IN {listed(one_ids)}", MOST_TOKENS)

    def standing_for(self, one_id: str) -> str | None:
        """The id that stands for a retired one; None where it was never retired."""
        rows = self.ask(silver.IDENTITY_ALIAS, ("current_id",), f"old_id IN {listed([one_id])}")
        return rows[0]["current_id"] if rows else None

    def identifiers(self, tokens: Collection[str]) -> dict[str, Row]:
        """Token → its row of ``silver.identifier``."""
        columns = ("id_token", "id_type", "n_sources", "first_seen_at", "last_seen_at")
        rows = self.ask(silver.IDENTIFIER, columns, f"id_token IN {listed(tokens)}", MOST_TOKENS) if tokens else []
        return {row["id_token"]: row for row in rows}

    def within(self, tokens: Collection[str]) -> list[Row]:
        """Edges that begin at one of the tokens: all those between tokens of whole people, and some that lead out."""
        return self._edges(f"src_token IN {listed(tokens)}")

    def around(self, tokens: Collection[str]) -> list[Row]:
        """Edges that begin or end at one of the tokens; asked end by end, so that files sorted by one of them are skipped."""
        known = set(tokens)
        ending = [row for row in self._edges(f"dst_token IN {listed(known)}") if row["src_token"] not in known]
        return [*self.within(known), *ending]

    def _edges(self, where: str) -> list[Row]:
        return self.ask(silver.IDENTITY_EDGE, (*EDGE, "is_merging", "fence_reason"), where)

    def fences(self, tokens: Collection[str]) -> dict[tuple[str, str, str], Row]:
        """The cut edges at the tokens by their key, with ``fence`` and ``reason``."""
        where = f"src_token IN {listed(tokens)} OR dst_token IN {listed(tokens)}"
        rows = self.ask(silver.IDENTITY_FENCE, ("src_token", "dst_token", "rule_id", "fence", "reason"), where)
        return {(row["src_token"], row["dst_token"], row["rule_id"]): row for row in rows}

    def sightings(self, edges: Sequence[Evidence]) -> list[Sighting]:
        """The record that showed each edge first, and those that came with it.

        It is found by its time, a column that is cheap to look through, and then by its tokens. Of the other records of an
        edge only their number is known (:attr:`Evidence.evidence_count`).
        """
        every = [one for edge in edges for one in (edge, *edge.also)]
        times = {edge.first_seen_at for edge in every if edge.first_seen_at is not None}
        if not times:
            return []
        ends = {end for edge in every for end in (edge.src_token, edge.dst_token)}
        where = f"first_seen_at IN {instants(times)} AND id_token IN {listed(ends)}"
        columns = ("source", "record_id", "id_token", "first_seen_at", "last_seen_at", FIRST_ROW)
        records: dict[tuple[str, str], list[Row]] = {}
        for row in self.ask(silver.IDENTIFIER_OBSERVATION, columns, where):
            records.setdefault((row["source"], row["record_id"]), []).append(row)
        return [_sighting(rows) for _, rows in sorted(records.items())]

    def compared(self, edges: Sequence[Evidence]) -> dict[str, Sighting]:
        """Token → the record that speaks for it, of the tokens of edges that rest on alike records (:data:`RULE`).

        It is the newest, as :func:`identity.matched.matches` takes it, with the time since when it is known.
        """
        tokens = {end for edge in edges if is_match(edge) for end in (edge.src_token, edge.dst_token)}
        columns = ("source", "record_id", "customer_token", "joined_at", "updated_at", *ORIGIN, *NEWEST)
        rows = self.ask(silver.CUSTOMER_RECORD, columns, f"customer_token IN {listed(tokens)}") if tokens else []
        rows.sort(key=lambda row: [(row[name] is not None, row[name] or 0) for name in NEWEST])
        return {row["customer_token"]: _record(row) for row in rows}

    def records(self, tokens: Collection[str]) -> list[Row]:
        """``source, record_id, customer_token, _file, _row`` of the records of people at their sources."""
        columns = ("source", "record_id", "customer_token", "_file", "_row")
        rows = self.ask(silver.CUSTOMER_RECORD, columns, f"customer_token IN {listed(tokens)}")
        return sorted(rows, key=lambda row: (row["source"], row["record_id"]))

    def events(self, one_id: str) -> list[Row]:
        """What happened to an id, the oldest first."""
        where = f"one_id = '{one_id}' OR other_id = '{one_id}'"
        rows = self.ask(silver.IDENTITY_EVENT, silver.IDENTITY_EVENT.column_names, where)
        return sorted(rows, key=lambda row: (str(row["occurred_on"]), row["event_type"], row["other_id"]))

    def level(self, one_id: str) -> str | None:
        """The person's level of identity; None before gold was made."""
        rows = self.ask(gold.DIM_CUSTOMER, ("identity_level",), f"one_id = '{one_id}'")
        return rows[0]["identity_level"] if rows else None

    def overrides(self) -> list[Override]:
        """What people decided, lifted and expired decisions too, in the order in which it was decided."""
        rows = self.ask(ops.IDENTITY_OVERRIDE, ops.IDENTITY_OVERRIDE.column_names, "true")
        return sorted((Override(**row) for row in rows), key=lambda override: override.override_id)


def _sighting(rows: Sequence[Row]) -> Sighting:
    origins = [row[FIRST_ROW] for row in rows if row[FIRST_ROW]]
    first: Mapping[str, Any] = min(origins, key=lambda one: (one["seen_at"], one["file"], one["row"]), default={})
    return Sighting(
        source=rows[0]["source"],
        record_id=rows[0]["record_id"],
        tokens=frozenset(row["id_token"] for row in rows),
        first_seen_at=min(row["first_seen_at"] for row in rows),
        last_seen_at=max(row["last_seen_at"] for row in rows),
        file=first.get("file"),
        row=first.get("row"),
    )


def is_match(edge: Evidence) -> bool:
    """Whether an edge rests on two alike records, not on one that shows both its ends."""
    return edge.rule_id.startswith(f"{RULE}/")


def _record(row: Row) -> Sighting:
    arrived = datetime.fromtimestamp((row["_sequence"] or 0) / 1e6, UTC)
    times = [row[name] for name in ("joined_at", "updated_at") if row[name] is not None] or [arrived]
    said = frozenset([row["customer_token"]])
    return Sighting(row["source"], row["record_id"], said, times[0], max(times), row["_file"], row["_row"])


def evidence(
    rows: Iterable[Row], fences: Mapping[tuple[str, str, str], Row], owners: Mapping[str, str]
) -> list[Evidence]:
    """Edges as evidence, each with what keeps it from joining its ends.

    ``owners`` holds every token of the people concerned: an edge that leads elsewhere did not join.
    """
    found = []
    for row in rows:
        ends = (owners.get(row["src_token"]), owners.get(row["dst_token"]))
        fence = _fence(row, fences.get((row["src_token"], row["dst_token"], row["rule_id"])), ends)
        found.append(Evidence(**{name: row[name] for name in EDGE}, fence=fence[0], reason=fence[1]))
    return found


def _fence(row: Row, known: Row | None, ends: tuple[str | None, str | None]) -> tuple[str | None, str | None]:
    if known is not None:
        return known["fence"], known["reason"]
    if not row["is_merging"]:
        fence, colon, words = (row["fence_reason"] or "").partition(": ")
        return (fence, words) if colon else ("never", f"{row['src_type']}~{row['dst_type']} {UNSEEN}")
    if ends[0] is None or ends[0] != ends[1]:
        return ("weak", REFUSED) if row["edge_type"] == "weak" else ("pending", PENDING)
    return None, None


def pins(overrides: Iterable[Override], types: Mapping[str, str], owners: Mapping[str, str]) -> list[Evidence]:
    """The pins among overrides as edges stronger than any evidence; one between two people is not applied yet."""
    found = []
    for one in overrides:
        if one.kind == "pin":
            ends = (one.a_token, one.b_token, types.get(one.a_token, "?"), types.get(one.b_token, "?"))
            edge = Evidence(*ends, f"override/{one.override_id}", PIN, 1.0, 1, one.made_at, one.made_at)
            is_one = owners.get(one.a_token) == owners.get(one.b_token)
            found.append(edge if is_one else replace(edge, fence="pending", reason=PENDING))
    return found
