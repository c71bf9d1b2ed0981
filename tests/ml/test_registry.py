"""What was registered is read back whole, by Kith and by plain MLflow."""

import mlflow
import numpy as np
from mlflow import MlflowClient

from ml import registry
from ml.card import ModelCard
from tests.ml.store import SPEC, Trained


def test_the_champion_is_read_back_with_its_card(trained: Trained) -> None:
    champion = registry.champion(SPEC.name, trained.store.uri)
    assert champion is not None
    assert champion.card.metrics == getattr(trained.model.card, "metrics", None)
    assert ModelCard.from_json(champion.card.to_json()) == champion.card
    assert set(champion.features) == set(trained.rows.column_names) - {"one_id", "as_of", "label"}


def test_plain_mlflow_loads_the_champion_without_kith(trained: Trained) -> None:
    champion = registry.champion(SPEC.name, trained.store.uri)
    assert champion is not None
    frame = trained.rows.select(list(champion.features)).slice(0, 500).to_pandas().astype("float64")
    loaded = mlflow.pyfunc.load_model(f"models:/{SPEC.name}@champion")
    assert np.array_equal(loaded.predict(frame), champion.model.predict(frame.to_numpy()))
    assert loaded.metadata.signature.inputs.input_names() == list(champion.features)


def test_the_run_holds_what_a_reviewer_asks_for(trained: Trained) -> None:
    client = MlflowClient(tracking_uri=trained.store.uri)
    told, card = trained.model, trained.model.card
    assert told.run_id is not None
    assert told.version is not None
    assert card is not None
    run = client.get_run(told.run_id)
    assert run.data.tags["data_version.gold.fct_order_line"] == "7"
    assert run.data.tags["training_hash"] == card.training_hash
    assert run.data.tags["gate_reason"] == card.reason
    assert run.data.metrics["baseline_auc"] == card.baseline.auc
    assert run.data.params["horizon_days"] == "30"
    assert run.data.params["lightgbm.num_leaves"] == "7"
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    assert plots == {f"plots/{name}.png" for name in ("calibration", "drift", "gain_lift", "importance", "shap")}
    assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"card.html", "card.json"}
    assert run.data.metrics["over_baseline_low"] > 0
    assert run.data.tags["gate.monotone"].startswith("passed")
    version = client.get_model_version(SPEC.name, told.version)
    assert version.tags["gate"] == "promoted"


def test_a_model_without_champion_is_none(trained: Trained) -> None:
    assert registry.champion("churn_60d", trained.store.uri) is None


def test_the_challenger_is_the_latest_version(trained: Trained) -> None:
    latest = trained.store.train(trained.rows)
    client = MlflowClient(tracking_uri=trained.store.uri, registry_uri=trained.store.uri)
    assert str(client.get_model_version_by_alias(SPEC.name, "challenger").version) == latest.version


def test_an_old_version_can_be_made_champion_again(trained: Trained) -> None:
    first = trained.model
    assert first.version is not None
    assert first.run_id is not None
    registry.promote(registry.Registered(SPEC.name, first.version, first.run_id), tracking_uri=trained.store.uri)
    champion = registry.champion(SPEC.name, trained.store.uri)
    assert champion is not None
    assert (champion.version, champion.run_id) == (first.version, first.run_id)


def test_files_lie_in_the_folder_given(trained: Trained) -> None:
    assert list((trained.store.folder / "artifacts").rglob("trees.txt"))
