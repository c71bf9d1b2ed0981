"""What identifiers there are and how far each may be trusted: the typed form of `conf/identity.yml`."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pyspark.sql import Column
from pyspark.sql import functions as F

from identity.components import EngineName
from identity.contradictions import contradictions
from identity.regexps import regexp_fault
from identity.rulesfile import Document, Fault, Location, RulesError, read_document
from lakehouse.errors import SettingsError

Kind = Literal["account", "contact", "trace"]
Strength = Literal["strong", "weak"]
Level = Literal["anonymous", "pseudonymous", "known"]
SHOWN: dict[Kind, Level] = {"account": "pseudonymous", "contact": "known", "trace": "anonymous"}


class IdentifierType(BaseModel):
    """One type of identifier.

    ``kind``: an *account* is a registration, a *contact* reaches somebody, a *trace* is left by a machine or
    a parcel. ``priority``: 1 is best; the best identifier of a record becomes the centre of its star of
    edges. ``max_degree``: how many accounts may share one value before it stops merging; ``max_same_type``:
    how many of one account type; ``max_neighbours``: how many identifiers of any type; all three within any
    ``degree_window_days`` where that is said, else ever. ``unique_per_person``: a person has one value at most; where two
    meet, the weakest evidence between them is cut. ``edge_ttl_days``: an edge not seen for so long expires. ``max_gap_days``: a
    trace seen with it so long before or after the use by any account is another person's. ``same_type_told``: of several
    accounts of one type that share it, it joins none that gave no attribute (name, birth date) where another did.
    ``level``: how well its holder is known by it (default: by kind, an account pseudonymous, a contact known).
    ``witnesses``: records that must show an edge of this type before it merges; ``main_share``: the least share that an
    edge must have in its account's records with this type; ``vouched_by``: sources whose word is enough. ``invalid_texts``
    (lower case, trimmed), ``invalid_regexp`` and ``valid_regexp`` (whole value) hold for the normalised value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    strength: Strength
    is_merging: bool
    is_verified: bool = False
    priority: int = Field(ge=1)
    weight: float = Field(default=1.0, gt=0, le=1)
    max_degree: int = Field(ge=1)
    max_same_type: int | None = Field(default=None, ge=1)
    max_neighbours: int = Field(default=10_000, ge=1)
    degree_window_days: int | None = Field(default=None, ge=1)
    unique_per_person: bool = False
    edge_ttl_days: int | None = Field(default=None, ge=1)
    max_gap_days: int | None = Field(default=None, ge=1)
    same_type_told: bool = False
    level: Level | None = None
    witnesses: int = Field(default=1, ge=1)
    main_share: float = Field(default=0.0, ge=0, le=1)
    vouched_by: tuple[str, ...] = Field(default=(), strict=False)
    invalid_texts: tuple[str, ...] = Field(default=(), strict=False)
    invalid_regexp: str | None = None
    valid_regexp: str | None = None

    @field_validator("invalid_regexp", "valid_regexp")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _regexp(value)

    @field_validator("invalid_texts")
    @classmethod
    def _lowered(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text.strip().lower() for text in value)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        _refuse(type(self).__name__, (((field,), rule) for field, rule in contradictions(dict(self))))
        return self

    @property
    def shown_level(self) -> Level:
        """How well the holder of one such identifier is known by it alone."""
        return self.level or SHOWN[self.kind]

    @property
    def is_known(self) -> bool:
        """Whether its holder is a known person: a strong account or contact."""
        return self.kind != "trace" and self.strength == "strong"


class Alarms(BaseModel):
    """When a person looks like a weld of several: more identifiers than ``max_cluster_tokens``, or a cluster whose edges
    are less than ``min_density`` of all pairs of its identifiers (0: never). An alarm cuts nothing; it names the cluster.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    max_cluster_tokens: int = Field(default=100, ge=2)
    min_density: float = Field(default=0.0, ge=0, le=1)


class IdentityRules(BaseModel):
    """The whole of `conf/identity.yml`: the engine, what is refused everywhere, alarms, and the identifier types.

    A value that stands on more than ``placeholder_share`` of the records of its type, and on ``placeholder_min_records``
    at least, is a placeholder, whether or not a list names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    engine: EngineName = "auto"
    invalid_texts: tuple[str, ...] = Field(default=(), strict=False)
    invalid_regexp: str | None = None
    placeholder_share: float = Field(default=0.01, gt=0, le=1)
    placeholder_min_records: int = Field(default=1000, ge=2)
    alarms: Alarms = Alarms()
    identifiers: tuple[IdentifierType, ...] = Field(strict=False)

    @field_validator("invalid_regexp")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _regexp(value)

    @model_validator(mode="after")
    def _somebody_is_known_by_one_name(self) -> Self:
        _refuse(type(self).__name__, _among([dict(kind) for kind in self.identifiers]))
        return self

    def type_of(self, name: str) -> IdentifierType:
        """The identifier type called ``name``; :class:`SettingsError` when there is none."""
        for kind in self.identifiers:
            if kind.name == name:
                return kind
        raise SettingsError("no such identifier type in the identity rules", key=f"identifiers[{name}]")

    @property
    def attributes(self) -> tuple[str, ...]:
        """Types that never merge and of which a person has one value: a birth date tells people apart and joins nobody."""
        return tuple(kind.name for kind in self.identifiers if kind.unique_per_person and not kind.is_merging)

    @property
    def ranks(self) -> dict[str, int]:
        """Type → place as a star's centre, 0 first: merging before not, strong before weak, then priority."""
        order = sorted(
            self.identifiers,
            key=lambda kind: (not kind.is_merging, kind.strength == "weak", kind.priority, kind.name),
        )
        return {kind.name: position for position, kind in enumerate(order)}


def load_rules(path: str | Path) -> IdentityRules:
    """Read the identity rules of a YAML file.

    Raises :class:`RulesError`, a :class:`SettingsError`, with the file and every fault of it: line, key and rule.
    """
    document = read_document(path)
    faults = set(document.repeated)
    try:
        rules = IdentityRules.model_validate(document.data)
    except ValidationError as error:
        faults |= {*document.faults(error, IdentityRules), *_behind(document, error)}
        raise RulesError(document.file, faults) from error
    if faults:
        raise RulesError(document.file, faults)
    return rules


def _behind(document: Document, error: ValidationError) -> Iterator[Fault]:
    """Contradictions among what is right by itself: pydantic looks for them only where a type has no other fault."""
    wrong = {details["loc"][:3] for details in error.errors(include_url=False)}
    entries = document.data.get("identifiers") if isinstance(document.data, dict) else None
    entries = [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []
    sound = [
        {key: value for key, value in entry.items() if ("identifiers", index, key) not in wrong}
        for index, entry in enumerate(entries)
    ]
    for index, entry in enumerate(sound):
        for field, rule in contradictions(_defaults(wrong, index) | entry):
            yield document.fault(("identifiers", index, field), rule)
    if entries:
        yield from (document.fault(location, rule) for location, rule in _among(sound))


def _defaults(wrong: set[Location], index: int) -> dict[str, object]:
    fields = IdentifierType.model_fields.items()
    return {
        name: field.default
        for name, field in fields
        if not field.is_required() and ("identifiers", index, name) not in wrong
    }


def _among(entries: list[dict[str, object]]) -> Iterator[tuple[Location, str]]:
    """What is wrong between identifier types: a name that stands twice, nobody who could be known.

    An entry without a kind may be an account: its kind is wrong by itself and said elsewhere.
    """
    seen: Counter[object] = Counter()
    for index, entry in enumerate(entries):
        name = entry.get("name", index)
        if seen[name]:
            yield ("identifiers", index, "name"), f"declared twice: {name}"
        seen[name] += 1
    if not any(entry.get("kind", "account") == "account" for entry in entries):
        yield ("identifiers",), "no identifier type is an account: nobody could be known"


def _refuse(model: str, faults: Iterable[tuple[Location, str]]) -> None:
    """Raise what pydantic raises, for each fault with its own location."""
    errors = [
        InitErrorDetails(type=PydanticCustomError("contradiction", "{rule}", {"rule": rule}), loc=location, input=None)
        for location, rule in faults
    ]
    if errors:
        raise ValidationError.from_exception_data(model, errors)


def lookup(values: dict[str, object], id_type: Column) -> Column:
    """Column that turns an identifier type into its value of ``values``; null where the type is not in it."""
    pairs = [F.lit(item) for pair in values.items() for item in pair]
    return F.create_map(*pairs)[id_type]


def attribute(rules: IdentityRules, name: str, id_type: Column) -> Column:
    """Column: attribute ``name`` of the identifier type in ``id_type`` (null: unset, or type unknown)."""
    return lookup({kind.name: getattr(kind, name) for kind in rules.identifiers}, id_type)


def is_verified(rules: IdentityRules, id_type: Column) -> Column:
    """Column: whether an identifier of this type proves its person (a member number does, a cookie not)."""
    return F.coalesce(attribute(rules, "is_verified", id_type), F.lit(False))


def refusal(rules: IdentityRules, id_type: str, value: Column) -> Column:
    """Column: why a value may not become an identifier: ``missing``, ``placeholder``, ``malformed``, null.

    ``value`` is the normalised plain text, not yet tokenised; null: it may. Raises :class:`SettingsError`
    when the type is unknown.
    """
    kind = rules.type_of(id_type)
    text = F.lower(F.trim(value))
    texts = sorted({*kind.invalid_texts, *(other.strip().lower() for other in rules.invalid_texts)})
    placeholder = text.isin(texts) if texts else F.lit(False)
    if rules.invalid_regexp:
        placeholder = placeholder | text.rlike(_whole(rules.invalid_regexp))
    if kind.invalid_regexp:
        placeholder = placeholder | F.trim(value).rlike(_whole(kind.invalid_regexp))
    reason = F.when(value.isNull() | (text == ""), "missing").when(placeholder, "placeholder")
    if kind.valid_regexp:
        reason = reason.when(~F.trim(value).rlike(_whole(kind.valid_regexp)), "malformed")
    return reason


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _regexp(pattern: str) -> str:
    if fault := regexp_fault(pattern):
        raise ValueError(fault)
    return pattern
