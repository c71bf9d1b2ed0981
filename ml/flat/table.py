"""A flat file as features: what a column is, and the matrices that linear models and trees want."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from lakehouse.errors import SourceError

Floats = NDArray[np.float64]
TRUE = ("1", "1.0", "true", "yes", "y", "t", "positive")
MOST_VALUES = 50
"""Values that a text column may have to be a feature; rarer ones are folded into one."""
RARE = 0.002
MANY = 10
"""A number with more values than this has its logarithm beside it."""
TINY = 1e-12
"""Share of rows below which a value of a text column is rare."""


def read(path: Path) -> pd.DataFrame:
    """All rows of a CSV (separator and header are found) or Parquet file.

    Raises :class:`SourceError` that names the file and what is wrong with it.
    """
    if not path.is_file():
        raise SourceError("there is no such file", file=path)
    name = str(path).replace("'", "''")
    source = f"read_parquet('{name}')" if path.suffix in {".parquet", ".pq"} else f"read_csv('{name}', sample_size=-1)"
    try:
        frame: pd.DataFrame = duckdb.execute(f"SELECT * FROM {source}").df()
    except duckdb.Error as error:
        raise SourceError(f"cannot be read: {str(error).strip().splitlines()[0]}", file=path) from error
    if frame.shape[1] == 1 and len(str(frame.columns[0]).split()) > 1:
        frame = _blanks(path)
    if frame.empty:
        raise SourceError("the file has no rows", file=path)
    return frame


def _blanks(path: Path) -> pd.DataFrame:
    """A file whose columns are kept apart by blanks; the first line is a header unless it has a number in it."""
    with path.open(encoding="utf-8") as stream:
        first = stream.readline().split()
    has_header = not any(word.replace(".", "", 1).isdigit() for word in first)
    return pd.read_csv(path, sep=r"\s+", header=0 if has_header else None)


def column(frame: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """A column by its name, or by its number from 1 where the file has no header.

    Raises :class:`SourceError` with the names that there are.
    """
    if name in frame.columns:
        return frame[name]
    if name.isdigit() and 1 <= int(name) <= frame.shape[1]:
        return frame.iloc[:, int(name) - 1]
    raise SourceError(f"no such column; there are {', '.join(map(str, frame.columns))}", file=path, key=name)


def binary(values: pd.Series, name: str, path: Path) -> tuple[Floats, str]:
    """A column of two values as 0 and 1, and which value is 1: a usual word for yes, else the rarer one.

    Raises :class:`SourceError` for missing values (with the row) and for more or fewer than two values.
    """
    missing = values.isna().to_numpy()
    if missing.any():
        raise SourceError("a value is missing", file=path, key=name, row=int(np.argmax(missing)) + 1)
    texts = values.astype(str).str.strip()
    counts = texts.value_counts()
    if len(counts) != 2:
        raise SourceError(
            f"two values are needed, there are {len(counts)}: {', '.join(counts.index[:6])}", file=path, key=name
        )
    usual = [value for value in counts.index if value.lower() in TRUE]
    positive = usual[0] if len(usual) == 1 else str(counts.index[-1])
    return np.asarray(texts == positive, dtype=np.float64), str(positive)


@dataclass(frozen=True)
class Features:
    """Columns that can tell something: ``numbers`` (n, k), ``texts`` (n, m) of codes from 0 (-1: missing), with their names."""

    names: tuple[str, ...]
    text_names: tuple[str, ...]
    numbers: Floats
    texts: NDArray[np.intp]
    left_out: dict[str, str]

    @property
    def all_names(self) -> tuple[str, ...]:
        """Numbers, then texts."""
        return self.names + self.text_names

    def without(self, dropped: Sequence[str]) -> "Features":
        """The same, less some columns."""
        kept = [i for i, name in enumerate(self.names) if name not in dropped]
        kept_texts = [i for i, name in enumerate(self.text_names) if name not in dropped]
        return Features(
            tuple(self.names[i] for i in kept),
            tuple(self.text_names[i] for i in kept_texts),
            self.numbers[:, kept],
            self.texts[:, kept_texts],
            self.left_out,
        )

    def trees(self) -> Floats:
        """The matrix for trees, (n, features): numbers as they are, codes of texts, NaN where missing."""
        codes = np.where(self.texts < 0, np.nan, self.texts).astype(np.float64)
        return np.column_stack([self.numbers, codes])

    def linear(self, train: NDArray[np.intp] | None = None) -> Floats:
        """The matrix for linear models: standardised numbers and logarithms, what is missing, one column for each text value.

        Means and spreads are those of the ``train`` rows.
        """
        rows = np.arange(len(self.numbers)) if train is None else train
        parts = [Linear.of(self.numbers[rows]).apply(self.numbers)]
        for codes in self.texts.T:
            told = [(codes == code).astype(np.float64) for code in range(-1, int(codes.max(initial=-1)) + 1)]
            matrix = np.column_stack(told)
            parts.append(StandardScaler().fit(matrix[rows]).transform(matrix))
        found = np.column_stack(parts)
        return found if found.shape[1] else np.zeros((len(self.numbers), 1))


@dataclass(frozen=True)
class Linear:
    """How numbers become the columns of a linear model: filled by the median, with a flag where missing and a logarithm.

    ``middle`` (k,) medians, ``flagged`` and ``logged`` (k,) whether a column has these parts, ``mean`` and ``scale`` of what
    comes of it, (m,).
    """

    middle: tuple[float, ...]
    flagged: tuple[bool, ...]
    logged: tuple[bool, ...]
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @classmethod
    def of(cls, numbers: Floats) -> "Linear":
        """Learn it from rows (n, k), NaN for missing."""
        known = [values[~np.isnan(values)] for values in numbers.T]
        found = cls(
            tuple(float(np.median(values)) if len(values) else 0.0 for values in known),
            tuple(bool(np.isnan(values).any()) for values in numbers.T),
            tuple(len(np.unique(values)) > MANY for values in known),
        )
        parts = found._parts(numbers)
        spread = parts.std(axis=0)
        return replace(found, mean=tuple(parts.mean(axis=0)), scale=tuple(np.where(spread > TINY, spread, 1.0)))

    def apply(self, numbers: Floats) -> Floats:
        """The columns (n, m), standardised, of rows (n, k)."""
        return np.asarray((self._parts(numbers) - self.mean) / self.scale, dtype=np.float64)

    def _parts(self, numbers: Floats) -> Floats:
        parts: list[Floats] = []
        for values, middle, flagged, logged in zip(numbers.T, self.middle, self.flagged, self.logged, strict=True):
            filled = np.where(np.isnan(values), middle, values)
            parts += [filled]
            parts += [np.isnan(values).astype(np.float64)] if flagged else []
            parts += [np.sign(filled) * np.log1p(np.abs(filled))] if logged else []
        return np.column_stack(parts) if parts else np.empty((len(numbers), 0))


def features(frame: pd.DataFrame, dropped: Sequence[str]) -> Features:
    """What may be learnt from: not the ``dropped`` columns, no ids, nothing that is always the same."""
    left_out: dict[str, str] = {}
    numbers: dict[str, Floats] = {}
    texts: dict[str, NDArray[np.intp]] = {}
    for name in frame.columns:
        if name in dropped:
            continue
        values = frame[name]
        as_number = _number(values)
        if as_number is not None:
            reason = _constant(as_number)
            if reason:
                left_out[name] = reason
            else:
                numbers[name] = as_number
            continue
        codes, reason = _codes(values)
        if reason:
            left_out[name] = reason
        else:
            texts[name] = codes
    n = len(frame)
    return Features(
        tuple(numbers),
        tuple(texts),
        np.column_stack(list(numbers.values())) if numbers else np.empty((n, 0)),
        np.column_stack(list(texts.values())) if texts else np.empty((n, 0), dtype=np.intp),
        left_out,
    )


def _number(values: pd.Series) -> Floats | None:
    """The column as numbers, where (nearly) all that is there are numbers; dates as days."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return np.asarray(values.astype("int64") / 86_400e9, dtype=np.float64)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return np.asarray(pd.to_numeric(values), dtype=np.float64)
    texts = values.astype(str).str.strip()
    there = values.notna() & (texts != "")
    found = pd.to_numeric(texts.where(there), errors="coerce")
    return np.asarray(found, dtype=np.float64) if there.any() and found[there].notna().mean() > 0.99 else None


def _constant(values: Floats) -> str:
    known = values[~np.isnan(values)]
    return "always the same" if len(np.unique(known)) <= 1 and len(known) == len(values) else ""


def _codes(values: pd.Series) -> tuple[NDArray[np.intp], str]:
    texts = values.astype(str).str.strip().where(values.notna())
    counts = texts.value_counts()
    if len(counts) > max(MOST_VALUES * 4, 0.5 * len(texts)):
        return np.empty(0, dtype=np.intp), "nearly every row has its own value: an id"
    if len(counts) <= 1 and texts.notna().all():
        return np.empty(0, dtype=np.intp), "always the same"
    frequent = [v for v in counts.index[:MOST_VALUES] if counts[v] >= RARE * len(texts)]
    place = {value: i for i, value in enumerate(sorted(map(str, frequent)))}
    codes = texts.map(place).fillna(len(place)).where(texts.notna(), -1)
    return np.asarray(codes, dtype=np.intp), ""
