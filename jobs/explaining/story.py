"""What is told of two references, or of one person: the path or the tree, its records, what was cut, history and decisions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal

from identity.explain import Evidence, rooted, spanning_tree, strongest_path
from identity.identifiers import IdentityRules
from identity.overrides import Holding, Override, anchor, in_force
from jobs.explaining.register import Register, Sighting, evidence, is_match, pins
from jobs.references import Reference
from jobs.reporting.store import Row
from lakehouse.errors import SettingsError

Verdict = Literal["same", "joined", "apart", "unlinked"]
FORMAT = "kith.explain/1"
MOST_CUT = 20
"""Cut edges that are told of one person, the strongest first."""


@dataclass(frozen=True, slots=True)
class Step:
    """An edge on the way with the records that showed it first, or the two that match, and how many other sightings there are
    (days, by record).
    """

    edge: Evidence
    records: tuple[Sighting, ...]
    n_more: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Why two references are one person, or are not.

    ``verdict``: *same*: both name one identifier or one person as such; *joined*: one person, ``steps`` is the strongest
    path; *apart*: two people, ``steps`` is the strongest path through cut edges; *unlinked*: nothing links them.
    ``overrides``: decisions in force about them.
    """

    a: Reference
    b: Reference
    verdict: Verdict
    steps: tuple[Step, ...]
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """An identifier of a person: its type and what that is, who showed it, and since when it is theirs."""

    token: str
    id_type: str
    kind: str
    is_verified: bool
    n_sources: int
    first_seen_at: datetime
    last_seen_at: datetime
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Everything about one person's identity; ``tree`` has ``(depth from 1, step)`` below ``root``, depth first.

    ``cut``: the strongest evidence that leads elsewhere and was not followed. ``former``: tokens that were theirs once.
    """

    reference: Reference
    one_id: str
    level: str | None
    root: str
    identifiers: tuple[Held, ...]
    tree: tuple[tuple[int, Step], ...]
    cut: tuple[Evidence, ...]
    records: tuple[Row, ...]
    history: tuple[Row, ...]
    former: tuple[Row, ...]
    overrides: tuple[Override, ...]


def explain_pair(a: Reference, b: Reference, register: Register, day: date) -> Pair:
    """The strongest path between two references as of the lake now; overrides are those in force on ``day``."""
    if set(a.tokens) & set(b.tokens):
        return Pair(a, b, "same", (), _about({*a.tokens, *b.tokens}, register, day))
    owners = current({a.one_id, b.one_id}, register)
    decided = _about(owners, register, day)
    is_one = a.one_id == b.one_id
    rows = register.within(owners) if is_one else register.around(owners)
    edges = _evidence(rows, owners, decided, register)
    path = strongest_path(edges, a.tokens, b.tokens)
    if path is None:
        return Pair(a, b, "unlinked", (), decided)
    return Pair(a, b, "joined" if is_one else "apart", steps(path, register), decided)


def explain_person(a: Reference, register: Register, rules: IdentityRules, day: date) -> Person:
    """A person: identifiers, the strongest tree of evidence, what was cut, records, history and decisions."""
    held = register.holdings([a.one_id])
    since = {row["token"]: row["valid_from"] for row in held if row["is_current"]}
    owners = dict.fromkeys(since, a.one_id)
    identifiers = _identifiers(since, register, rules)
    decided = _about(owners, register, day)
    edges = _evidence(register.around(owners), owners, decided, register)
    root = anchor([holding(one) for one in identifiers]).token
    lines = rooted(spanning_tree(edges), root)
    told = steps([edge for _, edge in lines], register)
    cut = sorted((e for e in edges if e.is_cut), key=lambda e: (e.src_token, e.dst_token, e.rule_id))
    cut.sort(key=lambda edge: edge.certainty, reverse=True)
    return Person(
        reference=a,
        one_id=a.one_id,
        level=register.level(a.one_id),
        root=root,
        identifiers=identifiers,
        tree=tuple((depth, step) for (depth, _), step in zip(lines, told, strict=True)),
        cut=tuple(cut[:MOST_CUT]),
        records=tuple(register.records(owners)),
        history=tuple(register.events(a.one_id)),
        former=tuple(row for row in held if not row["is_current"]),
        overrides=decided,
    )


def current(one_ids: Iterable[str], register: Register) -> dict[str, str]:
    """Token → one_id of everything that these people hold now."""
    rows = register.holdings(sorted(set(one_ids)))
    return {row["token"]: row["one_id"] for row in rows if row["is_current"]}


def holding(held: Held) -> Holding:
    """An identifier as the choice of an anchor looks at it."""
    return Holding(held.token, held.first_seen_at, held.is_verified, held.kind == "account")


def holdings(one_id: str, register: Register, rules: IdentityRules) -> list[Holding]:
    """What a person holds now, as the choice of an anchor looks at it."""
    since = {row["token"]: row["valid_from"] for row in register.holdings([one_id]) if row["is_current"]}
    return [holding(one) for one in _identifiers(since, register, rules)]


def _identifiers(since: Mapping[str, datetime], register: Register, rules: IdentityRules) -> tuple[Held, ...]:
    found = [_held(row, since[token], rules) for token, row in register.identifiers(since).items()]
    return tuple(sorted(found, key=lambda one: (not one.is_verified, one.kind, one.id_type, one.first_seen_at)))


def _held(row: Row, valid_from: datetime, rules: IdentityRules) -> Held:
    try:
        kind = rules.type_of(row["id_type"])
    except SettingsError:  # the type was taken out of the rules since
        is_verified, name = False, "trace"
    else:
        is_verified, name = kind.is_verified, kind.kind
    seen = (row["n_sources"], row["first_seen_at"], row["last_seen_at"])
    return Held(row["id_token"], row["id_type"], name, is_verified, *seen, valid_from)


def _about(tokens: Iterable[str], register: Register, day: date) -> tuple[Override, ...]:
    known = set(tokens)
    return tuple(o for o in in_force(register.overrides(), day) if o.a_token in known or o.b_token in known)


def _evidence(
    rows: Sequence[Row], owners: Mapping[str, str], decided: Sequence[Override], register: Register
) -> list[Evidence]:
    types = {row[f"{end}_token"]: row[f"{end}_type"] for row in rows for end in ("src", "dst")}
    alone = {end for one in decided if one.kind == "pin" for end in (one.a_token, one.b_token)} - set(types)
    types |= {token: row["id_type"] for token, row in register.identifiers(alone).items()}
    return [*evidence(rows, register.fences(owners), owners), *pins(decided, types, owners)]


def steps(edges: Sequence[Evidence], register: Register) -> tuple[Step, ...]:
    """Edges with the records that showed them; of a match, with the two records that were found alike."""
    seen, alike = register.sightings(edges), register.compared(edges)
    return tuple(
        _matched(edge, alike)
        if is_match(edge)
        else _step(edge, [one for one in seen if {edge.src_token, edge.dst_token} <= one.tokens])
        for edge in edges
    )


def _matched(edge: Evidence, alike: Mapping[str, Sighting]) -> Step:
    told = sum(one.evidence_count or 0 for one in edge.also)
    return Step(edge, tuple(alike[end] for end in (edge.src_token, edge.dst_token) if end in alike), told)


def _step(edge: Evidence, seen: Sequence[Sighting]) -> Step:
    told = sum(one.evidence_count or 0 for one in (edge, *edge.also))
    return Step(edge, tuple(sorted(seen, key=lambda one: one.first_seen_at)), max(0, told - len(seen)))


def as_json(story: Pair | Person) -> str:
    """The story as JSON: ``format``, ``kind`` (pair or person), then the fields of :class:`Pair` or :class:`Person`."""
    head = {"format": FORMAT, "kind": type(story).__name__.lower()}
    return json.dumps(head | asdict(story), default=_plain, ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
