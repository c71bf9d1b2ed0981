"""Says how big the simulated brand is and how its days fall into deliveries, as plain values and SQL expressions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

CITIES = 12
PEOPLE_PER_TASK = 20_000
DAY = 86_400


@dataclass(frozen=True)
class Brand:
    """The size and the calendar of a simulated brand; two equal brands give the same data, byte for byte.

    ``people`` is the number of real customers and prospects, ``start`` the first simulated day (UTC), ``history_days``
    the length of delivery 000, and ``increments`` the number of single days delivered after it.
    Raises ``ValueError`` where a number cannot work.
    """

    people: int = 2000
    seed: int = 7
    start: date = date(2025, 1, 1)
    history_days: int = 365
    increments: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.people <= 500_000_000:
            raise ValueError(f"people must lie between 1 and 500,000,000, not {self.people}")
        if self.history_days < 30 or not 0 <= self.increments <= 999:
            raise ValueError("history_days must be at least 30 and increments between 0 and 999")

    @property
    def days(self) -> int:
        """All simulated days: the history and the increments."""
        return self.history_days + self.increments

    @property
    def years(self) -> float:
        """The simulated days as years of 365 days."""
        return self.days / 365

    @property
    def epoch(self) -> int:
        """Seconds from 1970 to the start of the first day, UTC."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp())

    @property
    def stores(self) -> int:
        """Number of stores, the same in each city, from 2 to 8,000 a city."""
        return CITIES * min(8000, max(2, self.people // 24_000))

    @property
    def guests(self) -> int:
        """Number of actors who are no customers: bots and test users, half each."""
        return 2 * max(1, self.people // 1000)

    @property
    def tasks(self) -> int:
        """Number of Spark tasks, and so of files per delivery, of each output."""
        return -(-self.people // PEOPLE_PER_TASK)

    @property
    def midyear(self) -> int:
        """The day in the middle of the history on which prices rise and the northern tills get a new column."""
        return self.history_days // 2

    def label(self, delivery: int) -> str:
        """The name of a delivery's folder in the landing zone: ``history`` or the day it holds, as ISO date."""
        if delivery == 0:
            return "history"
        return (self.start + timedelta(days=self.history_days + delivery - 1)).isoformat()

    def moment(self, seconds: str, pattern: str = "yyyy-MM-dd HH:mm:ss") -> str:
        """SQL: seconds since the first day (may be negative) as text in a date pattern, UTC."""
        return f"date_format(timestamp_seconds({self.epoch}L + {seconds}), '{pattern}')"

    def instant(self, millis: str) -> str:
        """SQL: milliseconds since the first day as ISO-8601 text with Z."""
        shown = f"timestamp_millis({self.epoch}000L + {millis})"
        return f"date_format({shown}, \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\")"

    def day(self, number: str) -> str:
        """SQL: the number of a day since the first one as ISO date text."""
        return f"cast(date_add(DATE'{self.start.isoformat()}', cast({number} AS INT)) AS STRING)"

    def delivery(self, day: str) -> str:
        """SQL: the delivery in which something that arrives on this day is; may exceed ``increments``."""
        return f"cast(greatest(0, {day} - {self.history_days - 1}) AS INT)"
