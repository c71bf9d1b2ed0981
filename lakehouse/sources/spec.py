"""The format of ``conf/sources/<source>__<object>.yml``: configuration whose errors name file and key."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.errors import SourceError
from lakehouse.table import Table
from lakehouse.tables import silver
from lakehouse.tables.bronze import bronze_table

MAPPED = {table.name: table for table in silver.ALL if "_row_hash" in table.column_names}
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9_]*$")


class Strict(BaseModel):
    """Unknown keys are errors: a typo in a source file must not pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(Strict):
    """How one silver column is filled.

    ``from`` is Spark SQL in which ``$.path`` is a field of the payload and ``@.path`` one of the exploded
    item. ``rule`` sends it through a standardisation rule (``part``: value, status or reason); ``token``
    through that identifier's rule and the keyed hash.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: str = Field(alias="from")
    rule: str = ""
    part: Literal["value", "status", "reason"] = "value"
    token: str = ""


class FirstOf(Strict):
    """The first identifier that is there, strongest first: ``{tokens: {member_no: $.no, phone: $.tel}}``."""

    tokens: Mapping[str, str]


class TableMap(Strict):
    """How a payload becomes rows of one silver table."""

    columns: Mapping[str, str | Cell | FirstOf]
    explode: str = ""
    where: str = ""
    sequence: str = ""


class Identifiers(Strict):
    """Which identifiers a record shows together, and when it was seen."""

    at: str
    ids: Mapping[str, str]
    where: str = ""


class Source(Strict):
    """A feed: format and options, where its files are, and how its records map to silver."""

    name: str
    description: str
    format: Literal["csv", "jsonl", "parquet"]
    owner: str = "platform"
    path: str = ""
    options: Mapping[str, str] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    party: Literal["1p", "2p", "3p"] = "1p"
    freshness_hours: int = 24
    resent: Literal["auto", "skip", "land"] = "auto"
    version: int = 1
    maps: Mapping[str, TableMap | tuple[TableMap, ...]] = Field(default_factory=dict)
    identifiers: tuple[Identifiers, ...] = ()

    @cached_property
    def table(self) -> Table:
        """The bronze contract of this source."""
        return bronze_table(self.name, self.description, self.owner, self.freshness_hours)

    @property
    def folder(self) -> str:
        """Where its files are, below the landing root."""
        return self.path or self.name.replace("__", "/", 1)

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
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
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
        first = error.errors()[0]
        raise SourceError(first["msg"], file=path, key=".".join(map(str, first["loc"]))) from error
    for table in source.maps:
        _hold(source, table, path)
    return source


def _hold(source: Source, table: str, path: Path) -> None:
    """Every column of a map is in the table's contract, and every required one is in the map."""
    key = f"maps.{table}"
    if table not in MAPPED:
        raise SourceError(f"no table that sources map to; these are {', '.join(MAPPED)}", file=path, key=key)
    columns = {c.name: c.required for c in MAPPED[table].columns if not c.is_technical and c.name != "source"}
    needed = {name for name, required in columns.items() if required}
    for mapping in source.mappings(table):
        for unknown in sorted(set(mapping.columns) - set(columns)):
            raise SourceError(f"{table} has no such column", file=path, key=f"{key}.columns.{unknown}")
        for missing in sorted(needed - set(mapping.columns)):
            raise SourceError(f"{table} needs this column", file=path, key=f"{key}.columns.{missing}")


def load_sources(folder: Path) -> dict[str, Source]:
    """All sources of a folder by name, in alphabetic order; an absent folder is an error."""
    if not folder.is_dir():
        raise SourceError("there is no such folder of sources", file=folder)
    return {source.name: source for source in map(load_source, sorted(folder.glob("*.yml")))}
