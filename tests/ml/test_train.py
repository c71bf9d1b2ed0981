"""A training from rows to alias: what can be learned is promoted, what cannot is refused with its reason."""

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lakehouse.errors import SettingsError
from ml import registry
from ml.evaluate import metrics
from tests.ml.oracle import labelled
from tests.ml.planted import TODAY, brand
from tests.ml.store import SPEC, Store, Trained, cutoffs, named


def test_the_planted_brand_is_learned_and_beats_recency(trained: Trained) -> None:
    card = trained.model.card
    assert card is not None
    assert trained.model.alias == "champion", trained.model.reason
    assert card.metrics.auc > card.baseline.auc
    assert card.gain_over_baseline.low > 0
    assert card.metrics.ap > card.baseline.ap + 0.01
    assert card.metrics.lift10 > 2
    assert card.metrics.calibration_error < 0.08
    assert trained.model.metrics["auc"] == card.metrics.auc


def test_the_model_is_no_better_than_the_truth(trained: Trained) -> None:
    """Knowing each person's rate and day of leaving ranks best; a model above that has seen the future."""
    card = trained.model.card
    assert card is not None
    held = trained.rows.filter(pc.equal(trained.rows["as_of"], card.holdout_as_of))
    people = held["one_id"].to_pylist()
    truth = np.array([trained.brand.people[person].chance(card.holdout_as_of) for person in people])
    best = metrics(held["label"].cast(pa.float64()).to_numpy(), truth)
    assert card.baseline.auc < card.metrics.auc < best.auc
    assert best.brier < card.metrics.brier < card.baseline.brier


def test_the_figures_are_those_of_the_hold_out_alone(trained: Trained) -> None:
    champion = registry.champion(SPEC.name, trained.store.uri)
    assert champion is not None
    held = trained.rows.filter(pc.equal(trained.rows["as_of"], max(cutoffs())))
    values = np.column_stack([held[name].cast(pa.float64()).to_numpy() for name in champion.features])
    labels = held["label"].cast(pa.float64()).to_numpy()
    assert champion.card.metrics == metrics(labels, champion.model.predict(values))
    past = pc.less_equal(trained.rows["as_of"], cutoffs([60])[0])
    assert champion.card.training_rows == trained.rows.filter(past).num_rows


def test_the_same_rows_give_the_same_model_and_another_version(trained: Trained) -> None:
    again = trained.store.train(trained.rows)
    first = trained.model
    assert again.metrics == first.metrics
    assert again.version != first.version
    assert again.card is not None
    assert first.card is not None
    assert again.card.training_hash == first.card.training_hash
    assert again.card.champion == first.card.metrics
    assert again.alias == "challenger"
    assert "no better than the champion" in again.reason


def test_where_all_buy_alike_nothing_is_promoted(trained: Trained) -> None:
    rows = labelled(brand(600, seed=5, same_rate=True).lines, cutoffs())
    told = trained.store.train(rows, named("all_alike"))
    assert told.alias == "challenger"
    assert "no better than the baseline" in told.reason
    assert registry.champion("all_alike", trained.store.uri) is None


def test_a_worse_challenger_leaves_the_champion_in_place(trained: Trained) -> None:
    before = registry.champion(SPEC.name, trained.store.uri)
    poor = SPEC.algorithm.model_copy(update={"rounds": 1, "params": {"num_leaves": 2, "min_data_in_leaf": 400}})
    told = trained.store.train(trained.rows, named(SPEC.name, algorithm=poor))
    assert told.alias == "challenger"
    assert "no better than the champion" in told.reason
    after = registry.champion(SPEC.name, trained.store.uri)
    assert before is not None
    assert after is not None
    assert after.version == before.version != told.version


def test_a_leak_is_refused_by_name(trained: Trained) -> None:
    noise = np.random.default_rng(1).random(trained.rows.num_rows) * 0.5
    outcome = trained.rows["label"].to_numpy() + noise
    rows = trained.rows.append_column("orders_next_month", pa.array(outcome))
    told = trained.store.train(rows, named("with_leak"))
    assert told.alias == "challenger"
    assert re.search(r"orders_next_month \(AUC 1\.000\)", told.reason)


def test_a_miscalibrated_challenger_is_refused(trained: Trained) -> None:
    skewed = SPEC.algorithm.model_copy(update={"params": {**SPEC.algorithm.params, "scale_pos_weight": 12.0}})
    told = trained.store.train(trained.rows, named("skewed", algorithm=skewed, calibration="none"))
    assert told.alias == "challenger"
    assert "not calibrated" in told.reason


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (0, "0 training rows, needs 200; 0 hold-out rows, needs 200"),
        (150, "training rows, needs 200"),
    ],
)
def test_too_little_data_is_told_and_nothing_is_registered(
    trained: Trained, tmp_path: Path, rows: int, words: str
) -> None:
    store = Store(tmp_path)
    told = store.train(trained.rows.slice(0, rows))
    assert (told.version, told.alias, told.run_id, told.card) == (None, None, None, None)
    assert words in told.reason
    assert not (tmp_path / "mlflow.db").exists()


def test_one_outcome_alone_is_too_little(trained: Trained, tmp_path: Path) -> None:
    nobody = trained.rows.set_column(2, "label", pa.array([0] * trained.rows.num_rows))
    told = Store(tmp_path).train(nobody)
    assert told.version is None
    assert "training rows are positive" in told.reason


def test_a_leak_that_fades_where_the_outcome_is_to_come_is_refused(trained: Trained) -> None:
    """A field that is written when somebody buys: filled in for the past, empty for the people of today."""
    label, draws = trained.rows["label"].to_numpy(), np.random.default_rng(3)
    written = np.where(
        (label == 1) & (draws.random(len(label)) < 0.6), 5.0, np.where(draws.random(len(label)) < 0.1, 5.0, 0)
    )
    past = trained.rows.append_column("service_calls", pa.array(written))
    newest = past.filter(pc.equal(past["as_of"], max(cutoffs())))
    today = newest.set_column(1, "as_of", pa.array([TODAY] * newest.num_rows))
    today = today.set_column(today.column_names.index("label"), "label", pa.nulls(today.num_rows, pa.int64()))
    empty = pa.array(np.zeros(today.num_rows))
    today = today.set_column(today.column_names.index("service_calls"), "service_calls", empty)
    told = trained.store.train(pa.concat_tables([past, today]), named("with_late_field"))
    assert told.alias == "challenger"
    assert "service_calls (it goes with the outcome and is filled in for" in told.reason


def test_back_tests_learn_from_the_past_of_their_day_only(trained: Trained) -> None:
    card = trained.model.card
    assert card is not None
    assert [test.as_of for test in card.backtests] == cutoffs([30, 60, 90])
    for test in card.backtests:
        known = pc.less_equal(trained.rows["as_of"], test.as_of - timedelta(days=30))
        assert test.training_rows == trained.rows.filter(known).num_rows
        assert test.earned > test.baseline_earned


def test_a_model_that_moves_away_in_a_slice_is_refused(trained: Trained) -> None:
    """Half of one channel's buyers are taken to never buy: on the whole it is calibrated, in that channel it is not."""
    n = trained.rows.num_rows
    channel = np.where(np.arange(n) % 4 == 0, "kiosk", "shop")
    labels = np.where(channel == "kiosk", 0, trained.rows["label"].to_numpy())
    rows = trained.rows.set_column(trained.rows.column_names.index("label"), "label", pa.array(labels))
    told = trained.store.train(rows.append_column("city_tier", pa.array(channel)), named("unfair"))
    assert told.alias == "challenger"
    assert "not fair: city_tier kiosk predicted" in told.reason


def test_a_baseline_that_is_no_feature_is_an_error_of_the_file(trained: Trained) -> None:
    with pytest.raises(SettingsError, match=r"'recency'.*key=baseline"):
        trained.store.train(trained.rows, named("wrong_baseline", baseline="recency"))


@pytest.mark.slow
def test_a_champion_with_other_features_does_not_stand_in_the_way(trained: Trained) -> None:
    spec, weather = named("weather"), np.random.default_rng(2).random(trained.rows.num_rows)
    assert trained.store.train(trained.rows.append_column("weather", pa.array(weather)), spec).alias == "champion"
    told = trained.store.train(trained.rows, spec)
    assert told.alias == "champion", told.reason
    assert told.card is not None
    assert (told.card.champion, told.card.over_champion) == (None, None)
