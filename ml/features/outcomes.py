"""What came after a date: orders, money and days to the next purchase within a horizon, as known by a later day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.features.past import Floats, Rows

OUTCOMES: tuple[str, ...] = (
    "orders_in_horizon",
    "amount_in_horizon",
    "purchase_days_in_horizon",
    "days_to_next",
    "days_observed",
)
"""The label columns that a model's ``label:`` and ``value:`` may use.

``orders_in_horizon``, ``purchase_days_in_horizon`` (different days) and ``amount_in_horizon`` (currency) are 0 where nothing
was bought; ``days_to_next`` is missing there, else 0 for the day of the cut-off itself; ``days_observed`` is the horizon, or
less where it was not over by the day on which the label was taken.
"""


@dataclass(frozen=True, order=True)
class Ask:
    """One outcome to tell: as of ``day``, over ``[day, day + horizon)``, as known before ``known`` began (days since 1970)."""

    day: int
    horizon: int
    known: int


def column(name: str, horizon: int, number: int) -> str:
    """The column of an outcome for a horizon, as known by the ``number``-th of the days that labels are taken on."""
    return f"{name}@{horizon}@{number}"


def outcomes(lines: Rows, ask: Ask) -> dict[str, Floats]:
    """Return :data:`OUTCOMES` of an ask, each (people,); missing for who was nobody by then, merged into another."""
    orders = lines.orders
    came = _came(orders, ask)
    spent = lines.per_person(_came(lines, ask) * lines.number) / 100
    next_on = orders.earliest(came)
    there = lines.per_person(lines.seen(ask.known)) > 0
    days = np.where(next_on < ask.day + ask.horizon, (next_on - ask.day).astype(np.float64), np.nan)
    observed = float(min(ask.horizon, ask.known - ask.day))
    bought_on = lines.days.per_person(_came(lines.days, ask))
    values = (orders.per_person(came), spent, bought_on, days, np.full(lines.people, observed))
    untold = lines.per_person(lines.seen(ask.day)) > 0
    return {name: np.where(untold & ~there, np.nan, found) for name, found in zip(OUTCOMES, values, strict=True)}


def _came(rows: Rows, ask: Ask) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    ahead = rows.happened - ask.day
    return np.asarray((ahead >= 0) & (ahead < ask.horizon) & rows.seen(ask.known))


def columns(asks: Sequence[Ask], known: Sequence[int]) -> list[str]:
    """Return every outcome column of ``asks``, where ``known`` are the days that labels are taken on."""
    wanted = sorted({(ask.horizon, known.index(ask.known)) for ask in asks})
    return [column(name, horizon, number) for horizon, number in wanted for name in OUTCOMES]
