"""The format of ``conf/sources/<source>__<object>.yml``: configuration whose errors name file and key."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lakehouse.errors import SourceError
from lakehouse.sources.feeds import Feed
from lakehouse.sources.options import FileFormat, Options, options_of
from lakehouse.sources.yamllines import line_of
from lakehouse.standardise.rules import IDENTIFIER_RULES, rule
from lakehouse.table import Table
from lakehouse.tables import silver
from lakehouse.tables.bronze import bronze_table

MAPPED = {table.name: table for table in silver.ALL if "_row_hash" in table.column_names}
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9_]*$")
SCALARS = "string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|timestamp_ntz|binary"
FieldPath = Annotated[str, Field(pattern=r'^[^"?\']+$')]
FieldType = Annotated[str, Field(pattern=rf"^({SCALARS}|decimal\(\d+, ?\d+\))$")]


class Strict(BaseModel):
    """Unknown keys are errors: a typo in a source file must not pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Fill(Strict):
    """What stands in for a missing value: one constant, or another expression, through a rule or as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    value: str | None = None
    source: str = Field(default="", alias="from")
    rule: str = ""

    @property
    def reason(self) -> str:
        """What the reason says of a filled value."""
        return "filled_by_constant" if self.value is not None else "filled_by_other_field"


class Cell(Strict):
    """How one silver column is filled.

    ``from`` is Spark SQL in which ``$.path`` is a field of the payload and ``@.path`` one of the exploded
    item. ``rule`` sends it through a standardisation rule (``part``: value, status or reason; ``options`` of the rule,
    before those that the source gives); ``token`` through that identifier's rule and the keyed hash. ``fill`` stands in
    for a missing value, which the status then calls *filled*; an identifier is never filled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: str = Field(alias="from")
    rule: str = ""
    part: Literal["value", "status", "reason"] = "value"
    options: Mapping[str, str] = Field(default_factory=dict)
    fill: Fill | None = None
    token: str = ""


class FirstOf(Strict):
    """The first identifier that is there, strongest first: ``{tokens: {member_no: $.no, phone: $.tel}}``."""

    tokens: Mapping[str, str]


class TableMap(Strict):
    """How a payload becomes rows of one silver table.

    ``replaces`` says what is delivered anew as a whole (a day: ``$.event_date``): rows of an earlier delivery that are not in
    the later one go. Deliveries are ordered by their files' time.
    """

    columns: Mapping[str, str | Cell | FirstOf]
    explode: str = ""
    where: str = ""
    sequence: str = ""
    replaces: str = ""


class Identifiers(Strict):
    """Which identifiers a record shows together, and when it was seen."""

    at: str
    ids: Mapping[str, str]
    where: str = ""


class Source(Strict):
    """A feed: format and options, where its files are, and how its records map to silver.

    ``fields`` are the fields that its records are agreed to have, by path, with their Spark types: what is not among them,
    or does not cast, is rescued beside the payload.
    ``rules`` are options of standardisation rules for all of the source: ``{phone: {default_region: GB}}``.
    """

    name: str
    description: str
    format: FileFormat
    owner: str = "platform"
    feed: Feed | None = Field(default=None, alias="from")
    path: str = ""
    options: Mapping[str, Any] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    fields: Mapping[FieldPath, FieldType] = Field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    party: Literal["1p", "2p", "3p"] = "1p"
    freshness_hours: int = 24
    resent: Literal["auto", "skip", "land"] = "auto"
    version: int = 1
    maps: Mapping[str, TableMap | tuple[TableMap, ...]] = Field(default_factory=dict)
    identifiers: tuple[Identifiers, ...] = ()

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _format_of_records(cls, data: dict[str, object]) -> dict[str, object]:
        """Only files have a format; records of other feeds are landed as JSON lines would be."""
        feed = data.get("from")
        if not isinstance(feed, dict) or "s3" in feed:
            return data
        if "format" in data:
            raise ValueError(f"only files have a format, not what comes from {', '.join(map(str, feed))}")
        return data | {"format": "jsonl"}

    @cached_property
    def table(self) -> Table:
        """The bronze contract of this source."""
        return bronze_table(self.name, self.description, self.owner, self.freshness_hours)

    @cached_property
    def reading(self) -> Options:
        """The format's options, typed and with their defaults."""
        return options_of(self.format, self.options, f"{self.name}.yml")

    @property
    def folder(self) -> str:
        """Where its files are, below the landing root."""
        return self.path or self.name.replace("__", "/", 1)

    @property
    def origin(self) -> str:
        """What stands before bronze in the lineage: its folder, or the place of its feed."""
        return self.feed.one.place if self.feed else f"landing/{self.folder}"

    @property
    def member(self) -> str:
        """Name and version: a source whose version is raised is mapped again from the start of bronze."""
        return f"{self.name}@{self.version}"

    @property
    def is_versioned(self) -> bool:
        """Whether each record tells its own version: the order of files then does not matter."""
        return bool(self.maps) and all(m.sequence for table in self.maps for m in self.mappings(table))

    def mappings(self, table: str) -> tuple[TableMap, ...]:
        """The maps of this source to one silver table; several where a record gives rows of several kinds."""
        found = self.maps.get(table, ())
        return found if isinstance(found, tuple) else (found,)


def load_source(path: Path) -> Source:
    """Read one source file, and hold its maps to the contracts of silver.

    Raises :class:`SourceError` that names the file, and the key or line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SourceError(f"not YAML: {error}", file=path) from error
    if not isinstance(data, dict):
        raise SourceError("a mapping is expected", file=path)
    if not NAME.match(path.stem):
        raise SourceError("a source file is named <source>__<object>.yml", file=path)
    if data.get("name", path.stem) != path.stem:
        raise SourceError("the name is the file's name", file=path, key="name")
    try:
        source = Source.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo is also a key that misses
        key = ".".join(map(str, first["loc"])) or None
        message = first["msg"].removeprefix("Value error, ")
        raise SourceError(message, file=path, row=line_of(text, first["loc"]), key=key) from error
    options_of(source.format, source.options, path)
    for table in source.maps:
        _hold(source, table, path)
    _hold_rules(source, path)
    return source


def _hold(source: Source, table: str, path: Path) -> None:
    """Every column of a map is in the table's contract, and every required one is in the map."""
    key = f"maps.{table}"
    if table not in MAPPED:
        raise SourceError(f"no table that sources map to; these are {', '.join(MAPPED)}", file=path, key=key)
    columns = {c.name: c.required for c in MAPPED[table].columns if not c.is_technical and c.name != "source"}
    needed = {name for name, required in columns.items() if required}
    for mapping in source.mappings(table):
        if mapping.replaces and ("_delivery" not in MAPPED[table].column_names or mapping.sequence):
            words = (
                "its rows would need a file's time, not `sequence`" if mapping.sequence else f"{table} is not replaced"
            )
            raise SourceError(words, file=path, key=f"{key}.replaces")
        for unknown in sorted(set(mapping.columns) - set(columns)):
            raise SourceError(f"{table} has no such column", file=path, key=f"{key}.columns.{unknown}")
        for missing in sorted(needed - set(mapping.columns)):
            raise SourceError(f"{table} needs this column", file=path, key=f"{key}.columns.{missing}")


def _hold_rules(source: Source, path: Path) -> None:
    """Rules are there, take their options, and keep the form of identifiers; a filled value has a status beside it."""
    identifying = {*IDENTIFIER_RULES.values(), "code"}
    for name, options in source.rules.items():
        _hold_options(name, options, path, f"rules.{name}")
        if name in identifying and (forms := sorted(set(options) & rule(name).forms)):
            why = "changes the form of identifiers, which other sources would not share: it may stand at a cell only"
            raise SourceError(why, file=path, key=f"rules.{name}.{forms[0]}", rule=name)
    for table in source.maps:
        for mapping in source.mappings(table):
            for column, cell in mapping.columns.items():
                if isinstance(cell, Cell) and (cell.rule or cell.fill):
                    _hold_cell(cell, mapping, path, f"maps.{table}.columns.{column}")


def _hold_options(name: str, options: Mapping[str, str], path: Path, key: str) -> None:
    try:
        rule(name).hold(options)
    except SourceError as error:
        raise SourceError(error.message, **({"file": path, "key": key} | dict(error.where))) from error


def _hold_cell(cell: Cell, mapping: TableMap, path: Path, key: str) -> None:
    if cell.rule:
        _hold_options(cell.rule, cell.options, path, key)
    if cell.fill is None:
        return
    if why := _fill_fault(cell, cell.fill, mapping):
        raise SourceError(why, file=path, key=f"{key}.fill", rule=cell.rule or None)
    if cell.fill.rule:
        _hold_options(cell.fill.rule, {}, path, f"{key}.fill.rule")


def _fill_fault(cell: Cell, fill: Fill, mapping: TableMap) -> str:
    """What is wrong with filling a cell; empty where nothing is."""
    if cell.token or not cell.rule:
        return "only what goes through a rule is filled, and an identifier never is"
    if (fill.value is None) == (not fill.source) or (fill.rule and not fill.source):
        return "either a value, or from with or without rule"
    if cell.part == "value" and cell.model_copy(update={"part": "status"}) not in mapping.columns.values():
        return "a filled value needs a column that says so: the same cell with part: status"
    return ""


def load_sources(folder: Path) -> dict[str, Source]:
    """All sources of a folder by name, in alphabetic order; an absent folder is an error."""
    if not folder.is_dir():
        raise SourceError("there is no such folder of sources", file=folder)
    return {source.name: source for source in map(load_source, sorted(folder.glob("*.yml")))}
