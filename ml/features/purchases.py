"""How a customer buys: recency, frequency, money, cadence, trend and breadth, as of any dates."""

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import events
from ml.features.past import NEVER, Floats, Ints, Pairs, Rows, divide

VIEW = 0
WINDOWS = (30, 90, 180, 365)

COLUMNS: tuple[str, ...] = (
    "recency_days",
    "tenure_days",
    *(f"orders_{days}d" for days in WINDOWS),
    "orders_total",
    "purchase_days",
    *(f"spend_{days}d" for days in WINDOWS),
    "spend_per_order_365d",
    "mean_gap_days",
    "recency_over_gap",
    "order_trend_90d",
    "spend_trend_90d",
    "channels_365d",
    "categories_365d",
)
HISTORY: tuple[str, ...] = ("spend_total", "spend_first_day")
"""What a history of purchases has beside features (``ml.value.histories``): all that was spent, and on the first day of it."""


def purchase_events(purchases: DataFrame) -> DataFrame:
    """Return order lines as events: ``item`` is the order, ``number`` the amount in cents.

    ``purchases(one_id, order_id, ordered_at, known_at, amount decimal(18,2), channel, category)``, one row per order
    line. Cents are whole, as a sum of doubles would depend on the order of the rows.
    """
    return events(
        purchases,
        VIEW,
        at="ordered_at",
        item=F.xxhash64("order_id"),
        number=(F.col("amount") * 100).cast("long"),
        channel=F.col("channel"),
        category=F.col("category"),
    )


class Purchases:
    """The view over some people's order lines.

    A window of ``n`` days is ``[as_of - n, as_of)``. Units: days, orders, and the currency of the amounts. ``mean_gap_days``
    is the mean distance of neighbouring purchase days and is missing, like ``recency_over_gap``, until there are two. The
    trends compare the last 90 days with the 90 before, as a share of both: +1 is all new, -1 is all old. An order whose
    lines become known on different days is one order, counted from its first line on; its money grows as its lines become
    known. Every order counts as bought, whatever its amount: leave returns out, or send them as negative lines of the order
    that they belong to. Who has not bought has no recency and no tenure, and 0 in the windows.
    """

    def __init__(self, lines: Rows) -> None:
        self.lines, self.orders, self.days = lines, lines.orders, lines.days
        self.channels, self.categories = Pairs.of(lines, lines.channel), Pairs.of(lines, lines.category)

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`COLUMNS` and :data:`HISTORY` as of a day (since 1970), each (people,)."""
        orders = self._orders(day)
        seen = self.lines.seen(day)
        cents = self.lines.windows(day, self.lines.number, seen, WINDOWS)
        on_first = seen & (self.lines.happened == self.lines.earliest(seen)[self.lines.person])
        return {
            **self._rhythm(day),
            **{f"orders_{n}d": orders[:, i] for i, n in enumerate(WINDOWS)},
            "orders_total": orders[:, -1],
            **{f"spend_{n}d": cents[:, i] / 100 for i, n in enumerate(WINDOWS)},
            "spend_per_order_365d": divide(cents[:, 3] / 100, orders[:, 3]),
            "order_trend_90d": _trend(orders[:, 1], orders[:, 2]),
            "spend_trend_90d": _trend(cents[:, 1], cents[:, 2]),
            "channels_365d": _recent(self.channels, day),
            "categories_365d": _recent(self.categories, day),
            "spend_total": cents[:, -1] / 100,
            "spend_first_day": self.lines.per_person(on_first * self.lines.number) / 100,
        }

    def _orders(self, day: int) -> Floats:
        ones = np.ones(len(self.orders.person))
        return self.orders.windows(day, ones, self.orders.seen(day), WINDOWS)

    def _rhythm(self, day: int) -> dict[str, Floats]:
        seen = self.days.seen(day)
        recency, tenure = _ago(day, self.days.latest(seen)), _ago(day, self.days.earliest(seen))
        bought = self.days.per_person(seen)
        gap = divide(tenure - recency, bought - 1, np.nan)
        with np.errstate(invalid="ignore"):
            return {
                "recency_days": recency,
                "tenure_days": tenure,
                "purchase_days": bought,
                "mean_gap_days": gap,
                "recency_over_gap": recency / gap,
            }


def _ago(day: int, then: Ints) -> Floats:
    return np.where(np.abs(then) == -NEVER, np.nan, (day - then).astype(np.float64))


def _trend(recent: Floats, both: Floats) -> Floats:
    """(last 90 days - the 90 before) / both; 0 where both together are not above 0."""
    return divide(2 * recent - both, both)


def _recent(pairs: Pairs, day: int) -> Floats:
    """How many different names a person had within a year."""
    return pairs.per_person(day - pairs.last(pairs.rows.seen(day)) <= 365)
