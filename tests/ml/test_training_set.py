"""A training set is a function of its day, whatever arrives later; sampling takes whole people."""

from collections import Counter
from datetime import date, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from ml.features.as_of import dates
from ml.features.customer import FEATURES, customer_features
from ml.labels import eligible, repurchase
from ml.training_set import sample, training_set
from tests.ml.oracle import labelled
from tests.ml.planted import INTERACTIONS, PURCHASES, TODAY, Brand, brand, line, rows
from tests.ml.store import SPEC, cutoffs


@pytest.fixture(scope="module")
def people() -> Brand:
    return brand(50, seed=21)


def _set(spark: SparkSession, lines: DataFrame, day: date = TODAY) -> DataFrame:
    nobody = spark.createDataFrame([], INTERACTIONS)
    return training_set(SPEC, as_of=day, purchases=lines, interactions=nobody)


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by([("one_id", "ascending"), ("as_of", "ascending")])


def test_the_training_set_is_the_one_worked_out_by_hand(spark: SparkSession, people: Brand) -> None:
    table = _sorted(_set(spark, spark.createDataFrame(rows(people.lines), PURCHASES)).toArrow())
    expected = _sorted(labelled(people.lines, cutoffs()))
    assert table.num_rows == expected.num_rows > 100
    for name in ("one_id", "as_of", "label"):
        assert table[name].to_pylist() == expected[name].to_pylist()
    for name in FEATURES:
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


def test_training_and_scoring_have_the_same_population(spark: SparkSession, people: Brand) -> None:
    purchases = spark.createDataFrame(rows(people.lines), PURCHASES)
    as_ofs = dates(spark, cutoffs())
    members = repurchase(as_ofs, purchases, known_before=TODAY, bought_within_days=120)
    features = customer_features(as_ofs, purchases=purchases, interactions=spark.createDataFrame([], INTERACTIONS))
    scored = features.where(eligible(120)).select("one_id", "as_of")
    assert _sorted(scored.toArrow()).equals(_sorted(members.select("one_id", "as_of").toArrow()))
    assert not features.where(~eligible(120)).isEmpty()


def test_a_sample_is_bounded_repeatable_and_of_whole_people(spark: SparkSession, people: Brand) -> None:
    everyone = _set(spark, spark.createDataFrame(rows(people.lines), PURCHASES))
    table = sample(everyone, max_rows=60)
    assert table.num_rows == 60
    assert table.equals(sample(everyone.repartition(5), max_rows=60))
    taken = table["one_id"].to_pylist()
    whole = Counter(taken[: taken.index(taken[-1])])
    there = Counter(everyone.select("one_id").toArrow()["one_id"].to_pylist())
    assert len(whole) > 5
    assert whole == {person: there[person] for person in whole}
