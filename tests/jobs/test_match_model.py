"""A match's model in MLflow is the file that Splink loads."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from jobs.cli import cli
from tests.identity.match.people import records, write


@pytest.mark.slow
def test_the_model_of_a_match_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    file, out = write(tmp_path / "people.csv", records(60)[0]), tmp_path / "out"
    told = CliRunner().invoke(cli, ["match", str(file), "--id", "ref", "--out", str(out), "--register", "people"])
    assert told.exit_code == 0, (told.output, told.exception)
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/home/mlflow.db")
    experiment = client.get_experiment_by_name("kith/match/people")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["email"] == "email"
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert names == {"model.json", "report.html"}
    logged = Path(client.download_artifacts(run.info.run_id, "model.json", str(tmp_path)))
    assert json.loads(logged.read_text()) == json.loads((out / "model.json").read_text())
