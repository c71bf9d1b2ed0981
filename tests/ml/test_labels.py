"""Labels look forward from the cut-off, only as far as the horizon and only at what was known by training."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import SparkSession

from ml.features.outcomes import Ask
from ml.features.people import Inputs, number_of, people_features
from ml.labels import bound, eligible, label, value
from ml.spec import ModelSpec
from tests.ml.planted import INTERACTIONS, PURCHASES, Line, line, rows, utc
from tests.ml.store import SPEC

CUTOFF = date(2025, 3, 1)
TRAINING = date(2025, 5, 1)
MEMBER = "2025-02-01T10:00:00"


def _labels(
    spark: SparkSession, lines: Sequence[Line], days: Sequence[date] = (CUTOFF,), *, trained: date = TRAINING
) -> dict[tuple[str, date], int]:
    found = _told(spark, lines, days, trained=trained)
    return {key: int(row["label"]) for key, row in found.items() if row["label"] is not None}


def _told(
    spark: SparkSession,
    lines: Sequence[Line],
    days: Sequence[date],
    *,
    trained: date = TRAINING,
    spec: ModelSpec = SPEC,
) -> dict[tuple[str, date], dict[str, float | None]]:
    facts = Inputs(spark.createDataFrame(rows(lines), PURCHASES), spark.createDataFrame([], INTERACTIONS))
    asks = [Ask(number_of(day), spec.horizon_days, number_of(trained)) for day in days]
    told = people_features(days, facts, asks).where(eligible(spec))
    frame = told.select("one_id", "as_of", label(spec, 0).alias("label"), value(spec, 0).alias("value"))
    return {(row["one_id"], row["as_of"]): row for row in frame.toArrow().to_pylist()}


def _members(spark: SparkSession, seconds: dict[str, tuple[str, str | None]]) -> dict[str, int]:
    """Labels of people who all bought in time before the cut-off and then once more, as given."""
    lines = [line(person, "first", MEMBER) for person in seconds]
    lines += [line(person, "second", at, known) for person, (at, known) in seconds.items()]
    return {person: label for (person, _), label in _labels(spark, lines).items()}


def test_the_window_holds_its_first_day_and_not_the_day_after_its_last(spark: SparkSession) -> None:
    found = _members(
        spark,
        {
            "first_day": ("2025-03-01T00:00:00", None),
            "last_day": ("2025-03-30T23:00:00", None),
            "day_after": ("2025-03-31T00:00:00", None),
            "before": ("2025-02-28T23:59:59", None),
        },
    )
    assert found == {"first_day": 1, "last_day": 1, "day_after": 0, "before": 0}


def test_what_became_known_on_the_day_of_training_or_later_is_not_used(spark: SparkSession) -> None:
    found = _members(
        spark,
        {
            "known": ("2025-03-10T10:00:00", "2025-04-30T23:59:59"),
            "late": ("2025-03-10T10:00:00", "2025-05-01T00:00:00"),
        },
    )
    assert found == {"known": 1, "late": 0}


def test_the_population_bought_in_the_year_before_and_was_seen_to(spark: SparkSession) -> None:
    lines = [
        line("edge", "a", "2024-03-01T00:00:00"),
        line("too_old", "b", "2024-02-29T23:59:59"),
        line("late", "c", MEMBER, "2025-03-01T00:00:00"),
        line("new", "d", "2025-03-02T10:00:00"),
    ]
    assert _labels(spark, lines) == {("edge", CUTOFF): 0}


def test_several_cut_offs_have_each_their_own_window(spark: SparkSession) -> None:
    lines = [line("p", "a", MEMBER), line("p", "b", "2025-03-20T10:00:00")]
    days = [date(2025, 2, 10), date(2025, 2, 25), date(2025, 3, 25)]
    assert _labels(spark, lines, days) == {("p", days[0]): 0, ("p", days[1]): 1, ("p", days[2]): 0}


def test_label_and_value_are_sql_over_what_came_and_over_features(spark: SparkSession) -> None:
    """Left by their own rhythm: no purchase within twice the person's gap; worth the money that came."""
    spec = SPEC.model_copy(
        update={"label": "coalesce(days_to_next, 999) > 2 * mean_gap_days", "value": "amount_in_horizon + 100 * label"}
    )
    lines = [
        *[line("weekly", f"w{n}", f"2025-02-{n:02}T10:00:00") for n in (7, 14, 21, 28)],
        *[line("monthly", f"m{n}", f"2025-{n:02}-01T10:00:00") for n in (1, 2)],
        line("weekly", "w5", "2025-03-20T10:00:00", amount="4.50"),
        line("monthly", "m3", "2025-03-20T10:00:00", amount="4.50"),
    ]
    found = _told(spark, lines, [CUTOFF], spec=spec)
    assert found["weekly", CUTOFF] | {"one_id": 0, "as_of": 0} == {"one_id": 0, "as_of": 0, "label": 1, "value": 104.5}
    assert found["monthly", CUTOFF] | {"one_id": 0, "as_of": 0} == {"one_id": 0, "as_of": 0, "label": 0, "value": 4.5}


def test_who_refused_the_purpose_is_left_out_and_who_was_never_asked_is_not(spark: SparkSession) -> None:
    said = [("granted", "grant"), ("refused", "grant"), ("refused", "withdraw")]
    statements = [(person, utc(f"2025-01-0{n + 1}T00:00:00"), "profiling", act) for n, (person, act) in enumerate(said)]
    consents = spark.createDataFrame(statements, "one_id string, occurred_at timestamp, purpose string, action string")
    people = [line(person, "a", MEMBER) for person in ("granted", "refused", "silent")]
    facts = Inputs(
        spark.createDataFrame(rows(people), PURCHASES),
        spark.createDataFrame([], INTERACTIONS),
        consents=consents.selectExpr("*", "occurred_at AS known_at"),
    )
    days = [CUTOFF, date(2025, 2, 2)]
    found = people_features(days, facts).where(eligible(SPEC)).select("one_id", "as_of").toArrow().to_pylist()
    assert {row["one_id"] for row in found if row["as_of"] == CUTOFF} == {"granted", "silent"}
    assert SPEC.consent_purpose == "profiling"


def test_only_whole_names_of_label_columns_are_bound() -> None:
    assert bound("orders_in_horizon > my_days_to_next", 30, 2) == "`orders_in_horizon@30@2` > my_days_to_next"
