"""Schema drift: the fields of a delivery against those that its source has shown before, as changes that a person should see.

A field is a path (``properties.price``, ``lines[].sku``) and a kind (string, number, boolean, time, object, array, mixed).
Kinds are coarse on purpose: a price that is ``DECIMAL(3,1)`` today and ``BIGINT`` tomorrow has not changed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Kinds = Mapping[str, str]
TOKEN = re.compile(r"`(?:[^`]|``)*`|[\w]+(?:\([\d, ]+\))?|[<>:,]")
NOTHING = "null"
KINDS = (
    (re.compile(r"^(void|null)$"), NOTHING),
    (re.compile(r'.*(timestamp|date|^time|"time-)'), "time"),
    (re.compile(r"^(string|large_string|varchar|char|utf8|.*\"enum\")"), "string"),
    (re.compile(r'.*(int|long|float|double|decimal|number|"decimal")'), "number"),
    (re.compile(r"^bool"), "boolean"),
    (re.compile(r'^(object|struct|map|record|.*"map")'), "object"),
    (re.compile(r"^(array|list)"), "array"),
    (re.compile(r"^(binary|bytes|large_binary|fixed)"), "binary"),
)
MIXED = "mixed"
ENOUGH = 1_000
"""Records without a field that need not stand in each of them, from which on the field counts as gone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``first`` (seen in the first delivery of all), ``new``, ``gone``, ``retyped`` or ``back``."""

    kind: str
    field: str
    was: str | None = None
    now: str | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether a person should hear of it."""
        return self.kind in ("new", "gone", "retyped")

    def __str__(self) -> str:
        return f"{self.kind} field {self.field}" + (f" ({self.was}, now {self.now})" if self.kind == "retyped" else "")


@dataclass(slots=True)
class Known:
    """What a source has shown of one field: every kind that it had, whether it is gone, and whether it has come back once."""

    kinds: set[str] = field(default_factory=set)
    is_gone: bool = False
    comes_and_goes: bool = False

    def apply(self, change: Change) -> None:
        """Remember a change."""
        self.is_gone = change.kind == "gone"
        self.comes_and_goes |= change.kind == "back"
        if change.now:
            self.kinds.add(change.now)


def kind_of(type_: str) -> str:
    """The kind of a type as Spark, Arrow, Avro or a variant call it."""
    for pattern, kind in KINDS:
        if pattern.match(type_.strip().lower()):
            return kind
    return MIXED


def kinds(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Paths and kinds of leaves and of what holds them; two kinds of one path are mixed."""
    found: dict[str, str] = {}
    for path, type_ in fields:
        for above, kind in (*_above(path), (path, kind_of(type_))):
            before = found.get(above, NOTHING)
            found[above] = kind if before in (NOTHING, kind) else before if kind == NOTHING else MIXED
    return {path: kind for path, kind in found.items() if not path.endswith("[]")}


def _above(path: str) -> Iterator[tuple[str, str]]:
    """What a path goes through: ``a.b[].c`` through the object ``a`` and the array ``a.b``."""
    for match in re.finditer(r"\[\]|\.", path):
        before = path[: match.start()]
        if before and not before.endswith("[]"):
            yield before, "array" if match[0] == "[]" else "object"


def variant_fields(schema: str) -> list[tuple[str, str]]:
    """Paths and types of what ``schema_of_variant_agg`` says: ``OBJECT<a: BIGINT, b: ARRAY<OBJECT<c: STRING>>>``."""
    return [(path, type_) for path, type_ in _fields(iter(TOKEN.findall(schema)), "") if path]


def _fields(tokens: Iterator[str], path: str) -> Iterator[tuple[str, str]]:
    word = next(tokens)
    if word == "ARRAY":
        next(tokens)
        yield from _fields(tokens, f"{path}[]")
        next(tokens)
    elif word == "OBJECT":
        if path:
            yield path, word
        next(tokens)
        while (name := next(tokens)) != ">":
            if name == ",":
                continue
            next(tokens)
            plain = name[1:-1].replace("``", "`") if name.startswith("`") else name
            yield from _fields(tokens, f"{path}.{plain}" if path else plain)
    else:
        yield path, word


def changes(
    known: Mapping[str, Known], found: Kinds, *, may_miss: Iterable[str] = (), is_first: bool = False
) -> list[Change]:
    """What is different, in alphabetic order. ``may_miss`` are known fields whose absence from this delivery says nothing.

    A field that comes and goes is told of once; null values change no kind.
    """
    result = []
    for path, kind in sorted(found.items()):
        if path not in known:
            result += [Change("first" if is_first else "new", path, None, kind)] if kind != NOTHING else []
        elif known[path].is_gone:
            result.append(Change("back", path, None, kind))
        elif kind != NOTHING and not known[path].kinds & {kind, MIXED}:
            result.append(Change("retyped", path, "|".join(sorted(known[path].kinds)) or None, kind))
    missing = {path for path in known if path not in found}
    for path in sorted(missing - set(may_miss)):
        before, holders = known[path], {above for above, _ in _above(path)}
        if not (before.is_gone or before.comes_and_goes or holders & missing):
            result.append(Change("gone", path, "|".join(sorted(before.kinds)) or None, None))
    return result


def excused(known: Iterable[str], declared: Iterable[str], rows: int) -> set[str]:
    """The known fields that so many sparse records may lack: those that nobody declared, unless the records are many.

    Of what is inside an object nothing is said, only of the object itself.
    """
    kept = set(declared)
    return {path for path in known if path not in kept and (rows < ENOUGH or "." in path)}
