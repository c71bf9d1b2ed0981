"""Every view sees the past of its date only: planted histories, ownership that moves, and the future that changes nothing."""

from datetime import date, timedelta
from math import log

import numpy as np
import pyarrow as pa
import pytest

from lakehouse.tables.model import FEAT_CUSTOMER
from ml.features.as_of import FOREVER
from ml.features.people import Asked, features_of, number_of, whole_people
from ml.features.subscription import VIEW as PAID_VIEW
from ml.features.views import FEATURES, SLICES, STATES
from ml.features.voice import CONSENT_VIEW, PURPOSES, VOICE_VIEW

DAY = date(2025, 6, 1)
NAMES = ("one_id", "view", "happened", "visible", "until", "item", "number", "channel", "category")
Event = tuple[str, int, int, int, int, int, float | None, str | None, str | None]
BUY, TOUCH = 0, 1
STATEMENTS = ("started", "renewed", "next_price", "cancelled", "resumed", "lapsed", "used")


def _event(
    person: str,
    view: int,
    ago: int,
    number: float = 0,
    *,
    item: int = 0,
    channel: str = "",
    category: str = "",
    late: int = 0,
) -> Event:
    """Something so many days before ``DAY``, known the day after it and ``late`` days."""
    happened = number_of(DAY) - ago
    return (person, view, happened, happened + 1 + late, FOREVER, item, number, channel or None, category or None)


def _features(events: list[Event], days: tuple[date, ...] = (DAY,)) -> dict[tuple[str, date], dict[str, object]]:
    columns = {name: pa.array([event[n] for event in sorted(events)]) for n, name in enumerate(NAMES)}
    columns |= {name: columns[name].cast(pa.string()) for name in ("channel", "category")}
    batches = features_of(pa.table(columns), Asked(days))
    return {(row["one_id"], row["as_of"]): row for batch in batches for row in batch.to_pylist()}


def test_the_contract_of_the_feature_table_has_every_feature() -> None:
    assert FEAT_CUSTOMER.column_names == ("one_id", "as_of", *SLICES, *FEATURES, *STATES)


def test_all_numbers_are_doubles_whoever_is_there() -> None:
    """Spark reads the batches by the schema that it was told, even where nobody has an event of some view."""
    views = (BUY, TOUCH, VOICE_VIEW, PAID_VIEW)
    for event in (_event("p", view, 3, 1, category="started") for view in views):
        columns = {name: pa.array([value]) for name, value in zip(NAMES, event, strict=True)}
        columns |= {name: columns[name].cast(pa.string()) for name in ("channel", "category")}
        (batch,) = features_of(pa.table(columns), Asked((DAY,)))
        assert {str(batch.schema.field(name).type) for name in (*FEATURES, *STATES)} == {"double"}


def test_baskets_and_affinity_by_hand() -> None:
    lines = [
        _event("p", BUY, 200, 1000, item=1, channel="shop", category="tea"),
        _event("p", BUY, 200, 500, item=1, channel="shop", category="tea"),
        _event("p", BUY, 40, 800, item=2, channel="shop", category="tea"),
        _event("p", BUY, 10, 700, item=3, channel="app", category="cake"),
        _event("p", BUY, 400, 9900, item=4, channel="web", category="cups"),
    ]
    found = _features(lines)["p", DAY]
    assert found["lines_per_order_365d"] == pytest.approx(4 / 3)
    assert found["largest_order_365d"] == 15.0
    assert found["top_category_share_365d"] == 0.75
    assert found["category_entropy_365d"] == pytest.approx(-0.75 * log(0.75) - 0.25 * log(0.25))
    assert found["new_categories_90d"] == 1
    assert found["top_channel_share_365d"] == 0.75
    assert found["last_channel"] == "app"


def test_text_counts_only_while_profiling_is_granted() -> None:
    texts = [_event("p", VOICE_VIEW, 30, -0.5), _event("p", VOICE_VIEW, 20, 0.1), _event("p", VOICE_VIEW, 300, 1.0)]
    granted = _event("p", CONSENT_VIEW, 50, 1, category="profiling")
    withdrawn = _event("p", CONSENT_VIEW, 5, 0, category="profiling")
    earlier = DAY - timedelta(days=10)
    found = _features([*texts, granted, withdrawn], (earlier, DAY))
    assert found["p", earlier]["voices_180d"] == 2
    assert found["p", earlier]["mean_sentiment_180d"] == pytest.approx(-0.2)
    assert found["p", earlier]["bad_voices_180d"] == 1
    assert (found["p", earlier]["consent_profiling"], found["p", DAY]["consent_profiling"]) == (1, 0)
    assert {found["p", DAY][name] for name in ("voices_180d", "mean_sentiment_180d", "bad_voices_180d")} == {None}
    assert _features(texts)["p", DAY]["voices_180d"] is None


def test_of_two_statements_on_one_day_the_refusal_counts_and_purposes_stand_apart() -> None:
    said = [_event("p", CONSENT_VIEW, 9, n, category="marketing") for n in (1, 0)]
    found = _features([*said, _event("p", CONSENT_VIEW, 9, 1, category="sharing"), _event("p", TOUCH, 3)])["p", DAY]
    assert [found[f"consent_{purpose}"] for purpose in PURPOSES] == [0, None, 1]


def test_a_purchase_belongs_to_whoever_the_map_said_on_that_date() -> None:
    """The card was anna's until ten days ago, and is bert's from then on."""
    moved = number_of(DAY) - 10
    bought = number_of(DAY) - 60
    theirs: list[Event] = [
        ("anna", BUY, bought, bought + 1, moved, 1, 100.0, None, None),
        ("bert", BUY, bought, moved, FOREVER, 1, 100.0, None, None),
    ]
    before, after = DAY - timedelta(days=11), DAY
    assert set(_features(theirs, (before, after))) == {("anna", before), ("bert", after)}


def test_who_never_bought_has_no_recency_and_nothing_in_the_windows() -> None:
    found = _features([_event("p", TOUCH, 3)])["p", DAY]
    assert (found["recency_days"], found["orders_365d"], found["days_since_interaction"]) == (None, 0, 3)


def _random(seed: int, n: int = 3750) -> list[Event]:
    draws = np.random.default_rng(seed)
    places, kinds = ("shop", "app", "web", ""), ("tea", "cake", "cups", "")
    found = []
    for _ in range(n):
        view = int(draws.integers(5))
        category = {
            CONSENT_VIEW: PURPOSES[int(draws.integers(3))],
            PAID_VIEW: STATEMENTS[int(draws.integers(len(STATEMENTS)))],
        }.get(view, kinds[int(draws.integers(4))])
        number = float(draws.integers(2)) if view == CONSENT_VIEW else float(draws.integers(-9, 90))
        found.append(
            _event(
                f"p{draws.integers(60)}",
                view,
                int(draws.integers(-120, 500)),
                number,
                item=number_of(DAY) + 30 * int(draws.integers(-6, 3))
                if view == PAID_VIEW
                else int(draws.integers(600)),
                channel="auto" if view == PAID_VIEW else places[int(draws.integers(4))],
                category=category,
                late=int(draws.exponential(30)) if draws.random() < 0.3 else 0,
            )
        )
    return found


def test_what_is_known_later_changes_no_feature_of_any_view() -> None:
    """The same date, once with all records that ever came and once with those that were known by then."""
    everything = _random(7)
    known = [event for event in everything if event[3] <= number_of(DAY)]
    assert len(known) < len(everything) - 400
    now, then = _features(everything), _features(known)
    assert now == then
    assert {name for row in now.values() for name in FEATURES if row[name] not in {None, 0}} == set(FEATURES)


def test_a_date_among_many_has_the_features_that_it_has_alone() -> None:
    events, days = _random(8), tuple(DAY - timedelta(days=30 * n) for n in range(5, -1, -1))
    together = _features(events, days)
    assert {key: row for key, row in together.items() if key[1] == DAY} == _features(events)


def test_no_person_is_cut_in_two_whatever_the_batches() -> None:
    people = sorted(f"p{n % 37}" for n in range(1000))
    table = pa.table({"one_id": people, "n": range(1000)})
    parts = list(whole_people(table.to_batches(max_chunksize=7), at_once=50))
    seen = [set(part["one_id"].to_pylist()) for part in parts]
    assert len(parts) > 5
    assert sum(map(len, seen)) == len(set().union(*seen)) == 37
    assert pa.concat_tables(parts).equals(table)
