"""Where a row stands among a model's splits: two rows in the same cell have the same score and the same reasons, exactly."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ml.models.boosted import Floats, Longs


def fingerprint(texts: Sequence[str], rows: Floats) -> Longs:
    """Return a hash (n,) of the cell of each of ``rows`` (n, features) among the splits of trees in LightGBM's text.

    A feature that moves within two neighbouring thresholds of all trees moves nothing, so it does not change the hash: a
    customer's recency grows every day, but seldom past a split. Missing is a cell of its own.
    """
    found = np.full(len(rows), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for text in texts:
        for feature, edges in thresholds(text):
            if feature < rows.shape[1]:
                values = rows[:, feature]
                code = np.searchsorted(np.asarray(edges), values, side="left").astype(np.uint64)
                code[np.isnan(values)] = np.uint64(len(edges) + 1)
                found = _mixed(found ^ code)
    return found.view(np.int64)


def _mixed(values: "np.ndarray[tuple[int], np.dtype[np.uint64]]") -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014), so that the order of the features counts."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(maxsize=128)
def thresholds(text: str) -> tuple[tuple[int, tuple[float, ...]], ...]:
    """Return the thresholds of each feature that is split on, rising, by the feature's number."""
    found: dict[int, set[float]] = {}
    features: list[int] = []
    for line in text.splitlines():
        name, _, values = line.partition("=")
        if name == "split_feature":
            features = [int(value) for value in values.split()]
        elif name == "threshold":
            for feature, value in zip(features, values.split(), strict=True):
                found.setdefault(feature, set()).add(float(value))
    return tuple((feature, tuple(sorted(values))) for feature, values in sorted(found.items()))
