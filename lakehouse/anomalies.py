"""What is out of the ordinary: a batch's volume, nulls, distinct values, means and distribution against its own history."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from lakehouse.profile import Profile
from lakehouse.table import Severity
from lakehouse.verdicts import Verdict

WHOLE = "*"
"""The column of the row that stands for the table: its volume."""
TO_SIGMA = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""
BINS = 10


@dataclass(frozen=True, slots=True)
class Watch:
    """How closely a table is watched.

    ``threshold`` is in robust standard deviations, ``psi`` the population stability index that alarms (0.25 is the usual
    sign of a major shift); nothing is judged on fewer than ``min_history`` earlier batches (of the same weekday when
    ``seasonal``). ``horizon`` batches are looked back at.
    """

    severity: Severity = Severity.WARN
    min_history: int = 8
    threshold: float = 6.0
    psi: float = 0.25
    seasonal: bool = False
    horizon: int = 60


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier profile of a column, and its day."""

    day: date
    profile: Profile


@dataclass(frozen=True, slots=True)
class _Metric:
    """A number of a profile, the scale it is judged on, and the least spread that counts as spread."""

    name: str
    of: Callable[[Profile], float | None]
    floor: Callable[[float], float]
    is_log: bool = False


def _share_floor(_: float) -> float:
    return 0.005


def _log_floor(_: float) -> float:
    return 0.05


def _mean_floor(centre: float) -> float:
    return 0.02 * abs(centre) or 0.01


METRICS = (
    _Metric("null_share", lambda p: p.null_share, _share_floor),
    _Metric("distinct", lambda p: None if p.distinct is None else float(p.distinct), _log_floor, is_log=True),
    _Metric("mean", lambda p: p.mean, _mean_floor),
)
VOLUME = _Metric("volume", lambda p: float(p.rows), _log_floor, is_log=True)


def anomalies(
    profiles: Sequence[Profile], history: Mapping[str, Sequence[Past]], watch: Watch, day: date
) -> Iterator[Verdict]:
    """A verdict on each metric of each column that has history enough, named ``anomaly:<column>.<metric>``.

    ``history`` holds earlier profiles by column, oldest first. The same input gives the same verdicts: median and median
    absolute deviation, no model, no chance.
    """
    for profile in profiles:
        past = _comparable(history.get(profile.column, ()), watch, day)
        if len(past) < watch.min_history or not profile.rows:
            continue
        metrics = (VOLUME,) if profile.column == WHOLE else METRICS
        found = [_against(metric, profile, past, watch) for metric in metrics]
        yield from (verdict for verdict in found if verdict)
        shift = _shift(profile, past, watch)
        if shift:
            yield shift


def _comparable(history: Sequence[Past], watch: Watch, day: date) -> list[Profile]:
    same = [p for p in history if not watch.seasonal or p.day.weekday() == day.weekday()]
    return [p.profile for p in same[-watch.horizon :]]


def _name(profile: Profile, metric: str) -> str:
    return f"anomaly:{metric}" if profile.column == WHOLE else f"anomaly:{profile.column}.{metric}"


def _against(metric: _Metric, profile: Profile, past: Sequence[Profile], watch: Watch) -> Verdict | None:
    value, before = metric.of(profile), [v for p in past if (v := metric.of(p)) is not None]
    if value is None or len(before) < watch.min_history:
        return None
    low, high = band(before, watch.threshold, metric.floor, is_log=metric.is_log)
    passed = low <= value <= high
    name = _name(profile, metric.name)
    return Verdict(name, profile.rows, int(not passed), passed, watch.severity, 0.0, value, low, high)


def band(
    before: Sequence[float], threshold: float, floor: Callable[[float], float], *, is_log: bool = False
) -> tuple[float, float]:
    """The bounds of the ordinary: median ± threshold robust standard deviations (Hampel's identifier).

    On the scale of ``log(1 + x)`` where ``is_log``: a volume doubles or halves. ``floor`` is the least spread, given the
    centre, so that a value which never moved may move a little.
    """
    scaled = [math.log1p(v) for v in before] if is_log else list(before)
    centre = median(scaled)
    spread = max(TO_SIGMA * median(abs(v - centre) for v in scaled), floor(centre))
    low, high = centre - threshold * spread, centre + threshold * spread
    return (max(math.expm1(low), 0.0), math.expm1(high)) if is_log else (low, high)


def _shift(profile: Profile, past: Sequence[Profile], watch: Watch) -> Verdict | None:
    before = [p.deciles for p in past if p.deciles]
    if not profile.deciles or len(before) < watch.min_history:
        return None
    usual = tuple(median(column) for column in zip(*before, strict=True))
    value = stability(usual, profile.deciles)
    high = watch.psi + 3 * (BINS - 1) / profile.rows  # that much a sample of so few rows shifts by chance
    passed = value <= high
    name = _name(profile, "psi")
    return Verdict(name, profile.rows, int(not passed), passed, watch.severity, 0.0, value, None, high)


def stability(usual: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index of a distribution against the usual one, both as 11 deciles; 0 is no shift.

    The share of ``now`` in each of the usual deciles is read off its own deciles, linear in between; bins without width
    (a value that many rows share) are joined with their neighbours.
    """
    edges = sorted(set(usual[1:-1]))
    expected = [_below(usual, edge) for edge in edges]
    found = [_below(now, edge) for edge in edges]
    return sum(_term(p, q) for p, q in zip(_steps(expected), _steps(found), strict=True))


def _steps(cumulative: Sequence[float]) -> list[float]:
    return [b - a for a, b in zip([0.0, *cumulative], [*cumulative, 1.0], strict=True)]


def _term(expected: float, found: float) -> float:
    p, q = max(expected, 1e-3), max(found, 1e-3)
    return (q - p) * math.log(q / p)


def _below(deciles: Sequence[float], edge: float) -> float:
    """The share of a distribution at or below a value."""
    if edge >= deciles[-1]:
        return 1.0
    if edge < deciles[0]:
        return 0.0
    n = max(i for i, value in enumerate(deciles) if value <= edge)
    width = deciles[n + 1] - deciles[n]
    return (n + ((edge - deciles[n]) / width if width else 0.0)) / (len(deciles) - 1)
