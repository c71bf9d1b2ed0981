"""What came within a horizon, as known by a later day: orders, money, days to the next purchase, lapses and renewals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.features import subscription
from ml.features.past import Floats, Mask, Rows

OUTCOMES: tuple[str, ...] = (
    "orders_in_horizon",
    "amount_in_horizon",
    "purchase_days_in_horizon",
    "days_to_next",
    "days_observed",
    "lapses_in_horizon",
    "renewals_in_horizon",
)
"""The label columns that a model's ``label:`` and ``value:`` may use.

``orders_in_horizon``, ``purchase_days_in_horizon`` (different days) and ``amount_in_horizon`` (currency) are 0 where nothing
was bought; ``days_to_next`` is missing there, else 0 for the day of the cut-off itself; ``days_observed`` is the horizon, or
less where it was not over by the day on which the label was taken. ``lapses_in_horizon`` and ``renewals_in_horizon`` count
subscriptions that ended without a renewal, and terms that were renewed.
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


def outcomes(lines: Rows, paid: Rows, ask: Ask) -> dict[str, Floats]:
    """Return :data:`OUTCOMES` of an ask, each (people,), from order lines and statements on subscriptions.

    Missing for who was nobody by then, merged into another: what is told of purchases by the lines, of lapses by the statements.
    """
    found = {
        **_bought(lines, ask),
        "days_observed": np.full(lines.people, float(min(ask.horizon, ask.known - ask.day))),
    }
    lapsed = subscription.came(paid, _came(paid, ask))
    return {
        **{name: np.where(_is_gone(lines, ask), np.nan, values) for name, values in found.items()},
        **{name: np.where(_is_gone(paid, ask), np.nan, values) for name, values in lapsed.items()},
    }


def _bought(lines: Rows, ask: Ask) -> dict[str, Floats]:
    orders = lines.orders
    came = _came(orders, ask)
    next_on = orders.earliest(came)
    return {
        "orders_in_horizon": orders.per_person(came),
        "amount_in_horizon": lines.per_person(_came(lines, ask) * lines.number) / 100,
        "purchase_days_in_horizon": lines.days.per_person(_came(lines.days, ask)),
        "days_to_next": np.where(next_on < ask.day + ask.horizon, (next_on - ask.day).astype(np.float64), np.nan),
    }


def _is_gone(rows: Rows, ask: Ask) -> Mask:
    """Who had rows on the day of the ask and has none on the day on which its outcome is taken."""
    return np.asarray((rows.per_person(rows.seen(ask.day)) > 0) & (rows.per_person(rows.seen(ask.known)) == 0))


def _came(rows: Rows, ask: Ask) -> Mask:
    ahead = rows.happened - ask.day
    return np.asarray((ahead >= 0) & (ahead < ask.horizon) & rows.seen(ask.known))


def columns(asks: Sequence[Ask], known: Sequence[int]) -> list[str]:
    """Return every outcome column of ``asks``, where ``known`` are the days that labels are taken on."""
    wanted = sorted({(ask.horizon, known.index(ask.known)) for ask in asks})
    return [column(name, horizon, number) for horizon, number in wanted for name in OUTCOMES]
