"""How a frame lands in a table: a closed union of five loads, each with only the options that make sense for it."""

from dataclasses import dataclass

from lakehouse.errors import ContractError

KNOWN = "_known"
"""A boolean column by which a job says that its rows differ from the current ones of an :class:`Scd2`, and which have one."""
FIRST = 8
"""How many values a column that is folded by ``Merge.first`` keeps."""


@dataclass(frozen=True, slots=True)
class Append:
    """Rows are added as they are; a repeated batch adds nothing (Delta transaction ids)."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Rows are matched by the table's key.

    ``newest``: columns that order two versions of a row; the greater one wins whatever the order of arrival, so that
    the load is commutative and idempotent. Without it the incoming row is the truth and replaces a row that differs.
    A boolean ``_deleted`` in the frame removes the key. ``least`` and ``greatest`` name columns that are folded instead
    of replaced (first and last sightings); ``first`` names arrays of which the least :data:`FIRST` values of both sides stay.
    ``by`` names columns that tell rows apart as the key does and are compared sooner: a number that stands for a text.
    """

    newest: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    greatest: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.newest and (self.least or self.greatest or self.first):
            raise ContractError("a Merge either keeps the newest row or folds columns, not both")


@dataclass(frozen=True, slots=True)
class Scd2:
    """History by validity: a row whose ``tracked`` columns differ from the current one closes it and opens a new one.

    The table has ``valid_from``, ``valid_to`` (null: still valid) and ``is_current``; the job's frame brings
    ``valid_from``, the runner the other two. A frame with :data:`KNOWN` is not compared with the table again.
    """

    entity: tuple[str, ...]
    tracked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """The frame is the whole table."""


@dataclass(frozen=True, slots=True)
class ReplaceWhere:
    """The frame replaces the rows that share its value of ``column`` (a date, a model's name)."""

    column: str


Load = Append | Merge | Scd2 | Replace | ReplaceWhere
