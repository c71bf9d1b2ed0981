"""How a subscription stands and what came of it: by hand, as versions of statements become known, and in the model's words."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from lakehouse.settings import ROOT
from lakehouse.tables import silver
from ml.features.as_of import FOREVER
from ml.features.outcomes import Ask, column
from ml.features.people import Asked, Inputs, features_of, number_of, people_features
from ml.features.subscription import COLUMNS, VIEW
from ml.features.views import FEATURES
from ml.labels import eligible, label, value
from ml.spec import load_spec
from tests.ml.planted import INTERACTIONS, PURCHASES, utc

DAY = date(2025, 6, 1)
TODAY = number_of(DAY)
SPEC = load_spec(Path(ROOT) / "conf" / "models" / "subscription_churn.yml")
Event = tuple[str, int, int, int, int, int, float | None, str | None, str | None]
NAMES = ("one_id", "view", "happened", "visible", "until", "item", "number", "channel", "category")


def _told(kind: str, ago: int, ends: int, price: float = 18.0, *, person: str = "p", pays: str = "auto") -> Event:
    """A statement so many days before ``DAY`` on the term that ends so many days after it."""
    return (person, VIEW, TODAY - ago, TODAY - ago + 1, FOREVER, TODAY + ends, price, pays, kind)


def _paid(kind: str, ago: int, ends: int, price: float = 18.0, due: float = 18.0, pays: str = "auto") -> list[Event]:
    return [_told(kind, ago, ends, price, pays=pays), _told("next_price", ago, ends, due, pays=pays)]


def _rows(events: list[Event], asked: Asked) -> list[dict[str, object]]:
    columns = {name: pa.array([event[n] for event in sorted(events)]) for n, name in enumerate(NAMES)}
    columns |= {name: columns[name].cast(pa.string()) for name in ("channel", "category")}
    return [row for batch in features_of(pa.table(columns), asked) for row in batch.to_pylist()]


def _at(events: list[Event], day: date = DAY) -> dict[str, object]:
    (row,) = _rows(events, Asked((day,)))
    return {name: row[name] for name in COLUMNS}


def test_a_running_term_by_hand() -> None:
    events = [
        *_paid("started", 70, -40, 12.0, 12.0),
        *_paid("renewed", 40, -10, 12.0, 12.0),
        *_paid("renewed", 10, 20, 12.0, 18.0),
        *[_told("used", ago, 20) for ago in (5, 31, 95)],
    ]
    assert _at(events) == {
        "subscription_active": 1,
        "subscription_days_to_end": 20,
        "subscription_tenure_days": 70,
        "subscription_renewals": 2,
        "subscription_lapses": 0,
        "subscription_price": 12,
        "subscription_price_rise": 0.5,
        "subscription_auto_renew": 1,
        "benefits_30d": 1,
        "benefits_90d": 2,
        "days_since_benefit": 5,
    }


def test_a_term_counts_to_the_day_on_which_it_ends_and_not_beyond() -> None:
    events = _paid("started", 30, 0)
    assert (_at(events)["subscription_active"], _at(events)["subscription_days_to_end"]) == (1, 0)
    after = _at(events, DAY + timedelta(days=1))
    assert after["subscription_active"] == 0
    assert {after[name] for name in COLUMNS[1:2] + COLUMNS[5:8]} == {None}
    assert after["subscription_tenure_days"] == 31


@pytest.mark.parametrize(
    ("pays", "statements", "renews"),
    [
        ("auto", [], 1),
        ("hand", [], 0),
        ("auto", [("cancelled", 5, 20)], 0),
        ("auto", [("cancelled", 5, 20), ("resumed", 3, 20)], 1),
        ("auto", [("cancelled", 5, 20), ("resumed", 5, 20)], 1),
        ("auto", [("cancelled", 2, 20), ("resumed", 3, 20)], 0),
        ("auto", [("cancelled", 15, -10)], 1),  # of the term before: it was renewed all the same
    ],
)
def test_who_pays_by_hand_or_has_cancelled_the_running_term_does_not_renew_by_itself(
    pays: str, statements: list[tuple[str, int, int]], renews: int
) -> None:
    events = [*_paid("renewed", 10, 20, pays=pays), *[_told(kind, ago, ends) for kind, ago, ends in statements]]
    assert _at(events)["subscription_auto_renew"] == renews


def test_who_never_subscribed_has_nothing_and_is_no_subscriber() -> None:
    nobody = ("p", 1, TODAY - 3, TODAY - 2, FOREVER, 0, None, None, None)
    found = _at([nobody])
    assert {name: found[name] for name in COLUMNS if found[name] is not None} == dict.fromkeys(
        ("subscription_active", "subscription_renewals", "subscription_lapses", "benefits_30d", "benefits_90d"), 0
    )


def test_what_came_is_told_within_the_horizon_as_far_as_it_was_known() -> None:
    events = [
        *_paid("started", 10, 20),
        *_paid("renewed", -20, 50),
        _told("lapsed", -50, 50),
        _told("lapsed", 20, -20, person="gone"),
        *[_told("lapsed", -ahead, 0, person=f"in {ahead}") for ahead in (0, 59, 60)],
        *[_told("started", 9, 9, person=f"in {ahead}") for ahead in (0, 59, 60)],
        ("merged", VIEW, TODAY - 9, TODAY - 8, TODAY + 30, TODAY + 9, 18.0, "auto", "started"),
    ]
    asks = tuple(Ask(TODAY, 60, TODAY + known) for known in (50, 200))
    found = {row["one_id"]: row for row in _rows(events, Asked((DAY,), asks))}
    for number, lapses in ((0, 0), (1, 1)):
        assert found["p"][column("lapses_in_horizon", 60, number)] == lapses
        assert found["p"][column("renewals_in_horizon", 60, number)] == 1
    lapsed = {person: row[column("lapses_in_horizon", 60, 1)] for person, row in found.items()}
    assert lapsed == {"p": 1, "gone": 0, "in 0": 1, "in 59": 1, "in 60": 0, "merged": None}


def _statement(event_id: str, event: str, at: str, ends: date | None, **more: object) -> dict[str, object]:
    happened = utc(at)
    told = {"source": "club", "event_id": event_id, "event": event, "occurred_at": happened, "known_at": happened}
    prices = {"price_amount": Decimal(18), "renewal_amount": Decimal(18), "is_auto_renew": True}
    return {**told, **prices, "customer_token": "card", "subscription_id": "s", "term_ends_on": ends, **more}


def test_the_models_words_on_statements_that_are_corrected(spark: SparkSession) -> None:
    """A price of 180 is corrected to 18 on 20 May: until then the old one is seen, whatever is known by now."""
    corrected: dict[str, object] = {"known_at": utc("2025-05-20T12:00:00"), "renewal_amount": Decimal(27)}
    statements = [
        _statement("B1", "started", "2025-05-10T09:00:00", date(2025, 6, 9), price_amount=Decimal(180)),
        _statement("B1", "started", "2025-05-10T09:00:00", date(2025, 6, 9), **corrected),
        _statement("B2", "lapsed", "2025-06-09T00:05:00", date(2025, 6, 9)),
        _statement("B3", "started", "2025-05-10T09:00:00", date(2025, 9, 9), customer_token="phone"),
        _statement("B4", "used", "2025-05-18T09:00:00", None, price_amount=None, renewal_amount=None),
    ]
    types = {column.name: column.type for column in silver.SUBSCRIPTION_EVENT.columns}
    schema = ", ".join(f"{name} {types[name]}" for name in statements[0])
    frame = spark.createDataFrame([tuple(row.values()) for row in statements], schema)
    owners = [
        ("card", "p", None, date(2025, 8, 1)),
        ("card", "q", date(2025, 8, 1), None),
        ("phone", "long", None, None),
    ]
    owned = "customer_token string, one_id string, owned_from date, owned_until date"
    nothing = [
        spark.createDataFrame([], kind.replace("one_id", "customer_token")) for kind in (PURCHASES, INTERACTIONS)
    ]
    days = [date(2025, 5, 20), date(2025, 5, 21), date(2025, 6, 10)]
    asks = [Ask(number_of(day), SPEC.horizon_days, number_of(date(2025, 8, 1) - timedelta(days=1))) for day in days]
    facts = Inputs(nothing[0], nothing[1], subscriptions=frame, owners=spark.createDataFrame(owners, owned))
    told = people_features(days, facts, asks)
    words = (eligible(SPEC).alias("is_in"), label(SPEC, 0).alias("label"), value(SPEC, 0).alias("value"))
    rows = told.select("one_id", "as_of", "subscription_price", "benefits_30d", *words).toArrow().to_pylist()
    found = {(row["one_id"], row["as_of"]): tuple(row.values())[2:] for row in rows}
    assert found["p", days[0]] == pytest.approx((180, 1, True, 1, 5 * 18))
    assert found["p", days[1]] == pytest.approx((18, 1, True, 1, 5 * 27))
    assert found["p", days[2]][:3] == (None, 1, False)
    assert [found["long", day][2] for day in days] == [False, False, False], "its term ends after the horizon"


def test_every_suggestion_is_for_a_feature_of_the_model() -> None:
    assert set(SPEC.suggestions) <= set(SPEC.feature_names) <= set(FEATURES)
    assert set(SPEC.feature_names) & set(SPEC.suggestions) >= {"subscription_auto_renew", "recency_days"}


def test_a_statement_of_a_known_time_only_counts() -> None:
    """What was recorded on the day itself is not seen; the day after it is."""
    late = ("p", VIEW, TODAY - 9, TODAY + 1, FOREVER, TODAY + 20, 18.0, "auto", "started")
    seen = [("p", 1, TODAY - 3, TODAY - 2, FOREVER, 0, None, None, None), late]
    assert _at(seen)["subscription_active"] == 0
    assert _at(seen, DAY + timedelta(days=1))["subscription_active"] == 1
