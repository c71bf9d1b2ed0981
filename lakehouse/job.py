"""What a job is: a documented pure function, what it reads, what it writes and how that lands."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lakehouse.errors import ContractError
from lakehouse.load import Load
from lakehouse.table import Table

SEPARATOR = "\u001f"
"""Between the values of a key of several columns: ASCII's unit separator."""


class Group(StrEnum):
    """Groups of jobs in the order of the data's flow; one Airflow DAG per cadence and group."""

    BRONZE = "bronze"
    SILVER = "silver"
    IDENTITY = "identity"
    GOLD = "gold"
    ML = "ml"
    OPS = "ops"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The new rows of every source whose file maps to the written table; the set is read from ``conf/sources``."""


@dataclass(frozen=True, slots=True)
class New:
    """The new and changed rows of ``table`` since the job last ran, the latest image of each key.

    With ``deletions`` the rows that were deleted come too, as they last were; a boolean ``_deleted`` tells them.
    """

    table: Table
    deletions: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """The keys that changed since the job last ran, as a frame ``(kind string, key string)``.

    ``of`` pairs a table with the column whose values are the keys; ``kind`` is that column's name. Old and new images
    both count, so that a row that moves from one owner to another names both. Where there are several columns, ``key`` holds
    their values, parted by :data:`SEPARATOR`, and ``kind`` is the first one's name; those of the change data feed
    (``_change_type``, ``_commit_version``) may be among them.
    """

    of: tuple[tuple[Table, str | tuple[str, ...]], ...]


class AsOf(StrEnum):
    """The date as of which the job computes: the day given, else the latest day in the data. Passed as ``datetime.date``."""

    DAY = "as_of"


class Resource(StrEnum):
    """What else a job may be handed: the settings, the Delta versions of its inputs; never a session, a path or a writer."""

    SETTINGS = "settings"
    VERSIONS = "versions"


Read = Table | Mapped | New | Changed | AsOf | Resource


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A node of the one graph. ``version`` is part of checkpoint and transaction ids: raising it replays everything.

    ``is_ledger``: the table remembers what cannot be computed again (minted ids), so a full rebuild keeps its rows.
    """

    writes: Table
    reads: Mapping[str, Read]
    load: Load
    transform: Callable[..., object]
    doc: str
    group: Group
    cadence: str = "daily"
    version: int = 1
    size: str = "s"
    mapped: tuple[Table, ...] = field(default=())
    is_ledger: bool = False

    @property
    def name(self) -> str:
        """The written table's name: one name everywhere."""
        return self.writes.name

    @property
    def task_id(self) -> str:
        """The name in Airflow."""
        return self.name.replace(".", "__", 1)

    def inputs(self) -> tuple[Table, ...]:
        """Every table that the job reads, once each, in the order of declaration."""
        found: dict[str, Table] = {}
        for read in self.reads.values():
            for table in _tables(read, self.mapped):
                found.setdefault(table.name, table)
        return tuple(found.values())


def _tables(read: Read, mapped: tuple[Table, ...]) -> tuple[Table, ...]:
    match read:
        case Table():
            return (read,)
        case New(table):
            return (table,)
        case Changed(of):
            return tuple(table for table, _ in of)
        case Mapped():
            return mapped
        case _:
            return ()


def job(
    *,
    writes: Table,
    reads: Mapping[str, Read],
    load: Load,
    group: Group,
    cadence: str = "daily",
    version: int = 1,
    size: str = "s",
    is_ledger: bool = False,
) -> Callable[[Callable[..., object]], Job]:
    """Make a :class:`Job` of a function; its docstring is the task's text in Airflow and in the catalogue.

    Raises :class:`ContractError` when the function has no docstring, when its parameters are not the names of
    ``reads``, or when its name is not the written entity.
    """

    def wrap(function: Callable[..., object]) -> Job:
        doc = re.sub(r"\s+", " ", (function.__doc__ or "").strip())
        if not doc:
            raise ContractError("a job needs a docstring: it is the task's text", job=writes.name)
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if set(parameters) != set(reads):
            raise ContractError(f"parameters {parameters} are not the reads {tuple(reads)}", job=writes.name)
        if function.__name__ != writes.entity:
            raise ContractError(f"the function is called {function.__name__}", job=writes.name)
        return Job(writes, dict(reads), load, function, doc, group, cadence, version, size, is_ledger=is_ledger)

    return wrap
