"""What a table is: one frozen, pure-Python contract from which DDL, constraints, checks, docs and test data are derived."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lakehouse.assertions import Assertion, Unique, recognise
from lakehouse.errors import ContractError

KEY_UNIQUE = "key_unique"
"""The rule that every contract with a key has."""


class Layer(StrEnum):
    """The four layers; data moves from left to right only (ops is beside them)."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    OPS = "ops"


class Pii(StrEnum):
    """How personal a column is: ``token`` is a keyed hash, ``direct`` identifies a person on its own."""

    NONE = "none"
    TOKEN = "token"
    INDIRECT = "indirect"
    DIRECT = "direct"


class DataClass(StrEnum):
    """The four data classes of customer data, and ``technical`` for what describes the row itself."""

    IDENTITY = "identity"
    DESCRIPTIVE = "descriptive"
    BEHAVIOURAL = "behavioural"
    QUALITATIVE = "qualitative"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``type`` is a Spark SQL type, ``check`` a Spark SQL predicate over the row that must not be false."""

    name: str
    type: str
    comment: str
    required: bool = False
    check: str = ""
    pii: Pii = Pii.NONE
    data_class: DataClass = DataClass.DESCRIPTIVE

    @property
    def is_technical(self) -> bool:
        """Technical columns start with an underscore and never reach gold."""
        return self.name.startswith("_")


class Severity(StrEnum):
    """What a broken rule does: ``stop`` publication, or ``warn`` only."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule; :mod:`lakehouse.rules` has a constructor for each thing that can be asserted.

    A row rule has ``sql``, which must be true of every row (null counts as true, as in CHECK constraints). Others are
    said by ``asserts`` alone. ``at_most`` (share of rows) and ``at_most_rows`` are what is tolerated.
    """

    name: str
    sql: str = ""
    asserts: Assertion | None = None
    severity: Severity = Severity.STOP
    at_most: float = 0.0
    at_most_rows: int = 0

    @property
    def assertion(self) -> Assertion:
        """What is asserted; of plain SQL, what it says."""
        return recognise(self.sql) if self.asserts is None else self.asserts

    @property
    def is_strict(self) -> bool:
        """Whether not a single row may break it: such a row rule is a constraint, and its rows are set aside."""
        return self.severity is Severity.STOP and not self.at_most and not self.at_most_rows

    def allowed(self, rows: int) -> float:
        """How many of so many rows may break it."""
        return max(self.at_most * rows, float(self.at_most_rows))


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table's contract.

    ``name`` is ``layer.entity``; ``key`` are the columns that identify a row; ``cluster_by`` the liquid clustering
    columns; ``retention_days`` how long history is kept (0: for ever); ``freshness_hours`` the age that alarms;
    ``version`` the contract's major version, which a breaking change must raise (``kith contract check``).
    ``keeps_lost_columns``: the contract follows files that come and go, so that a column which it has lost may stay in the
    table, null in new rows.
    Raises :class:`ContractError` where the parts contradict each other.
    """

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    owner: str = "platform"
    freshness_hours: int = 24
    retention_days: int = 0
    change_feed: bool = True
    properties: tuple[tuple[str, str], ...] = field(default=())
    version: int = 1
    keeps_lost_columns: bool = False

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        if self.name.partition(".")[0] not in set(Layer):
            raise ContractError("a table's name is <layer>.<entity>", table=self.name)
        if len(set(names)) != len(names):
            raise ContractError("a column is declared twice", table=self.name)
        for name in (*self.key, *self.cluster_by):
            if name not in names:
                raise ContractError(f"key or clustering names an unknown column {name!r}", table=self.name)

    @property
    def layer(self) -> Layer:
        """The part of the name before the dot."""
        return Layer(self.name.partition(".")[0])

    @property
    def entity(self) -> str:
        """The part of the name after the dot."""
        return self.name.partition(".")[2]

    @property
    def asset(self) -> str:
        """The table's name as an asset, the same in Airflow, the catalogue and lineage."""
        return f"kith://{self.layer}/{self.entity}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order of the contract."""
        return tuple(c.name for c in self.columns)

    @property
    def schema_ddl(self) -> str:
        """The schema as a DDL string, without nullability: what ``DataFrame`` readers take."""
        return ", ".join(f"`{c.name}` {c.type}" for c in self.columns)

    def row_rules(self) -> Iterator[Rule]:
        """Every rule that a single row can break: required columns, column checks, row rules, in that order."""
        for c in self.columns:
            if c.required:
                yield Rule(f"{c.name}_required", f"`{c.name}` IS NOT NULL")
        for c in self.columns:
            if c.check:
                yield Rule(f"{c.name}_valid", c.check)
        yield from (rule for rule in self.rules if rule.sql)

    def all_rules(self) -> Iterator[Rule]:
        """Every rule: those that a row can break, the key's uniqueness, and what is asserted of the table as a whole."""
        yield from self.row_rules()
        if self.key:
            yield Rule(KEY_UNIQUE, asserts=Unique(self.key))
        yield from (rule for rule in self.rules if not rule.sql)
