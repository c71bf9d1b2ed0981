"""A small brand whose buyers' rates are known, made without Spark."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import exp

import numpy as np

PURCHASES = (
    "one_id string, order_id string, ordered_at timestamp, known_at timestamp, amount decimal(18,2), "
    "channel string, category string"
)
INTERACTIONS = "one_id string, occurred_at timestamp, known_at timestamp, kind string, channel string"

START = date(2024, 1, 1)
TODAY = date(2025, 7, 1)


@dataclass(frozen=True)
class Line:
    """An order line, with the columns of ``PURCHASES``."""

    one_id: str | None
    order_id: str
    ordered_at: datetime | None
    known_at: datetime | None
    amount: Decimal | None
    channel: str | None
    category: str | None


@dataclass(frozen=True)
class Touch:
    """An interaction, with the columns of ``INTERACTIONS``."""

    one_id: str
    occurred_at: datetime
    known_at: datetime
    kind: str
    channel: str


def utc(text: str) -> datetime:
    """Return an ISO time as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def line(person: str, order: str, ordered: str, known: str | None = None, amount: str = "10.00") -> Line:
    """Write an order line in short; times are ISO, ``known`` is an hour after ``ordered`` unless given."""
    at = utc(ordered)
    seen = at + timedelta(hours=1) if known is None else utc(known)
    return Line(person, order, at, seen, Decimal(amount), "shop", "coffee")


def rows(records: Sequence[Line] | Sequence[Touch]) -> list[tuple[object, ...]]:
    """Return records as tuples, for ``createDataFrame``."""
    return [tuple(vars(record).values()) for record in records]


@dataclass(frozen=True)
class Person:
    """The truth about a buyer: mean days between orders, and the day since ``START`` on which they stop."""

    one_id: str
    gap: float
    left: float

    def chance(self, day: date, horizon: int = 30) -> float:
        """Return the true probability of an order in ``[day, day + horizon)``, given gap and leaving."""
        active = min(max(self.left - (day - START).days, 0.0), horizon)
        return 1 - exp(-active / self.gap)


@dataclass(frozen=True)
class Brand:
    """Purchases, and the truth behind them by person."""

    lines: tuple[Line, ...]
    people: dict[str, Person]


def brand(people: int, *, seed: int, same_rate: bool = False) -> Brand:
    """Make buyers who join, buy at their own rate and lapse at their own time, from ``START`` to ``TODAY``.

    With ``same_rate`` all buy alike and nobody lapses, so that nothing tells who buys again.
    """
    draws, days, truth, lines = np.random.default_rng(seed), (TODAY - START).days, {}, list[Line]()
    for number in range(people):
        joined = float(draws.uniform(0, days))
        gap = 30.0 if same_rate else 40.0 / float(draws.gamma(1.5, 1 / 1.5) + 0.05)
        left = days if same_rate else min(days, joined + float(draws.exponential(300)))
        person = Person(f"p{number}", gap, left)
        truth[person.one_id] = person
        lines.extend(_orders(draws, person, joined))
    return Brand(tuple(lines), truth)


def _orders(draws: np.random.Generator, person: Person, joined: float) -> list[Line]:
    lines, day = list[Line](), joined
    while day < person.left:
        lines.extend(_order(draws, person.one_id, f"{person.one_id}-{day:.3f}", day))
        day += float(draws.exponential(person.gap))
    return lines


def _order(draws: np.random.Generator, person: str, order: str, day: float) -> list[Line]:
    at = midnight(START) + timedelta(days=day)
    known = at + timedelta(hours=float(draws.exponential(20)))
    channel = ("shop", "app", "web")[int(draws.integers(3))]
    lines = []
    for _ in range(int(draws.integers(1, 4))):
        amount = Decimal(int(draws.integers(100, 5000))) / 100
        category = ("coffee", "cake", "beans", "cups")[int(draws.integers(4))]
        lines.append(Line(person, order, at, known, amount, channel, category))
    return lines


def touches(people: int, *, seed: int) -> list[Touch]:
    """Random visits of ``people`` buyers, some known days later."""
    draws = np.random.default_rng(seed)
    found = []
    for _ in range(people * 12):
        at = midnight(START) + timedelta(days=float(draws.uniform(0, (TODAY - START).days)))
        known = at + timedelta(days=float(draws.exponential(2)))
        found.append(Touch(f"p{draws.integers(people)}", at, known, "page", "web"))
    return found
