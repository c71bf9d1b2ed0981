"""Some people's events as arrays, and the sums over windows that every view is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
NEVER = -(10**9)
"""A day before all days: where nothing happened."""


@dataclass(frozen=True)
class Rows:
    """Events of one view: ``person`` (n,) is a number below ``people``; days count from 1970.

    ``channel`` and ``category`` are codes into ``channels`` and ``categories``, -1 for none.
    """

    people: int
    person: Ints
    happened: Ints
    visible: Ints
    until: Ints
    item: Ints
    number: Floats
    channel: Ints
    category: Ints
    channels: Sequence[str]
    categories: Sequence[str]

    def seen(self, day: int) -> Mask:
        """Which rows may be seen on an as-of date."""
        return np.asarray((self.visible <= day) & (self.until > day))

    def take(self, chosen: Ints | Mask) -> "Rows":
        """Return some of the rows."""
        names = ("person", "happened", "visible", "until", "item", "number", "channel", "category")
        picked = {name: getattr(self, name)[chosen] for name in names}
        return Rows(self.people, **picked, channels=self.channels, categories=self.categories)

    def per_person(self, weights: Floats | Mask) -> Floats:
        """Return the sum of ``weights`` (n,) of each person."""
        return np.bincount(self.person, weights, self.people).astype(np.float64)

    def windows(self, day: int, weights: Floats, seen: Mask, edges: Sequence[int]) -> Floats:
        """Return (people, edges + 1): sums of ``weights`` (n,) over the last ``edges`` days before ``day``, and over all."""
        place = np.searchsorted(np.asarray(edges), day - self.happened[seen], side="left")
        wide = len(edges) + 1
        counted = np.bincount(self.person[seen] * wide + place, weights[seen], self.people * wide)
        return np.cumsum(
            counted.astype(np.float64).reshape(self.people, wide), axis=1
        )  # no rows: NumPy counts in integers

    def latest(self, chosen: Mask) -> Ints:
        """Return each person's last day among the chosen rows, :data:`NEVER` where there is none."""
        days = np.full(self.people, NEVER, dtype=np.int64)
        np.maximum.at(days, self.person[chosen], self.happened[chosen])
        return days

    def earliest(self, chosen: Mask) -> Ints:
        """Return each person's first day among the chosen rows, ``-NEVER`` where there is none."""
        days = np.full(self.people, -NEVER, dtype=np.int64)
        np.minimum.at(days, self.person[chosen], self.happened[chosen])
        return days

    @cached_property
    def orders(self) -> "Rows":
        """One row for each person and ``item``: when its first part became visible, and until its last part was theirs."""
        return self._first(self.item)

    @cached_property
    def days(self) -> "Rows":
        """One row for each person and day on which something happened."""
        return self._first(self.happened)

    def _first(self, what: Ints) -> "Rows":
        order = np.lexsort((self.happened, self.visible, what, self.person))
        rows, what = self.take(order), what[order]
        begins = boundaries(rows.person, what)
        firsts = rows.take(begins)
        until = np.maximum.reduceat(rows.until, begins) if len(begins) else firsts.until
        picked = {name: getattr(firsts, name) for name in ("item", "number", "channel", "category")}
        return Rows(
            self.people,
            firsts.person,
            firsts.happened,
            firsts.visible,
            until,
            **picked,
            channels=self.channels,
            categories=self.categories,
        )


@dataclass(frozen=True)
class Pairs:
    """Rows in runs of one person and one name (a channel, a category): each run's person, and the rows in its order."""

    rows: Rows
    begins: Ints
    person: Ints

    @staticmethod
    def of(rows: Rows, codes: Ints, *, every: bool = False) -> "Pairs":
        """Return the runs of rows with a name, by ``codes`` (n,), -1 for none; of ``every`` row where the codes are ids."""
        named = (codes >= 0) | every
        kept, codes = rows.take(named), codes[named]
        order = np.lexsort((codes, kept.person))
        ordered, codes = kept.take(order), codes[order]
        begins = boundaries(ordered.person, codes)
        return Pairs(ordered, begins, ordered.person[begins])

    def last(self, chosen: Mask) -> Ints:
        """Return the last day of each run among the chosen rows, :data:`NEVER` where there is none."""
        if not len(self.begins):
            return np.empty(0, dtype=np.int64)
        return np.maximum.reduceat(np.where(chosen, self.rows.happened, NEVER), self.begins)

    def first(self, chosen: Mask) -> Ints:
        """Return the first day of each run among the chosen rows, ``-NEVER`` where there is none."""
        if not len(self.begins):
            return np.empty(0, dtype=np.int64)
        return np.minimum.reduceat(np.where(chosen, self.rows.happened, -NEVER), self.begins)

    def sums(self, weights: Floats) -> Floats:
        """Return the sum of ``weights`` (rows,) over each run."""
        if not len(self.begins):
            return np.empty(0)
        return np.add.reduceat(weights, self.begins)

    def per_person(self, weights: Floats | Mask) -> Floats:
        """Return the sum of ``weights`` (runs,) of each person."""
        return np.bincount(self.person, weights, self.rows.people).astype(np.float64)

    def most(self, weights: Floats) -> Floats:
        """Return the greatest of ``weights`` (runs,) of each person, 0 where there is no run."""
        found = np.zeros(self.rows.people)
        np.maximum.at(found, self.person, weights)
        return found


def boundaries(*keys: Ints) -> Ints:
    """Return where a run of equal keys begins, for keys (n,) that are sorted together."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64)
    changes = np.zeros(len(keys[0]), dtype=np.bool_)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def divide(above: Floats, below: Floats, otherwise: float = 0.0) -> Floats:
    """Return ``above / below``, and ``otherwise`` where ``below`` is not above 0."""
    return np.asarray(np.divide(above, below, out=np.full(len(above), otherwise), where=below > 0))


def rows_of(events: pa.Table, person: Ints, people: int, view: int) -> Rows:
    """Return one view's rows of ``events`` (columns of ``ml.features.as_of.EVENT``); ``person`` numbers their people."""
    chosen = events.column("view").to_numpy() == view
    mine = events.filter(pa.array(chosen))
    numbers = {name: mine.column(name).to_numpy().astype(np.int64) for name in ("happened", "visible", "until", "item")}
    channel, channels = _codes(mine.column("channel"))
    category, categories = _codes(mine.column("category"))
    return Rows(
        people,
        person[chosen],
        **numbers,
        number=np.nan_to_num(mine.column("number").to_numpy().astype(np.float64)),
        channel=channel,
        category=category,
        channels=channels,
        categories=categories,
    )


def _codes(column: pa.ChunkedArray) -> tuple[Ints, Sequence[str]]:
    coded = column.combine_chunks().dictionary_encode()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()
