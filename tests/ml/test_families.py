"""The other families go the same road: survival and expected value, trained, gated, registered and read back."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.settings import ROOT
from ml import registry
from ml.backtest import run
from ml.fitting import fit
from ml.models.hazard import BoostedHazard
from ml.models.valued import ValuedClassifier
from ml.samples import rows_of
from ml.spec import LightGBM, load_spec
from tests.ml.planted import TODAY
from tests.ml.store import SPEC, Trained, cutoffs, named

PARAMS = {**SPEC.algorithm.params, "min_data_in_leaf": 100}


def _with_spells(trained: Trained) -> pa.Table:
    """Days to the next purchase within 30 days, of everybody watched for so long."""
    bought: dict[str, list[date]] = {}
    for line in trained.brand.lines:
        if line.one_id and line.ordered_at and line.known_at and line.known_at.date() < TODAY:
            bought.setdefault(line.one_id, []).append(line.ordered_at.date())
    days = [
        min(((on - at).days for on in bought[person] if at <= on < at + timedelta(days=30)), default=None)
        for person, at in zip(trained.rows["one_id"].to_pylist(), trained.rows["as_of"].to_pylist(), strict=True)
    ]
    rows = trained.rows.append_column("days_to_next", pa.array(days, type=pa.float64()))
    return rows.append_column("days_observed", pa.array(np.full(rows.num_rows, 30.0)))


def test_survival_beats_recency_and_tells_days(trained: Trained) -> None:
    spec = named("next_buy", algorithm=LightGBM(kind="hazard", step_days=10, rounds=80, params=PARAMS))
    rows = _with_spells(trained)
    told = trained.store.train(rows, spec)
    assert told.alias == "champion", told.reason
    champion = registry.champion("next_buy", trained.store.uri)
    assert champion is not None
    assert isinstance(champion.model, BoostedHazard)
    held = rows.filter(pc.equal(rows["as_of"], champion.card.holdout_as_of))
    values = np.column_stack([held[name].cast(pa.float64()).to_numpy() for name in champion.features])
    expected = champion.model.outputs(values)["expected_days"]
    came = np.nan_to_num(held["days_to_next"].to_numpy(), nan=30.0)
    assert abs(expected.mean() - came.mean()) < 1.5
    assert np.corrcoef(expected, came)[0, 1] > 0.4


def test_expected_value_ranks_by_money_and_its_gate_counts_money(trained: Trained) -> None:
    label = trained.rows["label"].to_numpy()
    usual = np.nan_to_num(trained.rows["spend_per_order_365d"].to_numpy())
    worth = label * np.maximum(usual, 1.0) * np.random.default_rng(4).gamma(4.0, 0.25, len(label))
    told = trained.store.train(trained.rows.append_column("value", pa.array(worth)), named("worth", score="value"))
    assert told.card is not None
    assert (told.card.family, told.alias) == ("valued", "champion"), told.reason
    champion = registry.champion("worth", trained.store.uri)
    assert champion is not None
    assert isinstance(champion.model, ValuedClassifier)
    held = pc.equal(trained.rows["as_of"], told.card.holdout_as_of).to_numpy(zero_copy_only=False)
    assert told.card.backtests[0].everything == worth[held].sum()
    assert told.card.over_baseline is not None
    assert told.card.over_baseline.gain.low > 0


def test_a_shipped_file_searches_within_what_a_back_test_may_learn_from(trained: Trained) -> None:
    """The hold-outs' outcomes are turned round: what is chosen, and the trees, stay as they are."""
    spec = load_spec(ROOT / "conf" / "models" / "repurchase_90d.yml")
    assert spec.algorithm.search == {"num_leaves": (4, 7, 12)}
    asked = SPEC.model_copy(
        update={"algorithm": spec.algorithm.model_copy(update={"rounds": 10}), "calibration": "none"}
    )
    rows = rows_of(trained.rows, TODAY)
    held = np.isin(rows.at, [np.datetime64(day) for day in cutoffs(asked.backtest_days_ago[:1])])
    turned = replace(rows, labels=np.where(held, 1 - rows.labels, rows.labels))
    (first, *_), (again, *_) = (run(told, asked, TODAY) for told in (rows, turned))
    assert first.fitted.params["num_leaves"] in {4, 7, 12}
    assert again.fitted == first.fitted


def test_a_search_takes_the_parameters_that_lose_least_on_unseen_people(trained: Trained) -> None:
    rows = rows_of(trained.rows, TODAY)
    search: dict[str, tuple[bool | int | float | str, ...]] = {"learning_rate": (1e-6, 0.1), "num_leaves": (7,)}
    found = fit(named("searched", algorithm=LightGBM(rounds=20, params=PARAMS, search=search)), rows)
    assert found.params["learning_rate"] == 0.1
    assert found.params["min_data_in_leaf"] == 100
