"""A model's rows as arrays: what was known of each person at each cut-off, and what came of it as known by when."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.evaluate import Floats
from ml.fairness import Texts
from ml.features.views import ATTRIBUTES, SLICES
from ml.training_set import KEYS

Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class Rows:
    """Rows of a training set, n of each.

    ``values`` (n, features); ``labels`` of 0 and 1, NaN where the outcome is to come; ``worth`` what who finds the person
    earns; ``people`` a number each; ``at`` and ``known`` the cut-off and the day on which the label was taken; ``days`` and
    ``observed`` the spells of survival models; ``names`` the ids, for the hash.
    """

    features: tuple[str, ...]
    values: Floats
    labels: Floats
    worth: Floats
    people: NDArray[np.int64]
    at: Days
    known: Days
    slices: Mapping[str, Texts]
    days: Floats
    observed: Floats
    names: Texts

    def of(self, features: tuple[str, ...]) -> Floats:
        """Return the columns of ``features``, in that order."""
        return self.values[:, [self.features.index(name) for name in features]]

    def take(self, chosen: Mask) -> "Rows":
        """Return some of the rows."""
        names = ("values", "labels", "worth", "people", "at", "known", "days", "observed", "names")
        picked = {name: getattr(self, name)[chosen] for name in names}
        return replace(self, **picked, slices={name: texts[chosen] for name, texts in self.slices.items()})

    @property
    def digest(self) -> str:
        """SHA-256 of who was learned from as of which dates."""
        members = sorted(f"{person}@{day}" for person, day in zip(self.names, self.at, strict=True))
        return hashlib.sha256("\n".join(members).encode()).hexdigest()


def rows_of(table: pa.Table, as_of: date) -> Rows:
    """Return a training set's rows, as ``ml.training_set.model_rows`` gives them for a training on ``as_of``.

    Without ``known_before`` all labels count as taken on ``as_of``, and without ``value`` each is worth its label. Every
    column that is neither key nor slice is a feature.
    """
    features = tuple(name for name in table.column_names if name not in (*KEYS, *SLICES, *ATTRIBUTES))
    labels, n = _numbers(table, "label"), table.num_rows
    names = np.array(table.column("one_id").to_pylist(), dtype=object)
    known = table.column("known_before").to_numpy() if "known_before" in table.column_names else np.full(n, as_of)
    return Rows(
        features=features,
        values=np.column_stack([_numbers(table, name) for name in features]) if features else np.empty((n, 0)),
        labels=labels,
        worth=np.nan_to_num(_numbers(table, "value")) if "value" in table.column_names else labels,
        people=np.array([zlib.crc32(str(name).encode()) for name in names], dtype=np.int64),
        at=table.column("as_of").to_numpy().astype("datetime64[D]"),
        known=known.astype("datetime64[D]"),
        slices={
            name: np.array(table.column(name).to_pylist(), dtype=object)
            for name in (*SLICES, *ATTRIBUTES)
            if name in table.column_names
        },
        days=_numbers(table, "days_to_next"),
        observed=_numbers(table, "days_observed"),
        names=names,
    )


def _numbers(table: pa.Table, name: str) -> Floats:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(), dtype=np.float64)
