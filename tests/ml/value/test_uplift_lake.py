"""Campaigns as a trial on Spark: arms, outcomes, features as of the day of sending; who is moved is scored, or nobody."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from ml.features.people import Inputs, people_features
from ml.features.views import BEHAVIOUR
from ml.value.spec import UpliftSpec
from ml.value.trained import Store
from ml.value.trials import sending_days, trials, with_features
from ml.value.uplift import UpliftModel, champion, fit_linear, score_uplift, train_uplift
from tests.ml.planted import INTERACTIONS, PURCHASES, line, midnight, rows

SPEC = UpliftSpec()
SENT = date(2025, 3, 1)
TODAY = date(2025, 6, 1)
MESSAGES = "one_id string, campaign_id string, arm string, sent_at timestamp"


def message(person: str, arm: str, day: date = SENT) -> tuple[object, ...]:
    return person, f"C{day:%m%d}", arm, midnight(day) + timedelta(hours=9)


def test_arms_and_outcomes_of_a_campaign(spark: SparkSession) -> None:
    bought = [
        line("a", "a1", "2025-02-01T10:00"),
        line("a", "a2", "2025-03-05T10:00"),
        line("b", "b1", "2025-03-01T12:00"),  # on the day of sending
        line("c", "c1", "2025-03-16T10:00"),  # after the horizon
        line("d", "d1", "2025-03-03T10:00", "2025-06-02T10:00"),  # known too late
    ]
    late = message("a", "treatment", date(2025, 5, 25))  # the horizon is not over
    both = [message("e", "treatment"), message("e", "holdout")]
    sent = [message("a", "treatment"), message("a", "treatment"), message("b", "holdout"), late, *both]
    sent += [message(person, "treatment") for person in "cd"]
    purchases, messages = spark.createDataFrame(rows(bought), PURCHASES), spark.createDataFrame(sent, MESSAGES)
    assert sending_days(SPEC, TODAY, messages) == [SENT]
    told = people_features([SENT], Inputs(purchases, spark.createDataFrame([], INTERACTIONS)))
    found = with_features(trials(SPEC, TODAY, messages=messages, purchases=purchases), told)
    result = {row.one_id: row for row in found.collect()}
    arms = {person: (row.as_of, row.treated, row.came) for person, row in result.items()}
    assert arms == {"a": (SENT, 1, 1), "b": (SENT, 0, 0), "c": (SENT, 1, 0), "d": (SENT, 1, 0)}
    assert result["a"].orders_total == 1
    assert result["b"].orders_total is None


def test_a_message_is_whose_it_was_on_its_day_and_still_is(spark: SparkSession) -> None:
    """Of three accounts one stays, one has gone to somebody else since, and one came from somebody else after the message."""
    owned = f"{MESSAGES}, owned_from date, owned_until date"
    moved = date(2025, 3, 10)
    sent = [
        (*message("stays", "treatment"), date(2025, 1, 1), None),
        (*message("old", "treatment"), None, moved),
        (*message("new", "treatment"), moved, None),
    ]
    bought = [
        (*rows([line("stays", "s1", "2025-03-05T10:00")])[0], None, moved),  # another's since
        (*rows([line("stays", "s2", "2025-03-06T10:00")])[0], moved, None),
    ]
    purchases = spark.createDataFrame(bought, f"{PURCHASES}, owned_from date, owned_until date")
    messages = spark.createDataFrame(sent, owned)
    assert [row.one_id for row in trials(SPEC, TODAY, messages=messages, purchases=purchases).collect()] == ["stays"]
    others = trials(SPEC, TODAY, messages=messages, purchases=purchases.where("order_id = 's1'")).collect()
    assert [(row.one_id, row.came) for row in others] == [("stays", 0)]


def trial(spark: SparkSession, n: int, *, is_moved: bool) -> DataFrame:
    """People of whom a message moves those with many days since the last order (or nobody), while others buy anyway."""
    dice = np.random.default_rng(8)
    X = dice.normal(size=(n, len(BEHAVIOUR)))  # noqa: N806
    treated = (dice.random(n) < 0.5).astype(int)
    moved = 0.35 * (X[:, 0] > 0) if is_moved else np.zeros(n)
    anyway = 0.1 + 0.3 * (X[:, 1] > 0)
    came = (dice.random(n) < anyway + treated * moved).astype(int)
    keys = [(f"p{i}", "C1", SENT, int(treated[i]), int(came[i])) for i in range(n)]
    columns = ", ".join(f"{name} double" for name in BEHAVIOUR)
    values = [(*key, *map(float, row)) for key, row in zip(keys, X, strict=True)]
    return spark.createDataFrame(
        values, f"one_id string, campaign_id string, as_of date, treated int, came int, {columns}"
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_moved", [True, False])
def test_what_is_usable_becomes_champion_and_the_rest_does_not(
    spark: SparkSession, tmp_path: Path, is_moved: bool
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts", {})
    found = train_uplift(trial(spark, 3000, is_moved=is_moved), SPEC, store, as_of=TODAY)
    assert found.alias == ("champion" if is_moved else "challenger"), found.reason
    assert found.reason.startswith("usable" if is_moved else "no usable uplift")
    assert (champion(SPEC.name, store.tracking_uri) is not None) == is_moved


def test_too_few_people_are_no_trial(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts", {})
    found = train_uplift(trial(spark, 300, is_moved=True), SPEC, store, as_of=TODAY)
    assert (found.alias, found.version) == (None, None)
    assert "500 of each are needed" in found.reason
    assert not (tmp_path / "mlflow.db").exists()


def test_spark_scores_as_numpy_does(spark: SparkSession) -> None:
    rows_ = trial(spark, 400, is_moved=True)
    table = rows_.toArrow()
    X = np.column_stack([table.column(name).to_numpy() for name in BEHAVIOUR])  # noqa: N806
    treated, came = (table.column(name).to_numpy().astype(float) for name in ("treated", "came"))
    model = UpliftModel.from_json(fit_linear(X, BEHAVIOUR, treated, came).to_json())
    scored = score_uplift(rows_, model, version="3", tiers=SPEC.tiers).toPandas().set_index("one_id")
    expected = model.predict(X)
    np.testing.assert_allclose(scored.loc[table.column("one_id").to_pylist(), "score"], expected, atol=1e-12)
    assert np.corrcoef(expected, X[:, 0] > 0)[0, 1] > 0.5
    assert scored.groupby("decile")["score"].mean().is_monotonic_decreasing
    assert set(scored["tier"]) == {"high", "medium", "low"}
