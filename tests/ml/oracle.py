"""What features and labels should be, worked out in plain Python, one person and one date at a time."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import pyarrow as pa

from tests.ml.planted import TODAY, Line, Touch, midnight

Features = dict[str, float | None]
Record = TypeVar("Record", Line, Touch)


def expected_features(
    lines: Sequence[Line], visits: Sequence[Touch], as_ofs: Sequence[date]
) -> dict[tuple[str, date], Features]:
    """Return the features of ``ml.features.people`` by person and date."""
    found: dict[tuple[str, date], Features] = {}
    bought, visited = by_person(lines), by_person(visits)
    for day in as_ofs:
        for person, records in bought.items():
            mine = [r for r in records if _seen(r.ordered_at, r.known_at, day)]
            met = [v for v in visited.get(person, []) if _seen(v.occurred_at, v.known_at, day)]
            if mine:
                found[person, day] = {**_buying(mine, day), **_trends(mine, day), **_touching(met, day)}
    return found


def labelled(lines: Sequence[Line], cutoffs: Sequence[date], *, horizon: int = 30) -> pa.Table:
    """Return a training set as known before ``TODAY``, people in order of name."""
    known = [r for r in lines if _seen(r.ordered_at, r.known_at, TODAY)]
    days = {
        person: {r.ordered_at.date() for r in records if r.ordered_at} for person, records in by_person(known).items()
    }
    records: list[dict[str, object]] = []
    for (person, day), values in sorted(expected_features(lines, [], cutoffs).items()):
        if any(day - timedelta(days=365) <= bought < day for bought in days[person] if bought < day):
            later = any(day <= bought < day + timedelta(days=horizon) for bought in days[person])
            records.append({"one_id": person, "as_of": day, "label": int(later), **values})
    return pa.Table.from_pylist(records)


def by_person(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Return the records of each known person."""
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.one_id is not None:
            found.setdefault(record.one_id, []).append(record)
    return found


def _seen(happened: datetime | None, known: datetime | None, day: date) -> bool:
    begins = midnight(day)
    return happened is not None and known is not None and happened < begins and known < begins


def _ago(at: datetime | None, day: date) -> int:
    assert at is not None
    return (day - at.date()).days


def _buying(mine: Sequence[Line], day: date) -> Features:
    ago = [_ago(r.ordered_at, day) for r in mine]
    bought = sorted(set(ago), reverse=True)
    gaps = [before - after for before, after in pairwise(bought)]
    mean_gap = sum(gaps) / len(gaps) if gaps else None

    def last(days: int) -> list[Line]:
        return [r for r, n in zip(mine, ago, strict=True) if n <= days]

    year = last(365)
    orders, spent = len({r.order_id for r in year}), _spent(year)
    return {
        "recency_days": min(ago),
        "tenure_days": max(ago),
        **{f"orders_{n}d": len({r.order_id for r in last(n)}) for n in (30, 90, 180, 365)},
        "orders_total": len({r.order_id for r in mine}),
        "purchase_days": len(bought),
        **{f"spend_{n}d": _spent(last(n)) for n in (30, 90, 180, 365)},
        "spend_per_order_365d": spent / orders if orders else 0.0,
        "mean_gap_days": mean_gap,
        "recency_over_gap": min(ago) / mean_gap if mean_gap else None,
        "channels_365d": len({r.channel for r in year if r.channel}),
        "categories_365d": len({r.category for r in year if r.category}),
    }


def _spent(lines: Sequence[Line]) -> float:
    return float(sum(r.amount for r in lines if r.amount is not None))


def _trends(mine: Sequence[Line], day: date) -> Features:
    new = [r for r in mine if _ago(r.ordered_at, day) <= 90]
    old = [r for r in mine if 90 < _ago(r.ordered_at, day) <= 180]

    def trend(size: Callable[[Sequence[Line]], float]) -> float:
        both = size(new) + size(old)
        return (size(new) - size(old)) / both if both > 0 else 0.0

    return {
        "order_trend_90d": trend(lambda lines: len({r.order_id for r in lines})),
        "spend_trend_90d": trend(_spent),
    }


def _touching(met: Sequence[Touch], day: date) -> Features:
    ago = [_ago(v.occurred_at, day) for v in met]
    return {
        "days_since_interaction": min(ago) if ago else None,
        **{f"interactions_{n}d": sum(a <= n for a in ago) for n in (7, 30, 90)},
        "interaction_days_90d": len({a for a in ago if a <= 90}),
    }
