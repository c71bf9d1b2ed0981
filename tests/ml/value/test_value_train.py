"""Value on Spark: histories beside pandas, fits by cohort that find planted parameters, choice, gate, and scores beside numpy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from ml.features.people import Inputs, people_features
from ml.flat.lifetime import summarise
from ml.models.clv import FAMILIES
from ml.value.fits import fit_cohorts
from ml.value.histories import EVERYBODY, histories
from ml.value.model import People, ValueModel
from ml.value.panel import told_at
from ml.value.score import score_value
from ml.value.spec import ValueSpec
from ml.value.train import champion, train_value
from ml.value.trained import Store
from tests.ml.planted import INTERACTIONS, PURCHASES, TODAY, Line, brand, line, rows

SPEC = ValueSpec(least_customers=300)
BRAND = brand(900, seed=5)


@pytest.fixture(scope="module")
def bought(spark: SparkSession) -> Inputs:
    """The planted brand's order lines."""
    return _inputs(spark, BRAND.lines)


def _inputs(spark: SparkSession, lines: Sequence[Line]) -> Inputs:
    return Inputs(spark.createDataFrame(rows(lines), PURCHASES), spark.createDataFrame([], INTERACTIONS))


def test_histories_are_those_of_the_flat_file(bought: Inputs) -> None:
    day = TODAY - timedelta(days=90)
    found = histories(people_features([day], bought)).orderBy("one_id").toPandas()
    flat = pd.DataFrame([vars(one) for one in BRAND.lines])
    flat = flat[(flat["ordered_at"] < pd.Timestamp(day, tz="UTC")) & (flat["known_at"] < pd.Timestamp(day, tz="UTC"))]
    wanted = summarise(
        flat["one_id"],
        flat["ordered_at"].dt.tz_localize(None).dt.normalize(),
        flat["amount"].astype(float),
        day - timedelta(days=1),
        1,
    )
    assert wanted.money is not None
    assert found["one_id"].tolist() == list(wanted.customer)
    for name, values in (("frequency", wanted.frequency), ("recency", wanted.recency * 7), ("T", wanted.T * 7)):
        np.testing.assert_allclose(found[name], values, atol=1e-9)
    np.testing.assert_allclose(found["money"].astype(float), wanted.money, rtol=1e-9)


def test_a_late_record_is_not_seen_before_it_was_known(spark: SparkSession) -> None:
    late = line("a", "o2", "2025-01-20T10:00", "2025-02-10T10:00")
    few = _inputs(spark, [line("a", "o1", "2025-01-01T10:00"), late])
    found = histories(people_features([date(2025, 2, 1), date(2025, 2, 11)], few)).orderBy("as_of").collect()
    told = [(r.cohort, r.frequency, r.recency, r.T, r.money, r.spent) for r in found]
    assert told == [("2025Q1", 0, 0, 30, None, 10.0), ("2025Q1", 1, 19, 40, 10.0, 20.0)]


def planted_histories(n: int, seed: int) -> pd.DataFrame:
    """Whole-day histories of a Pareto/NBD world, r .8 and alpha 30, s .9 and beta 200, of two quarters."""
    dice = np.random.default_rng(seed)
    age = dice.integers(200, 380, n)
    rate, life = dice.gamma(0.8, 1 / 30, n), dice.exponential(1 / dice.gamma(0.9, 1 / 200, n))
    frames = {"frequency": np.zeros(n, int), "recency": np.zeros(n, int)}
    for i in range(n):
        times = np.cumsum(dice.exponential(1 / rate[i], 400))
        days = np.unique(np.ceil(times[times < min(age[i], life[i])]).astype(int))
        frames["frequency"][i], frames["recency"][i] = len(days), days[-1] if len(days) else 0
    cohort = np.where(age > 290, "2024Q1", "2024Q2")
    mean = 12.0 * dice.gamma(3.0, 1.0, n)
    people = pd.DataFrame({"one_id": [f"p{i}" for i in range(n)], "cohort": cohort, **frames, "T": age})
    people["money"] = np.where(people["frequency"] > 0, mean, np.nan)
    return people.assign(as_of=date(2025, 1, 1))


def test_fits_by_cohort_are_those_of_one_machine(spark: SparkSession) -> None:
    told = planted_histories(1200, 2)
    fits = fit_cohorts(spark.createDataFrame(told.astype({"money": float})), least_customers=700)
    here = fit_cohorts(pa.Table.from_pandas(told, preserve_index=False), least_customers=700)
    assert [(fit.cohort, fit.family, fit.customers, fit.refused) for fit in here] == [
        (fit.cohort, fit.family, fit.customers, fit.refused) for fit in fits
    ]
    for one, other in zip(here, fits, strict=True):
        assert one.params == pytest.approx(other.params, rel=1e-5)
    assert {fit.cohort for fit in fits} == {EVERYBODY, "2024Q1", "2024Q2"}
    for fit in fits:
        if fit.cohort != EVERYBODY:
            assert ("are needed" in fit.refused) == (fit.customers < 700)
    (whole,) = (fit for fit in fits if (fit.family, fit.cohort) == ("pareto_nbd", EVERYBODY))
    alone = FAMILIES["pareto_nbd"]().fit(told["frequency"], told["recency"], told["T"])
    assert whole.params == pytest.approx(alone.params_, rel=1e-3)
    assert whole.loglik == pytest.approx(alone.loglik_, abs=1e-3)
    assert whole.stderr["r"] == pytest.approx(alone.stderr_["r"], rel=1e-2)
    for name, truth in {"r": 0.8, "alpha": 30.0}.items():
        assert abs(whole.params[name] - truth) < 3 * whole.stderr[name]


@pytest.mark.slow
def test_a_training_chooses_proves_and_registers(bought: Inputs, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    store = Store(uri, tmp_path / "artifacts", {"gold.fct_order_line": 3})
    found = train_value(SPEC, store, as_of=TODAY, told=told_at(SPEC, TODAY, bought))
    assert (found.alias, found.version) == ("champion", "1"), found.reason
    assert found.metrics["chosen.rmse"] < found.metrics["past_rate.rmse"]
    best = champion(SPEC.name, uri)
    assert best is not None
    told = histories(people_features([TODAY], bought))
    scored = (
        score_value(told, replace(best[0], by="purchases"), version="1", tiers=SPEC.tiers).orderBy("one_id").toPandas()
    )
    people = told.orderBy("one_id").toPandas()
    expected = best[0].expected(_arrays(people))
    np.testing.assert_allclose(scored["expected_purchases"], expected.purchases, rtol=1e-9)
    np.testing.assert_allclose(scored["p_alive"], expected.alive, rtol=1e-9)
    assert scored["decile"].value_counts().max() < 1.3 * len(scored) / 10
    means = scored.groupby("decile")["expected_value"].mean()
    assert means.is_monotonic_decreasing
    assert set(scored["top_reasons"].str.split(",").explode()) == {"frequency", "recency", "monetary"}


def _arrays(people: pd.DataFrame) -> People:
    none = np.zeros(len(people))
    told = {name: people[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "money", "spent")}
    return People(
        cohort=people["cohort"].to_numpy(object),
        features=np.empty((len(none), 0)),
        later_days=none,
        later_amount=none,
        **told,
    )


def test_cohorts_have_their_own_parameters_and_the_rest_everybodys(spark: SparkSession) -> None:
    params = {"r": 0.6, "alpha": 25.0, "a": 0.7, "b": 2.4}
    own = params | {"r": 1.2}
    spending = {EVERYBODY: {"p": 6.0, "q": 4.0, "v": 15.0}, "2024Q1": {"p": 5.0, "q": 3.0, "v": 10.0}}
    usual = {"frequency": 1.0, "recency": 0.5, "monetary": 20.0}
    model = ValueModel(90, "bg_nbd", "purchases", {EVERYBODY: params, "2024Q1": own}, spending, 20.0, usual)
    told = planted_histories(300, 4).assign(spent=0.0)
    told.loc[0, ["frequency", "recency", "T"]] = (5000, 300, 301)  # beyond the tables
    frame = spark.createDataFrame(told.astype({"money": float}))
    scored = score_value(frame, model, version="7", tiers=SPEC.tiers).toPandas().set_index("one_id")
    expected = ValueModel.from_json(model.to_json()).expected(_arrays(told))
    np.testing.assert_allclose(scored.loc[told["one_id"], "expected_value"], expected.value, rtol=1e-9)
    np.testing.assert_allclose(scored.loc[told["one_id"], "p_alive"], expected.alive, rtol=1e-9)
    assert np.isfinite(expected.value).all()
    assert set(scored["model_version"]) == {"7"}
