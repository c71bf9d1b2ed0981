"""The customer's features as of any dates, in one pass: one function for training and for scoring, so that they cannot differ.

Everything that a view needs of a person is an event (``ml.features.as_of``). All events are brought together by person in
one shuffle and go through Arrow, some 200,000 at a time; a date more costs some sums over arrays, not a join.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from ml.features import interactions as touch
from ml.features import purchases as buy
from ml.features import subscription, voice
from ml.features.affinity import Affinity, Basket
from ml.features.as_of import owned
from ml.features.outcomes import Ask, column, columns, outcomes
from ml.features.past import Floats, Ints, Mask, Pairs, Rows, boundaries, rows_of
from ml.features.views import FEATURES, SLICES, STATES

EVENTS_AT_ONCE = 200_000
EPOCH = date(1970, 1, 1)
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Inputs:
    """What is known of people, as frames of facts with ``one_id``, or with ``customer_token`` where there are ``owners``.

    ``purchases(one_id string, order_id string, ordered_at timestamp, known_at timestamp, amount decimal(18,2), channel
    string, category string)``, a row per order line; ``interactions(one_id, occurred_at, known_at, …)``;
    ``voices(one_id, occurred_at, known_at, sentiment double)``, a row per text; ``consents(one_id, occurred_at, known_at,
    purpose, action)``; ``subscriptions`` as ``ml.features.subscription.subscription_events`` takes them. ``owners`` tells
    whose an identifier was from which date on until which (``ml.features.as_of.owned``); ``attributes(one_id, known_since
    timestamp, *ATTRIBUTES string)`` are slices of training sets, and no feature.
    """

    purchases: DataFrame
    interactions: DataFrame
    voices: DataFrame | None = None
    consents: DataFrame | None = None
    subscriptions: DataFrame | None = None
    owners: DataFrame | None = None
    attributes: DataFrame | None = None

    def events(self) -> DataFrame:
        """Return all of it as events (``ml.features.as_of.EVENT``)."""
        found = buy.purchase_events(self.purchases).unionByName(touch.interaction_events(self.interactions))
        if self.voices is not None:
            found = found.unionByName(voice.voice_events(self.voices))
        if self.consents is not None:
            found = found.unionByName(voice.consent_events(self.consents))
        if self.subscriptions is not None:
            found = found.unionByName(subscription.subscription_events(self.subscriptions))
        return found if self.owners is None else owned(found, self.owners)


@dataclass(frozen=True)
class Asked:
    """The dates to compute features for, and the outcomes to tell of them, with the days that those are known on."""

    days: tuple[date, ...]
    asks: tuple[Ask, ...] = field(default=())

    @property
    def known(self) -> list[int]:
        """The days (since 1970) on which labels are taken, rising: outcome columns carry their place in this list."""
        return sorted({ask.known for ask in self.asks})

    @property
    def schema(self) -> str:
        """The result's columns as a DDL string."""
        numbers = (*FEATURES, *STATES, *columns(self.asks, self.known))
        text = ", ".join(f"`{name}` string" for name in SLICES)
        return f"one_id string, as_of date, {text}, " + ", ".join(f"`{name}` double" for name in numbers)


def number_of(day: date) -> int:
    """A date as days since 1970."""
    return (day - EPOCH).days


def people_features(days: Sequence[date], inputs: Inputs, asks: Sequence[Ask] = ()) -> DataFrame:
    """Return ``(one_id string, as_of date, last_channel string, *FEATURES double, *STATES double, outcomes double)``.

    A row for each person and date on which anything was known of them. Only what had happened, was known, and was theirs
    before the date began is used (see ``ml.features.as_of``), so the same call years later, with late records in the input,
    gives the same rows. ``asks`` adds what came after (``ml.features.outcomes``): features of a date never see it. Raises
    nothing of its own; rows of nobody, or without a time, are left out.
    """
    asked = Asked(tuple(sorted(set(days))), tuple(sorted(set(asks))))
    together = inputs.events().repartition("one_id").sortWithinPartitions("one_id")
    return together.mapInArrow(_people(asked), asked.schema)


def _people(asked: Asked) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for events in whole_people(inputs):
            yield from features_of(events, asked)

    return batches


def whole_people(inputs: Batches, at_once: int = EVENTS_AT_ONCE) -> Iterator[pa.Table]:
    """Yield sorted batches put together to tables of about ``at_once`` rows, no person in two of them."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in inputs:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= at_once:
            table = pa.Table.from_batches(waiting)
            last = _last_person(table)
            if last:
                yield table.slice(0, last)
            waiting = table.slice(last).to_batches()
            rows = table.num_rows - last
    if rows:
        yield pa.Table.from_batches(waiting)


def _last_person(table: pa.Table) -> int:
    """Where the rows of the last person begin."""
    begins = boundaries(_numbers(table.column("one_id"))[0])
    return int(begins[-1])


def _numbers(people: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Each row's person as a number, and the people."""
    coded = people.combine_chunks().dictionary_encode()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary


def features_of(events: pa.Table, asked: Asked) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some whole people, a batch for each date; ``events`` has the columns of ``EVENT``."""
    person, people = _numbers(events.column("one_id"))
    views = {number: rows_of(events, person, len(people), number) for number in range(5)}
    lines, touches, texts = views[buy.VIEW], views[touch.VIEW], views[voice.VOICE_VIEW]
    paid = views[subscription.VIEW]
    consents = voice.Consents(views[voice.CONSENT_VIEW])
    made = (
        buy.Purchases(lines),
        touch.Interactions(touches),
        Basket(lines),
        Affinity(lines),
        voice.Voice(texts, consents),
        consents,
        subscription.Subscription(paid),
    )
    channels = Pairs.of(lines, lines.channel)
    for day in asked.days:
        number = number_of(day)
        values = {name: found for view in made for name, found in view.at(number).items()}
        values |= _outcomes(lines, paid, asked, number)
        there = np.sum([rows.per_person(rows.seen(number)) for rows in (lines, touches, texts, paid)], axis=0) > 0
        yield _batch(people, there, day, _last_names(channels, number), values, asked)


def _outcomes(lines: Rows, paid: Rows, asked: Asked, day: int) -> dict[str, Floats]:
    known = asked.known
    return {
        column(name, ask.horizon, known.index(ask.known)): found
        for ask in asked.asks
        if ask.day == day
        for name, found in outcomes(lines, paid, ask).items()
    }


def _last_names(pairs: Pairs, day: int) -> pa.Array:
    """The channel of each person's last purchase as of a day; of several on that day the first by code."""
    last = pairs.last(pairs.rows.seen(day))
    codes = pairs.rows.channel
    order = np.argsort(last, kind="stable")
    latest = np.full(pairs.rows.people, -1, dtype=np.int64)
    latest[pairs.person[order]] = np.where(last[order] > -1, codes[pairs.begins][order], -1) if len(order) else -1
    names = pa.array([*pairs.rows.channels, None], type=pa.string())
    return names.take(pa.array(np.where(latest < 0, len(pairs.rows.channels), latest)))


def _batch(
    people: pa.Array,
    there: Mask,
    day: date,
    channel: pa.Array,
    values: dict[str, Floats],
    asked: Asked,
) -> pa.RecordBatch:
    chosen = pa.array(there)
    kept = people.filter(chosen)
    missing = np.full(len(people), np.nan)
    names = (*FEATURES, *STATES, *columns(asked.asks, asked.known))
    numbers = {
        name: pa.array(values.get(name, missing), type=pa.float64(), from_pandas=True).filter(chosen) for name in names
    }
    days = pa.array([day], type=pa.date32()).take(pa.array(np.zeros(len(kept), dtype=np.int64)))
    found = {"one_id": kept, "as_of": days, "last_channel": channel.filter(chosen), **numbers}
    return pa.RecordBatch.from_arrays(list(found.values()), names=list(found))
