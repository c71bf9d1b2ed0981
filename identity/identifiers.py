"""What identifiers there are and how far each may be trusted: the typed form of `conf/identity.yml`."""

import re
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pyspark.sql import Column
from pyspark.sql import functions as F

from identity.components import EngineName
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
    meet, the weakest evidence between them is cut. ``edge_ttl_days``: an edge not seen for so long expires.
    ``level``: how well its holder is known by it (default: by kind, an account pseudonymous, a contact known).
    ``witnesses``: records that must show an edge of this type before it merges; ``main_share``: the least share that an
    edge must have in its account's records with this type. ``invalid_texts`` (lower case, trimmed) and ``valid_regexp``
    (whole value) hold for the normalised value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    level: Level | None = None
    witnesses: int = Field(default=1, ge=1)
    main_share: float = Field(default=0.0, ge=0, le=1)
    invalid_texts: tuple[str, ...] = ()
    valid_regexp: str | None = None

    @field_validator("valid_regexp")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _regexp(value)

    @field_validator("invalid_texts")
    @classmethod
    def _lowered(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(text.strip().lower() for text in value)

    @property
    def shown_level(self) -> Level:
        """How well the holder of one such identifier is known by it alone."""
        return self.level or SHOWN[self.kind]

    @property
    def is_known(self) -> bool:
        """Whether its holder is a known person: a strong account or contact."""
        return self.kind != "trace" and self.strength == "strong"


class IdentityRules(BaseModel):
    """The whole of `conf/identity.yml`: the engine, what is refused everywhere, and the identifier types."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineName = "auto"
    invalid_texts: tuple[str, ...] = ()
    invalid_regexp: str | None = None
    identifiers: tuple[IdentifierType, ...] = Field(min_length=1)

    @field_validator("invalid_regexp")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _regexp(value)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [kind.name for kind in self.identifiers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"identifier types declared twice: {', '.join(twice)}")
        if not any(kind.kind == "account" for kind in self.identifiers):
            raise ValueError("no identifier type is an account: nobody could be known")
        return self

    def type_of(self, name: str) -> IdentifierType:
        """The identifier type called ``name``; :class:`SettingsError` when there is none."""
        for kind in self.identifiers:
            if kind.name == name:
                return kind
        raise SettingsError("no such identifier type in the identity rules", key=f"identifiers[{name}]")

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

    Raises :class:`SettingsError` with the file, and for each fault the key and the rule that it breaks.
    """
    file = Path(path)
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        return IdentityRules.model_validate(raw)
    except OSError as error:
        raise SettingsError(f"the identity rules cannot be read: {error.strerror}", file=file) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the identity rules are not YAML: {error}", file=file) from error
    except ValidationError as error:
        faults = [
            (_key(fault["loc"], raw), f"{fault['msg']} (found {fault['input']!r:.80})") for fault in error.errors()
        ]
        text = "; ".join(f"{key}: {rule}" for key, rule in faults)
        raise SettingsError(f"the identity rules are wrong: {text}", file=file, key=faults[0][0]) from error


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
    reason = F.when(value.isNull() | (text == ""), "missing").when(placeholder, "placeholder")
    if kind.valid_regexp:
        reason = reason.when(~F.trim(value).rlike(_whole(kind.valid_regexp)), "malformed")
    return reason


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _regexp(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def _key(location: tuple[int | str, ...], raw: object) -> str:
    """Dotted key of a fault, with identifier types by name instead of by position."""
    parts = [str(part) for part in location]
    if len(location) > 1 and location[0] == "identifiers" and isinstance(location[1], int) and isinstance(raw, dict):
        entry = raw["identifiers"][location[1]]
        name = entry.get("name", location[1]) if isinstance(entry, dict) else location[1]
        parts[:2] = [f"identifiers[{name}]"]
    return ".".join(parts) or "(top level)"
