"""What a person types to name somebody, resolved to identifier tokens: a value, a token, a one_id, or a row of any table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from identity.identifiers import IdentityRules
from jobs.explaining.register import Register, listed
from jobs.reporting.store import Row
from lakehouse.errors import KithError
from lakehouse.standardise import plain
from lakehouse.table import Layer, Pii, Table
from lakehouse.tables import gold, ops, silver

TOKEN = re.compile(r"[0-9a-f]{32}")
ONE_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
FORMS = "phone:+86…, email:…, <identifier type>:<value>, a token, a one_id, or <layer>.<table>:<key>"
TABLES = {table.name: table for table in (*silver.ALL, *gold.ALL, *ops.ALL)}
SQL_TYPES = {"bigint": "BIGINT", "int": "INT", "date": "DATE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}
ENDS = 3
"""How many ids may follow one another from a retired one to the one that stands."""


class BadReference(KithError):
    """A reference is unknown, wrong, of nobody, or of several people; names what was typed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from: the table, and the file and line that its source delivered."""

    table: str
    file: str
    row: int | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What was typed, the tokens that it stands for, and whose they are; ``id_type`` and ``origins`` where it says them."""

    text: str
    tokens: tuple[str, ...]
    one_id: str
    id_type: str | None = None
    origins: tuple[Origin, ...] = ()


def resolve(text: str, register: Register, rules: IdentityRules, key: bytes) -> Reference:
    """The tokens and the person that a reference stands for.

    Raises :class:`BadReference`: no known form, type or table; a value that its rule refuses; no such row; an
    identifier that was never seen; several people.
    """
    return resolve_all([text], register, rules, key)[0]


def resolve_all(texts: Iterable[str], register: Register, rules: IdentityRules, key: bytes) -> list[Reference]:
    """:func:`resolve` of several texts, with one look at the map for all of their tokens."""
    drafts = [_draft(text.strip(), register, rules, key) for text in texts]
    owners = register.owners({token for draft in drafts if not draft.one_id for token in draft.tokens})
    return [draft if draft.one_id else _owned(draft, owners) for draft in drafts]


def _owned(draft: Reference, owners: dict[str, str]) -> Reference:
    seen = tuple(token for token in draft.tokens if token in owners)
    people = sorted({owners[token] for token in seen})
    if not people:
        raise BadReference("never seen: no source showed this identifier", reference=draft.text)
    if len(people) > 1:
        raise BadReference(f"several people: {', '.join(people[:5])}", reference=draft.text)
    return Reference(draft.text, seen, people[0], draft.id_type, draft.origins)


def _draft(text: str, register: Register, rules: IdentityRules, key: bytes) -> Reference:
    if TOKEN.fullmatch(text):
        return Reference(text, (text,), "")
    if ONE_ID.fullmatch(text):
        return _person(text, register)
    kind, colon, value = text.partition(":")
    if not colon:
        raise BadReference(f"no known form of a reference; these are: {FORMS}", reference=text)
    if kind.partition(".")[0] in set(Layer) and "." in kind:
        return _row(text, _table(kind, text), value, register)
    return _value(text, kind, value, rules, key)


def _value(text: str, kind: str, value: str, rules: IdentityRules, key: bytes) -> Reference:
    known = [one.name for one in rules.identifiers]
    if kind not in known:
        raise BadReference(f"no such identifier type; these are: {', '.join(known)}", reference=text)
    found, status = plain.identifier(kind, value)
    if found is None:
        raise BadReference(f"the value is {status}: no identifier of type {kind}", reference=text)
    return Reference(text, (plain.token(kind, found, key),), "", kind)


def _person(text: str, register: Register) -> Reference:
    """A one_id, or the one that stands for it now."""
    one_id: str | None = text
    for _ in range(ENDS):
        held = tuple(sorted(row["token"] for row in register.holdings([one_id or ""]) if row["is_current"]))
        if held:
            return Reference(text, held, one_id or "")
        one_id = register.standing_for(one_id or "")
        if one_id is None:
            break
    raise BadReference("no person has or had this one_id", reference=text)


def _table(name: str, text: str) -> Table:
    if name in TABLES and TABLES[name].key:
        return TABLES[name]
    if name.startswith(Layer.BRONZE):
        raise BadReference("rows of bronze have no key: name the row of silver that came of it", reference=text)
    why = "this table's rows have no key" if name in TABLES else "there is no such table; `kith tables` lists them"
    raise BadReference(why, reference=text, table=name)


def _row(text: str, table: Table, value: str, register: Register) -> Reference:
    rows = register.ask(table, table.column_names, _is(table, value, text))
    if not rows:
        raise BadReference(f"there is no such row; the key is {'/'.join(table.key)}", reference=text)
    row = rows[0]
    origins = origins_of(table, row, register)
    if row.get("one_id"):
        found = _person(row["one_id"], register)
        return Reference(text, found.tokens, found.one_id, None, origins)
    tokens = _tokens(table, row)
    if not tokens:
        first = origins[0] if origins else Origin(table.name, "", None)
        raise BadReference("the row is nobody's", reference=text, file=first.file or None, row=first.row)
    return Reference(text, tokens, "", None, origins)


def _is(table: Table, value: str, text: str) -> str:
    """The predicate of a key as typed: its parts by slashes, the last one may hold some."""
    parts = value.split("/", len(table.key) - 1)
    if len(parts) != len(table.key):
        raise BadReference(f"the key has {len(table.key)} parts: {'/'.join(table.key)}", reference=text)
    types = {column.name: column.type for column in table.columns}
    return " AND ".join(
        f"{name} IN {listed([part])}" if types[name] == "string" else f"{name} = {_cast(part, types[name])}"
        for name, part in zip(table.key, parts, strict=True)
    )


def _cast(part: str, type_: str) -> str:
    return f"CAST({listed([part])[1:-1]} AS {SQL_TYPES.get(type_, 'VARCHAR')})"


def _tokens(table: Table, row: Row) -> tuple[str, ...]:
    """Whose row it is: its customer's token where it has one, else all of its tokens (a recipient is not the buyer)."""
    if row.get("customer_token"):
        return (row["customer_token"],)
    named = [column.name for column in table.columns if column.pii is Pii.TOKEN]
    return tuple(sorted({row[name] for name in named if row[name]}))


def origins_of(table: Table, row: Row, register: Register) -> tuple[Origin, ...]:
    """The file and line of a row: its own columns, else those of the row of silver that has its key."""
    if row.get("_file"):
        return (Origin(table.name, row["_file"], row["_row"]),)
    if row.get("_first_row"):
        return (Origin(table.name, row["_first_row"]["file"], row["_first_row"]["row"]),)
    values = {name: row[name] for name in table.key}
    if table.name == gold.FCT_INTERACTION.name:
        values = dict(zip(silver.EVENT.key, row["interaction_id"].split(":", 1), strict=True))
    for upstream in silver.ALL:
        if table.layer is Layer.GOLD and "_file" in upstream.column_names and set(upstream.key) == set(values):
            where = " AND ".join(f"{name} IN {listed([str(values[name])])}" for name in upstream.key)
            found = register.ask(upstream, ("_file", "_row"), where)
            return tuple(Origin(upstream.name, one["_file"], one["_row"]) for one in found)
    return ()
