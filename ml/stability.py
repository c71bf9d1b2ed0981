"""Whether numbers still fall as they fell in training: profiles of a column and the population stability index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml.evaluate import Floats

BINS = 10
FLOOR = 1e-4
"""The least share of a bin: an empty one would make the index infinite."""


@dataclass(frozen=True)
class Profile:
    """How a column fell: inner ``edges`` of its bins (rising) and the ``shares`` of the bins, the last one of missing values."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def profile(values: Floats, bins: int = BINS) -> Profile:
    """Return the profile of ``values`` (n,), NaN for missing, by its own quantiles; equal quantiles are one edge."""
    known = values[~np.isnan(values)]
    cuts = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]) if len(known) else np.empty(0)
    edges = tuple(float(cut) for cut in np.unique(cuts))
    return Profile(edges, shares(values, edges))


def profiles(rows: Floats, features: Sequence[str]) -> Mapping[str, Profile]:
    """Return the profile of each column of ``rows`` (n, features) by name."""
    return {name: profile(rows[:, number]) for number, name in enumerate(features)}


def place(values: Floats, edges: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return each value's bin: 0 up to and with the first edge, …, and one past the last for missing values."""
    inside = np.searchsorted(np.asarray(edges), values, side="left")
    return np.where(np.isnan(values), len(edges) + 1, inside)


def shares(values: Floats, edges: Sequence[float]) -> tuple[float, ...]:
    """Return the share of ``values`` in each bin of ``edges``, the share of missing ones last; zeros where there are none."""
    counted = np.bincount(place(values, edges), minlength=len(edges) + 2)
    return tuple((counted / max(len(values), 1)).tolist())


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Return the population stability index of two sets of shares: under .1 stable, above .25 another population.

    Source: Siddiqi, Credit Risk Scorecards, 2006. Shares are taken as at least :data:`FLOOR`.
    """
    p, q = np.maximum(np.asarray(expected), FLOOR), np.maximum(np.asarray(actual), FLOOR)
    return float(np.sum((q - p) * np.log(q / p)))


def shift(before: Floats, after: Floats) -> float:
    """Return the index of ``after`` against the profile of ``before``."""
    reference = profile(before)
    return psi(reference.shares, shares(after, reference.edges))
