"""How a customer is in touch: visits, clicks, scans and calls in windows, as of any dates."""

import numpy as np
from pyspark.sql import DataFrame

from ml.features.as_of import events
from ml.features.past import NEVER, Floats, Rows

VIEW = 1
WINDOWS = (7, 30, 90)

COLUMNS: tuple[str, ...] = (
    "days_since_interaction",
    *(f"interactions_{days}d" for days in WINDOWS),
    "interaction_days_90d",
)


def interaction_events(interactions: DataFrame) -> DataFrame:
    """Return interactions as events; ``interactions(one_id, occurred_at, known_at, kind, channel)``, one row each."""
    return events(interactions, VIEW, at="occurred_at")


class Interactions:
    """The view over some people's interactions.

    A window of ``n`` days is ``[as_of - n, as_of)``; ``interaction_days_90d`` counts different days, the rest count rows and
    days. Who has never been in touch has 0 in the windows and no ``days_since_interaction``.
    """

    def __init__(self, touches: Rows) -> None:
        self.touches, self.days = touches, touches.days

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`COLUMNS` as of a day (since 1970), each (people,)."""
        seen, seen_days = self.touches.seen(day), self.days.seen(day)
        counts = self.touches.windows(day, np.ones(len(seen)), seen, WINDOWS)
        last = self.days.latest(seen_days)
        return {
            "days_since_interaction": np.where(last == NEVER, np.nan, (day - last).astype(np.float64)),
            **{f"interactions_{n}d": counts[:, i] for i, n in enumerate(WINDOWS)},
            "interaction_days_90d": self.days.per_person(seen_days & (day - self.days.happened <= 90)),
        }
