"""What a customer buys together and where they lean: basket and affinity, as of any dates."""

import numpy as np

from ml.features.past import Floats, Pairs, Rows, divide

BASKET: tuple[str, ...] = ("lines_per_order_365d", "largest_order_365d")
AFFINITY: tuple[str, ...] = (
    "top_category_share_365d",
    "category_entropy_365d",
    "new_categories_90d",
    "top_channel_share_365d",
)


class Basket:
    """The view of a customer's orders as baskets, over the last year: lines in each, and the money of the largest."""

    def __init__(self, lines: Rows) -> None:
        self.lines = lines
        self.baskets = Pairs.of(lines, lines.item, every=True)

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`BASKET` as of a day (since 1970), each (people,); 0 where nothing was bought in the year."""
        rows = self.baskets.rows
        year = (rows.seen(day) & (day - rows.happened <= 365)).astype(np.float64)
        lines = self.baskets.sums(year)
        return {
            "lines_per_order_365d": divide(self.baskets.per_person(lines), self.baskets.per_person(lines > 0)),
            "largest_order_365d": self.baskets.most(self.baskets.sums(year * rows.number)) / 100,
        }


class Affinity:
    """The view of what a customer leans to, over the last year: shares of lines by category and channel.

    ``category_entropy_365d`` is in nats: 0 for one category, log(n) for n alike. ``new_categories_90d`` counts those first
    bought in the last 90 days. All are 0 where nothing was bought.
    """

    def __init__(self, lines: Rows) -> None:
        self.categories, self.channels = Pairs.of(lines, lines.category), Pairs.of(lines, lines.channel)

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`AFFINITY` as of a day (since 1970), each (people,)."""
        share = _shares(self.categories, day)
        mixed = np.where(share > 0, -share * np.log(np.maximum(share, 1e-12)), 0.0)
        fresh = day - self.categories.first(self.categories.rows.seen(day)) <= 90
        was_bought = self.categories.first(self.categories.rows.seen(day)) < day
        return {
            "top_category_share_365d": self.categories.most(share),
            "category_entropy_365d": self.categories.per_person(mixed),
            "new_categories_90d": self.categories.per_person(fresh & was_bought),
            "top_channel_share_365d": self.channels.most(_shares(self.channels, day)),
        }


def _shares(pairs: Pairs, day: int) -> Floats:
    rows = pairs.rows
    lines = pairs.sums((rows.seen(day) & (day - rows.happened <= 365)).astype(np.float64))
    return divide(lines, pairs.per_person(lines)[pairs.person])
