"""What the guard cut: each pair that was strong enough alone but stands in two clusters, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from identity.match.guards import Limits, Rule
from identity.match.kinds import Kind
from identity.match.matcher import Ints, Matched

DECISIVE = (Kind.BIRTH, Kind.NATIONAL_ID)
"""Kinds of which a person has one value: two clearly different ones contradict each other."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A pair of records (``rid``) with its weight in bits, and why its clusters were kept apart."""

    left: int
    right: int
    weight: float
    reason: str


def cuts(matched: Matched) -> list[Cut]:
    """The cut pairs in the order of their records.

    Reasons: a rule (a column with one value for a person, a file without duplicates) · size · contradiction (most pairs
    between the two clusters differ in a date or an id) · bridge (one pair alone joins two groups) · sparse (the pairs between
    the two clusters do not agree on the whole).
    """
    scored, clusters = matched.scored, matched.clusters
    one, other = clusters[scored.left], clusters[scored.right]
    between = one != other
    strong = between & (scored.weights >= matched.limits.threshold)
    lower, upper = np.minimum(one, other), np.maximum(one, other)
    keys = lower * len(clusters) + upper
    rows = _rows(keys, np.flatnonzero(between), np.unique(keys[strong]))
    members = _members(clusters)
    reasons = {
        key: _reason(matched, members[key // len(clusters)], members[key % len(clusters)], found)
        for key, found in rows.items()
    }
    return [
        Cut(int(scored.left[at]), int(scored.right[at]), float(scored.weights[at]), reasons[int(keys[at])])
        for at in np.flatnonzero(strong)
    ]


def _rows(keys: Ints, at: Ints, wanted: Ints) -> dict[int, Ints]:
    """Where each wanted key stands."""
    chosen = at[np.isin(keys[at], wanted)]
    order = chosen[np.argsort(keys[chosen], kind="stable")]
    if not len(order):
        return {}
    names, starts = np.unique(keys[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))


def _members(clusters: Ints) -> dict[int, Ints]:
    order = np.argsort(clusters, kind="stable")
    names, starts = np.unique(clusters[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))


def _reason(matched: Matched, one: Ints, other: Ints, pairs: Ints) -> str:
    rule = _broken(matched.rules, one, other)
    if rule:
        return rule
    scored, limits = matched.scored, matched.limits
    strong = int((scored.weights[pairs] >= limits.threshold).sum())
    against = _contradiction(matched, pairs)
    if against:
        return f"contradiction: different {against}"
    if len(one) + len(other) > limits.max_cluster:
        return _too_large(limits, len(one) + len(other))
    possible = len(one) * len(other)
    if strong == 1 and possible > 1:
        return f"bridge: the only one of {possible} pairs between its two clusters that is strong"
    return f"sparse: {strong} of {possible} pairs between its two clusters are strong, on average they disagree"


def _broken(rules: Sequence[Rule], one: Ints, other: Ints) -> str:
    for rule in rules:
        values = [set(rule.values[part].tolist()) - {-1} for part in (one, other)]
        if rule.forbids(values[0], values[1]):
            return f"rule: {rule.name}"
    return ""


def _contradiction(matched: Matched, pairs: Ints) -> str:
    for number, comparison in enumerate(matched.model.comparisons):
        if comparison.kind in DECISIVE:
            levels = matched.scored.gammas[pairs, number]
            filled = levels[levels >= 0]
            if len(filled) and float((filled == 0).mean()) > 0.5:
                return comparison.field
    return ""


def _too_large(limits: Limits, size: int) -> str:
    share = f"{100 * limits.dense:.0f} %"
    return f"size: together {size} records, and less than {share} of the pairs between the two clusters are strong"
