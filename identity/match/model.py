"""The Fellegi-Sunter model: its numbers, its form as Splink settings, and the weight of a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from identity.match.comparisons import Comparison

Floats = NDArray[np.float64]
Gammas = NDArray[np.int8]


@dataclass(frozen=True)
class Model:
    """``prior`` is the probability that two random records match. ``m`` and ``u`` hold for each comparison the probability of
    each level among matches and among others, by gamma: index 0 is "different", the last is "equal".
    """

    comparisons: tuple[Comparison, ...]
    prior: float
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]

    def weights(self, gammas: Gammas) -> Floats:
        """Match weights in bits (log2 of the odds) of pairs whose levels are ``gammas`` (pairs × comparisons), without
        adjustment for frequencies of values.
        """
        total = np.full(len(gammas), np.log2(self.prior / (1 - self.prior)))
        for number, table in enumerate(self.tables):
            total += table[gammas[:, number]]
        return total

    @property
    def tables(self) -> list[Floats]:
        """For each comparison the weight in bits of each level; the last entry is that of a missing value (gamma -1), 0."""
        return [np.append(np.log2(m / u), 0.0) for m, u in zip(self.m, self.u, strict=True)]

    def with_prior(self, prior: float) -> "Model":
        """The same model with another prior."""
        return replace(self, prior=prior)


def untrained(comparisons: Sequence[Comparison]) -> Model:
    """The model before any data speaks: m from experience, u even."""
    m = tuple(np.array([level.prior for level in reversed(c.levels)]) for c in comparisons)
    u = tuple(np.full(len(c.levels), 1 / len(c.levels)) for c in comparisons)
    return Model(tuple(comparisons), 1e-3, m, u)


def splink_settings(model: Model, *, frequencies: bool = True) -> dict[str, Any]:
    """The model as a Splink 5 settings dictionary, which Splink's ``Linker`` loads as it stands; without ``frequencies`` it
    asks for levels only, which is faster.
    """
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "rid",
        "probability_two_random_records_match": float(model.prior),
        "comparisons": [
            _comparison(c, m, u, frequencies=frequencies)
            for c, m, u in zip(model.comparisons, model.m, model.u, strict=True)
        ],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": frequencies,
        "additional_columns_to_retain": [],
    }


def _comparison(comparison: Comparison, m: Floats, u: Floats, *, frequencies: bool) -> Mapping[str, object]:
    null = {"sql_condition": comparison.null, "label_for_charts": "missing", "is_null_level": True}
    levels: list[Mapping[str, object]] = [null]
    for number, level in enumerate(comparison.levels):
        gamma = len(comparison.levels) - 1 - number
        said: dict[str, object] = {
            "sql_condition": level.sql,
            "label_for_charts": level.label,
            "m_probability": float(m[gamma]),
            "u_probability": float(u[gamma]),
        }
        if level.tf and frequencies:
            said |= {"tf_adjustment_column": level.tf, "tf_adjustment_weight": 1.0}
        levels.append(said)
    return {
        "output_column_name": comparison.field,
        "comparison_levels": levels,
        "comparison_description": comparison.kind.value,
    }
