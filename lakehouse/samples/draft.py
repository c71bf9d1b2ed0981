"""The draft of a source file from what a sample's columns hold: maps to silver, identifiers, and what a person should look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lakehouse.samples.columns import ColumnFacts, candidate_keys, measure_columns
from lakehouse.samples.expressions import FILE_TIME, consent_action, fingerprint, is_nameable, joined, moment, number
from lakehouse.samples.expressions import field as named
from lakehouse.samples.fitting import TIME, Shape, best_shapes, by_role
from lakehouse.samples.kinds import BY_NAME as KINDS
from lakehouse.samples.kinds import PLACEHOLDERS
from lakehouse.samples.reading import ITEM, Sample
from lakehouse.sources.spec import MAPPED

IDENTIFYING = ("member_no", "unionid", "phone", "email", "device")
APART = ("full_name", "birth_on")
LITERALS = frozenset({"currency"})
KEYS = frozenset({"consent_id", "message_id", "order_id", "event_id", "record_id"})
NATURAL = frozenset({"message_id", "order_id", "record_id"})
"""Keys that come again with each new state of what they name."""
TOKENS = {
    "customer_token": ("", ""),
    "phone_token": ("phone", "token"),
    "phone_status": ("phone", "status"),
    "email_token": ("email", "token"),
    "email_status": ("email", "status"),
    "recipient_token": ("recipient_phone", "token"),
    "address_token": ("address", "token"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a map: the silver column, what fills it (text, or the keys of a cell), and what was found or guessed."""

    column: str
    value: str | dict[str, object]
    note: str = ""


@dataclass(frozen=True, slots=True)
class MapDraft:
    """A map to one silver table."""

    table: str
    lines: tuple[Line, ...]
    explode: str = ""
    sequence: str = ""


@dataclass(frozen=True)
class Draft:
    """Everything that the source file says. ``look`` is what a person should look at."""

    name: str
    sample: Sample
    facts: tuple[ColumnFacts, ...]
    keys: tuple[tuple[str, ...], ...]
    maps: tuple[MapDraft, ...] = ()
    required: tuple[str, ...] = ()
    seen_at: str = ""
    identifiers: dict[str, str] = field(default_factory=dict)
    look: tuple[str, ...] = ()


def draft(name: str, sample: Sample, id_types: frozenset[str]) -> Draft:
    """Draft the source file of a sample; ``id_types`` are the identifier types that the rules of identity know."""
    facts = [fact for fact in measure_columns(sample) if is_nameable(fact.name)]
    keys = candidate_keys(sample, [fact for fact in facts if ITEM not in fact.name])
    roles = by_role(facts)
    shapes = best_shapes(roles, facts, sample.lists)
    maker = _Maker(name, facts, keys, id_types)
    maps = tuple(maker.map(shape, items) for shape, items in shapes)
    ids = maker.identifiers(is_person=any(m.table == "silver.customer_record" for m in maps))
    used = [fact.name for fact in facts if fact.full >= 0.99 and (fact.role or (fact.name,) in keys)]
    return Draft(
        name,
        sample,
        tuple(facts),
        tuple(keys),
        maps,
        tuple(used) if sample.format.kind in ("csv", "tsv", "excel") else (),
        maker.time(("updated", *TIME)),
        ids,
        tuple(dict.fromkeys([*_warnings(sample, facts, keys), *maker.look, *([] if maps else [NO_TABLE])])),
    )


NO_TABLE = "no silver table fits: the file lands in bronze and maps nowhere; write `maps:` by hand"


def _warnings(sample: Sample, facts: Sequence[ColumnFacts], keys: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if sample.malformed:
        yield f"{sample.malformed:,} lines are no records and will go to quarantine"
    if sample.replaced:
        yield f"{sample.replaced:,} signs are no {sample.format.encoding}"
    if not keys:
        yield "no column and no pair of columns is unique: a key is made of the whole record"
    for fact in facts:
        if fact.placeholders > 0.01:
            yield f"{fact.name}: {fact.placeholders:.0%} placeholders{_such(fact)}"
        if fact.role in ("id_card", "bank_card"):
            yield f"{fact.name}: {KINDS[fact.role].words}: kept in bronze only, no map takes them"


def _such(fact: ColumnFacts) -> str:
    found = next((text for text in fact.examples if text.lower() in PLACEHOLDERS), "")
    return f" such as {found}" if found else ""


class _Maker:
    """Fills the columns of a silver table from the columns of one sample, and keeps what a person should look at."""

    def __init__(
        self, name: str, facts: Sequence[ColumnFacts], keys: Sequence[tuple[str, ...]], id_types: frozenset[str]
    ) -> None:
        self.system = name.partition("__")[0]
        self.facts, self.keys, self.id_types = facts, keys, id_types
        self.roles = by_role(facts)
        self.look: list[str] = []

    def map(self, shape: Shape, items: str) -> MapDraft:
        """The map to one table; every column that the contract requires is there."""
        self.roles = by_role(self.facts, items)
        columns = [c for c in MAPPED[shape.table].columns if not c.is_technical and c.name != "source"]
        lines = [line for c in columns if (line := self._line(shape, c.name, c.type, is_required=c.required))]
        updated = self.roles.get("updated")
        explode = named(items.removesuffix(ITEM)) if items else ""
        return MapDraft(shape.table, tuple(lines), explode, moment(updated) if updated else "")

    def identifiers(self, *, is_person: bool) -> dict[str, str]:
        """Identifiers of a record by type, the types that the rules know."""
        self.roles = by_role(self.facts)
        found = {kind: named(self.roles[kind].name) for kind in IDENTIFYING if kind in self.roles}
        for fact in self.facts:
            if fact.name in self.id_types and ITEM not in fact.name:
                found.setdefault(fact.name, named(fact.name))
        for role, kind in (("recipient_phone", "recipient_phone"), ("address", "address")):
            if role in self.roles and not is_person:
                found[kind] = named(self.roles[role].name)
        person, phone = self.roles.get("name"), self.roles.get("phone")
        if is_person and person and phone:
            found["name_phone"] = f"concat_ws('|', {named(person.name)}, {named(phone.name)})"
        if is_person:
            found |= {
                k: named(self.roles[r].name)
                for r, k in (("name", "full_name"), ("birth", "birth_on"))
                if r in self.roles
            }
        if "account" in self.roles:
            self.look.append(
                f"{self.roles['account'].name} looks like an account of {self.system}: to join people by it, give it a type "
                f"in conf/identity.yml and name it under `identifiers`"
            )
        known = {kind: text for kind, text in found.items() if kind in self.id_types}
        return known if set(known) - set(APART) else {}

    def time(self, options: Sequence[str]) -> str:
        """When a record happened: by the roles, else by any column of times, else its file's time."""
        fact = self._time(options)
        return moment(fact) if fact else FILE_TIME

    def _time(self, options: Sequence[str]) -> ColumnFacts | None:
        named_so = [self.roles[role] for role in options if role in self.roles and self.roles[role].time]
        others = [f for f in self.facts if f.kind == "time" and ITEM not in f.name]
        return next(iter([*named_so, *others]), None)

    def _line(self, shape: Shape, column: str, kind: str, *, is_required: bool) -> Line | None:
        if column in TOKENS:
            return self._hashed(column)
        options = shape.fills.get(column, ())
        if kind == "timestamp":
            return self._moment(column, options, is_required=is_required)
        fact = next((self.roles[role] for role in options if role in self.roles), None)
        if column in KEYS and is_required:
            return self._key(column, fact)
        if fact:
            return Line(column, self._value(column, kind, fact), _noted(fact))
        return self._without(column, kind) if is_required or column in LITERALS else None

    def _hashed(self, column: str) -> Line | None:
        """A token, or the verdict on what it was made of."""
        if column == "customer_token":
            return self._token_line()
        role, part = TOKENS[column]
        fact = self.roles.get(role)
        if fact is None or role not in self.id_types:
            return None
        cell = {"token": role} if part == "token" else {"rule": role, "part": part}
        return Line(column, {**cell, "from": named(fact.name)}, _noted(fact) if part == "token" else "")

    def _without(self, column: str, kind: str) -> Line | None:
        """What fills a column that must be filled where the sample has nothing for it."""
        if column == "type":
            return Line(column, "'track'", "no column tells the type")
        if column == "channel":
            return Line(column, f"'{self.system}'", "the feed's own name")
        if column == "currency":
            self.look.append("no column tells the currency: CNY is assumed")
            return Line(column, "'CNY'", "assumed")
        self.look.append(f"nothing fills {column}, which must be filled: rows will go to quarantine")
        return Line(column, f"cast(null as {kind})", "look: must be filled")

    def _value(self, column: str, kind: str, fact: ColumnFacts) -> str | dict[str, object]:
        if column == "action":
            return consent_action(fact)
        if kind == "date":
            is_rules = fact.kind == "date" and not (fact.time and fact.time.pattern == "%m/%d/%Y")
            return {"rule": "date", "from": named(fact.name)} if is_rules else moment(fact)
        if fact.role in ("name", "gender") and not {"sku", "latitude"} & set(self.roles):
            return {"rule": fact.role, "from": named(fact.name)}
        if kind.startswith("decimal") or kind in ("int", "double"):
            return number(fact)
        return f"upper({named(fact.name)})" if column == "sku" else named(fact.name)

    def _moment(self, column: str, options: Sequence[str], *, is_required: bool) -> Line | None:
        fact = next((self.roles[r] for r in options if r in self.roles and self.roles[r].time), None)
        if fact is None and is_required:
            fact = self._time(options)
        if fact is None:
            if not is_required:
                return None
            self.look.append(f"no column tells {column}: the file's time is taken")
            return Line(column, FILE_TIME, "the file's time")
        return Line(column, moment(fact), _noted(fact))

    def _key(self, column: str, fact: ColumnFacts | None) -> Line:
        if fact and (fact.is_unique or column in NATURAL):
            text = named(fact.name)
            note = _noted(fact)
        elif self.keys:
            text, note = joined(self.keys[0]), "unique in the sample"
        else:
            text, note = (
                fingerprint(tuple(f.name for f in self.facts if ITEM not in f.name)),
                "no key: the whole record",
            )
        return Line(column, f"concat('{self.system}:', {text})" if column == "order_id" else text, note)

    def _token_line(self) -> Line | None:
        kinds = [
            kind for kind in ("member_no", "unionid", "phone", "email") if kind in self.roles and kind in self.id_types
        ]
        if not kinds:
            return None
        tokens = {kind: named(self.roles[kind].name) for kind in kinds}
        if len(tokens) == 1:
            return Line("customer_token", {"token": kinds[0], "from": tokens[kinds[0]]}, "the only identifier")
        return Line("customer_token", {"tokens": tokens}, "the first that is there")


def _noted(fact: ColumnFacts) -> str:
    """What was found of a column, in a few words."""
    form = f" as {fact.time.words}" if fact.time else ""
    words = f"{fact.share:.0%} look like {KINDS[fact.kind].words}{form}" if fact.kind in KINDS else "text"
    return f"guessed: {words}" + ("" if fact.full > 0.995 else f", {fact.full:.0%} full")
