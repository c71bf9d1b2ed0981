"""A training set is a function of its day, whatever arrives later; sampling takes whole people."""

from collections import Counter
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark.sql import DataFrame, SparkSession

from ml.features.people import Inputs, people_features
from ml.labels import eligible
from ml.spec import Population
from ml.training_set import model_rows, moments, sample, training_sets
from tests.ml.oracle import labelled
from tests.ml.planted import INTERACTIONS, PURCHASES, TODAY, Brand, brand, line, rows
from tests.ml.store import SPEC, cutoffs


@pytest.fixture(scope="module")
def people() -> Brand:
    return brand(50, seed=21)


def _set(spark: SparkSession, lines: DataFrame, day: date = TODAY) -> DataFrame:
    return training_sets([SPEC], as_of=day, inputs=Inputs(lines, spark.createDataFrame([], INTERACTIONS)))


def _rows(training: DataFrame, day: date = TODAY) -> pa.Table:
    """The model's rows whose label was taken on the day of training."""
    rows = model_rows(sample(training, max_rows=SPEC.max_rows), [SPEC], SPEC, day)
    taken = pc.and_(pc.equal(rows["known_before"], day), pc.is_valid(rows["label"]))
    return _sorted(rows.filter(taken))


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by([("one_id", "ascending"), ("as_of", "ascending")])


def test_the_training_set_is_the_one_worked_out_by_hand(spark: SparkSession, people: Brand) -> None:
    table = _rows(_set(spark, spark.createDataFrame(rows(people.lines), PURCHASES)))
    expected = _sorted(labelled(people.lines, cutoffs(SPEC.backtest_days_ago)))
    assert table.num_rows == expected.num_rows > 50
    for name in ("one_id", "as_of", "label"):
        assert table[name].to_pylist() == expected[name].to_pylist()
    for name in SPEC.feature_names:
        assert table[name].to_pylist() == pytest.approx(expected[name].to_pylist()), name


def test_a_late_record_does_not_change_an_old_training_set(spark: SparkSession, people: Brand) -> None:
    """Back-dated purchases in feature and label windows, known only on the day of training."""
    arrival = f"{TODAY}T00:00:00"
    happened = [TODAY - timedelta(days=days) for days in (20, 40, 70, 200, 400)]
    late = [
        line(person, f"late-{person}-{day}", f"{day}T09:00:00", arrival)
        for person in [*list(people.people)[:20], "newcomer"]
        for day in happened
    ]
    old = spark.createDataFrame(rows(people.lines), PURCHASES)
    new = spark.createDataFrame(rows([*people.lines, *late]), PURCHASES)
    before, after = _sorted(_set(spark, old).toArrow()), _sorted(_set(spark, new).toArrow())
    assert before.equals(after)
    tomorrow = TODAY + timedelta(days=1)
    assert not _sorted(_set(spark, old, tomorrow).toArrow()).equals(_sorted(_set(spark, new, tomorrow).toArrow()))


def test_a_back_test_learns_labels_as_they_were_known_on_its_day(spark: SparkSession, people: Brand) -> None:
    """A purchase in a label's window that arrives between two back-tests is known to the later one only."""
    old, late = cutoffs([120])[0], cutoffs([45])[0]
    person = next(r.one_id for r in people.lines if r.ordered_at and str(r.ordered_at.date()) < str(old) and r.one_id)
    quiet = [r for r in people.lines if r.one_id != person or (r.ordered_at and r.ordered_at.date() < old)]
    record = line(person, "late", f"{old + timedelta(days=3)}T09:00:00", f"{late}T00:00:00")
    told = model_rows(
        sample(_set(spark, spark.createDataFrame(rows([*quiet, record]), PURCHASES)), max_rows=10**6),
        [SPEC],
        SPEC,
        TODAY,
    )
    mine = told.filter(pc.and_(pc.equal(told["one_id"], person), pc.equal(told["as_of"], old))).to_pylist()
    by_day = {row["known_before"]: row["label"] for row in mine}
    assert by_day == {cutoffs([30])[0]: 1.0, cutoffs([60])[0]: 0.0, cutoffs([90])[0]: 0.0}


def test_several_models_share_one_pass_and_keep_their_own_rows(spark: SparkSession, people: Brand) -> None:
    lines = spark.createDataFrame(rows(people.lines), PURCHASES)
    rare = SPEC.model_copy(
        update={"name": "rare", "population": Population(where="orders_365d <= 2"), "horizon_days": 45}
    )
    specs = [rare, SPEC]
    person = people.lines[0].one_id
    since = datetime.combine(cutoffs([60])[0], time(9))  # after that cut-off's morning
    schema = "one_id string, known_since timestamp, gender string, city_tier string"
    told = spark.createDataFrame([(person, since, "female", None)], schema)
    facts = Inputs(lines, spark.createDataFrame([], INTERACTIONS), attributes=told)
    both = sample(training_sets(specs, as_of=TODAY, inputs=facts), max_rows=10**6)
    alone = sample(_set(spark, lines), max_rows=10**6)
    mine = model_rows(both, specs, SPEC, TODAY)
    sliced = mine.filter(pc.is_valid(mine["gender"]))
    assert set(sliced["one_id"].to_pylist()) == {person}
    days = set(mine.filter(pc.equal(mine["one_id"], person))["as_of"].to_pylist())
    assert set(sliced["as_of"].to_pylist()) == {day for day in days if day > since.date()} < days
    assert _by_key(mine.drop(["gender"])).equals(_by_key(model_rows(alone, [SPEC], SPEC, TODAY).drop(["gender"])))
    theirs = model_rows(both, specs, rare, TODAY)
    assert max(theirs["orders_365d"].to_pylist()) <= 2
    pairs = set(zip(theirs["as_of"].to_pylist(), theirs["known_before"].to_pylist(), strict=True))
    assert pairs == {*moments(rare, TODAY), (TODAY, TODAY)}


def _by_key(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in ("one_id", "as_of", "known_before")])


def test_training_and_scoring_have_the_same_population(spark: SparkSession, people: Brand) -> None:
    lines = spark.createDataFrame(rows(people.lines), PURCHASES)
    features = people_features(cutoffs(SPEC.backtest_days_ago), Inputs(lines, spark.createDataFrame([], INTERACTIONS)))
    scored = features.where(eligible(SPEC)).select("one_id", "as_of")
    assert _sorted(scored.toArrow()).equals(_rows(_set(spark, lines)).select(["one_id", "as_of"]))
    assert not features.where(~eligible(SPEC)).isEmpty()


def test_a_sample_is_bounded_repeatable_and_of_whole_people(spark: SparkSession, people: Brand) -> None:
    everyone = _set(spark, spark.createDataFrame(rows(people.lines), PURCHASES))
    table = sample(everyone, max_rows=60)
    assert table.num_rows == 60
    assert table.equals(sample(everyone.repartition(5), max_rows=60))
    taken = table["one_id"].to_pylist()
    whole = Counter(taken[: taken.index(taken[-1])])
    there = Counter(everyone.select("one_id").toArrow()["one_id"].to_pylist())
    assert len(whole) > 4
    assert whole == {person: there[person] for person in whole}
