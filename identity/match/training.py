"""Expectation maximisation over the patterns of compared pairs: m with priors, u held by random pairs, no dice."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from identity.match.model import Floats, Gammas, Model

ITERATIONS = 60
TOLERANCE = 1e-6
PRIOR_PAIRS = 20.0
"""How many pairs the experience in the levels' priors counts for, against those of the data."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct rows of levels with how many pairs have each."""

    gammas: Gammas
    counts: Floats
    inverse: NDArray[np.intp]

    @classmethod
    def of(cls, gammas: Gammas) -> "Patterns":
        """The patterns of pairs × comparisons."""
        codes = np.zeros(len(gammas), dtype=np.int64)
        for column in gammas.T:
            codes = codes * 16 + (column + 1)
        _, first, inverse, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        return cls(gammas[first], counts.astype(float), inverse)


def train(model: Model, candidates: Gammas, random_pairs: Gammas, *, all_pairs: float, equal: Floats) -> Model:
    """The model whose m, u and prior fit the data.

    ``candidates`` are the levels of the pairs that blocking brought, ``random_pairs`` those of pairs drawn at random,
    ``all_pairs`` is how many pairs there are in all, ``equal`` the share of random pairs that are equal in each comparison
    (from the frequencies of values, so it is exact where the sample has seen none). u is that of random pairs less the
    matches among them; m is re-estimated from the candidates with the levels' priors; the prior is the expected number of
    matches among the candidates over ``all_pairs``. Deterministic; the order of pairs does not matter.
    """
    found, drawn = Patterns.of(candidates), Patterns.of(random_pairs)
    experience = model
    model = replace(model, u=_u(model, drawn, equal, 0.0), prior=1 / max(all_pairs**0.5, 4))
    for _ in range(ITERATIONS):
        p = probability(model.weights(found.gammas)) * found.counts
        prior = float(np.clip(p.sum() / max(all_pairs, 1), 1e-12, 0.5))
        m = tuple(
            _m(found.gammas[:, i], p, experience.m[i], comparison.different_at_most)
            for i, comparison in enumerate(model.comparisons)
        )
        moved = max(float(np.abs(a - b).max()) for a, b in zip(m, model.m, strict=True))
        model = replace(model, m=m, prior=prior, u=_u(model, drawn, equal, prior))
        if moved < TOLERANCE:
            break
    return model


def probability(weights: Floats) -> Floats:
    """Probability of weights in bits."""
    found: Floats = 1 / (1 + np.exp2(-np.clip(weights, -60, 60)))
    return found


def _m(levels: NDArray[np.int8], matches: Floats, prior: Floats, different_at_most: float) -> Floats:
    seen = np.bincount(levels[levels >= 0], weights=matches[levels >= 0], minlength=len(prior))
    counted = seen + PRIOR_PAIRS * prior
    m = np.asarray(counted / counted.sum(), dtype=np.float64)
    if m[0] > different_at_most:
        m[1:] *= (1 - different_at_most) / m[1:].sum()
        m[0] = different_at_most
    return m


def _u(model: Model, drawn: Patterns, equal: Floats, prior: float) -> tuple[Floats, ...]:
    """Shares of the levels among random pairs, less the matches among these; a third stays, whatever the model believes."""
    found: list[Floats] = []
    for i, m in enumerate(model.m):
        levels = drawn.gammas[:, i]
        raw = np.bincount(levels[levels >= 0], weights=drawn.counts[levels >= 0], minlength=len(m)) + 0.5
        raw /= raw.sum()
        raw[:-1] *= (1 - equal[i]) / raw[:-1].sum()
        raw[-1] = max(equal[i], 1e-9)
        u = np.maximum(np.maximum(raw - prior * m, raw / 3), 1e-9)
        found.append(u / u.sum())
    return tuple(found)
