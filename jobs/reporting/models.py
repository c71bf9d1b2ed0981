"""The short list of all models on the report: which have a champion, how it ranks, and the gate's word where there is none."""

from jobs.reporting.facts import Facts
from jobs.reporting.markup import decimals, grid
from jobs.reporting.parts import card
from jobs.reporting.store import Row
from ml.card import ModelCard


def every_model(facts: Facts) -> str:
    """A card with a line for each model that was trained; empty where there is one model only."""
    if len(facts.models) + len(facts.values) < 2:
        return ""
    rows = [*map(_line, facts.models), *map(_valued, facts.values)]
    head = ("model", "standing", "the gate's word", "AUC", "baseline", "earned over it")
    note = "A model without a champion scores nobody: what it would tell is not worth using yet."
    return card("All models", grid(head, rows, numeric=3), note=note, size="full")


def _standing(row: Row) -> str:
    return "champion" if row["alias"] == "champion" else "no champion"


def _valued(row: Row) -> tuple[str, ...]:
    """Lifetime value and uplift rank nobody by a probability: the gate's words have their figures."""
    return (row["model"], _standing(row), row["reason"], "", "", "")


def _line(row: Row) -> tuple[str, ...]:
    standing = _standing(row)
    if not row["card"]:
        return (row["model"], standing, row["reason"], "", "", "")
    found = ModelCard.from_json(row["card"])
    earned = f"{found.over_baseline.gain.value:+.0%}" if found.over_baseline else ""
    passed = sum(ruling.passed for ruling in found.rulings)
    said = f"passed {passed} of {len(found.rulings)} rules" if found.promoted else found.reason
    return (row["model"], standing, said, decimals(found.metrics.auc), decimals(found.baseline.auc), earned)
