"""Combinations of an identifier type's settings that cannot be meant: each is refused with the key to change and the reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings that do not go together. ``is_broken`` takes the values of ``fields``; the first field is the one to change."""

    fields: tuple[str, ...]
    is_broken: Callable[..., bool]
    rule: str


CONTRADICTIONS = (
    Contradiction(
        ("is_verified", "strength"),
        lambda is_verified, strength: is_verified and strength == "weak",
        "a weak type proves nobody: is_verified needs strength: strong",
    ),
    Contradiction(
        ("is_verified", "kind"),
        lambda is_verified, kind: is_verified and kind == "trace",
        "a trace proves nobody: is_verified needs kind: account or contact",
    ),
    Contradiction(
        ("max_same_type", "max_degree"),
        lambda same, degree: same is not None and same > degree,
        "is above max_degree and never reached",
    ),
    Contradiction(
        ("max_degree", "max_neighbours"),
        lambda degree, neighbours: degree > neighbours,
        "is above max_neighbours (10,000 where it is not said) and never reached: accounts are neighbours",
    ),
    Contradiction(
        ("witnesses", "is_merging"),
        lambda witnesses, is_merging: witnesses > 1 and not is_merging,
        "nothing to witness: the type never merges (is_merging: false)",
    ),
    Contradiction(
        ("main_share", "is_merging"),
        lambda share, is_merging: share > 0 and not is_merging,
        "no edge to choose: the type never merges (is_merging: false)",
    ),
    Contradiction(
        ("main_share", "witnesses"),
        lambda share, witnesses: share > 0 and witnesses < 2,
        "the first record of an account always has share 1: main_share needs witnesses: 2 or more",
    ),
    Contradiction(
        ("max_gap_days", "is_merging"),
        lambda gap, is_merging: gap is not None and not is_merging,
        "nothing to keep apart: the type never merges (is_merging: false)",
    ),
    Contradiction(
        ("max_gap_days", "witnesses"),
        lambda gap, witnesses: gap is not None and witnesses > 1,
        "a device is lent or it is witnessed: max_gap_days does not go with witnesses",
    ),
    Contradiction(
        ("same_type_told", "kind"),
        lambda told, kind: told and kind == "account",
        "accounts share contacts and traces: same_type_told needs kind: contact or trace",
    ),
    Contradiction(
        ("same_type_told", "strength"),
        lambda told, strength: told and strength == "weak",
        "weak evidence never joins two known people: same_type_told needs strength: strong",
    ),
    Contradiction(
        ("same_type_told", "max_same_type"),
        lambda told, same: told and same == 1,
        "two accounts of one type never share it: same_type_told needs max_same_type: 2 or more, or none",
    ),
    Contradiction(
        ("vouched_by", "witnesses"),
        lambda sources, witnesses: bool(sources) and witnesses < 2,
        "no witnesses to do without: vouched_by needs witnesses: 2 or more",
    ),
    Contradiction(
        ("unique_per_person", "strength"),
        lambda unique, strength: unique and strength == "weak",
        "weak evidence never joins two known people: unique_per_person needs strength: strong",
    ),
)


def contradictions(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """``(field, rule)`` of each contradiction among settings; those with a setting that is not in ``values`` are passed over."""
    for one in CONTRADICTIONS:
        if all(field in values for field in one.fields) and one.is_broken(*[values[field] for field in one.fields]):
            yield one.fields[0], one.rule
