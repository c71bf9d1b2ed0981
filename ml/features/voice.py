"""What customers say and what they allow: consented text, and the state of their consents, as of any dates."""

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml.features.as_of import events
from ml.features.past import NEVER, Floats, Pairs, Rows, divide

VOICE_VIEW, CONSENT_VIEW = 2, 3
PURPOSES = ("marketing", "profiling", "sharing")
TEXT_PURPOSE = "profiling"
"""The consent without which nothing of what a person said is a feature."""

VOICE: tuple[str, ...] = ("voices_180d", "mean_sentiment_180d", "bad_voices_180d")
CONSENT: tuple[str, ...] = tuple(f"consent_{purpose}" for purpose in PURPOSES)


def voice_events(voices: DataFrame) -> DataFrame:
    """Return texts as events; ``voices(one_id, occurred_at, known_at, sentiment double in [-1, 1])``, a row for each text."""
    return events(voices, VOICE_VIEW, at="occurred_at", number=F.col("sentiment"))


def consent_events(consents: DataFrame) -> DataFrame:
    """Return statements of consent as events, 1 for a grant; ``consents(one_id, occurred_at, known_at, purpose, action)``."""
    granted = (F.col("action") == "grant").cast("int")
    # Two statements of one day: the refusal counts, as the day says no more of their order.
    return events(consents, CONSENT_VIEW, at="occurred_at", number=granted, category=F.col("purpose"))


class Consents:
    """The view of what a person allows as of a date: 1 granted, 0 denied or withdrawn, missing where never asked.

    The latest statement counts; of statements of the same day a refusal.
    """

    def __init__(self, statements: Rows) -> None:
        self.pairs = Pairs.of(statements, statements.category)

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`CONSENT` as of a day (since 1970), each (people,)."""
        rows, found = self.pairs.rows, {}
        last = self.pairs.last(rows.seen(day))
        run = np.repeat(np.arange(len(self.pairs.begins)), np.diff([*self.pairs.begins, len(rows.person)]))
        final = rows.seen(day) & (rows.happened == last[run])
        refused = self.pairs.sums((final & (rows.number == 0)).astype(np.float64)) > 0
        state = np.where(last == NEVER, np.nan, np.where(refused, 0.0, 1.0))
        names = [rows.categories[code] for code in rows.category[self.pairs.begins]] if len(last) else []
        for purpose in PURPOSES:
            mine = np.array([name == purpose for name in names], dtype=np.bool_)
            values = np.full(rows.people, np.nan)
            values[self.pairs.person[mine]] = state[mine]
            found[f"consent_{purpose}"] = values
        return found


class Voice:
    """The view of consented text over the last 180 days: how many, how well meant, how many of them ill.

    Everything is missing for people who have not granted :data:`TEXT_PURPOSE` as of the date: neither how they feel nor
    that they said anything is used.
    """

    def __init__(self, texts: Rows, consents: Consents) -> None:
        self.texts, self.consents = texts, consents

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`VOICE` as of a day (since 1970), each (people,)."""
        granted = self.consents.at(day)[f"consent_{TEXT_PURPOSE}"] == 1
        recent = (self.texts.seen(day) & (day - self.texts.happened <= 180)).astype(np.float64)
        count = self.texts.per_person(recent)
        feeling = self.texts.per_person(recent * self.texts.number)
        values = {
            "voices_180d": count,
            "mean_sentiment_180d": divide(feeling, count, np.nan),
            "bad_voices_180d": self.texts.per_person(recent * (self.texts.number < 0)),
        }
        return {name: np.where(granted, found, np.nan) for name, found in values.items()}
