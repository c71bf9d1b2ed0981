"""`kith model` on flat files: the published figures on real data, leaks named, MLflow written, bad input refused by name."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from jobs.cli import cli
from lakehouse.errors import SourceError
from lakehouse.settings import ROOT

DATA = ROOT.parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"SKIPPED: no real data at {DATA}")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's store is the test's own."""
    monkeypatch.setenv("KITH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def kith(*words: object) -> str:
    """Run the command; its output. Errors are raised."""
    outcome = CliRunner().invoke(cli, ["model", *map(str, words)], catch_exceptions=False, standalone_mode=False)
    return outcome.output


def metrics(out: Path) -> dict[str, object]:
    """What was written."""
    return dict(json.loads((out / "metrics.json").read_text(encoding="utf-8")))


def flat(tmp_path: Path) -> Path:
    """People with a number and a text that tell something, an id, a leak, and a treatment that moves some."""
    dice = np.random.default_rng(3)
    n = 3000
    score = dice.normal(size=n)
    town = dice.choice(["Oslo", "Bergen", "Bodø"], n)
    treated = dice.integers(0, 2, n)
    chance = 1 / (1 + np.exp(1 - 1.5 * score - 0.5 * (town == "Oslo") - 2.5 * treated * (score < 0)))
    came = dice.random(n) < chance
    frame = pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "score": np.where(dice.random(n) < 0.1, np.nan, score),
            "town": town,
            "sent": np.where(treated == 1, "mail", "control"),
            "paid": np.where(came, dice.uniform(1, 9, n), 0.0).round(2),
            "came": np.where(came, "yes", "no"),
        }
    )
    frame.to_csv(tmp_path / "people.csv", index=False, sep=";")
    return tmp_path / "people.csv"


def test_a_leak_is_named_and_left_out(tmp_path: Path) -> None:
    import mlflow

    out = tmp_path / "out"
    kith("classify", flat(tmp_path), "--label", "came", "--drop", "sent", "--out", out)
    found = metrics(out)
    assert found["leaks"] == ["paid"]
    assert 0.65 < float(str(found["auc"])) < 0.85
    assert {path.name for path in out.iterdir()} == {
        "metrics.json",
        "calibration.png",
        "gain_lift.png",
        "importance.png",
    }
    kith("classify", tmp_path / "people.csv", "--label", "came", "--keep", "paid", "--out", out)
    assert float(str(metrics(out)["auc"])) > 0.99
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/home/mlflow.db")
    runs = mlflow.search_runs(experiment_names=["kith/flat/classify"], output_format="list")
    assert max(run.data.metrics["auc"] for run in runs) > 0.99
    assert len(runs) == 2


def test_an_effect_that_is_there_is_usable(tmp_path: Path) -> None:
    out = tmp_path / "out"
    kith("uplift", flat(tmp_path), "--treatment", "sent", "--outcome", "came", "--out", out)
    found = metrics(out)
    assert found["verdict"] == "usable", found
    assert found["leaks"] == ["paid"]
    assert float(str(found["qini_low"])) < float(str(found["qini"])) < float(str(found["qini_high"]))
    assert (out / "qini.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["classify", "people.csv", "--label", "nothing"], "no such column.*key=nothing"),
        (["classify", "people.csv", "--label", "town"], "two values are needed, there are 3.*key=town"),
        (["classify", "absent.csv", "--label", "came"], "there is no such file.*absent.csv"),
        (
            ["uplift", "people.csv", "--treatment", "town", "--outcome", "came"],
            "which value is the control's.*key=town",
        ),
        (
            ["clv", "people.csv", "--customer", "id", "--date", "town", "--calibration-end", "2025-01-01"],
            "not a date: .*key=town",
        ),
    ],
)
def test_bad_input_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    flat(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=message):
        kith(*words)


@needs_data
def test_cdnow_is_as_published(tmp_path: Path) -> None:
    out = tmp_path / "out"
    end = ("--calibration-end", "1997-09-30", "--out", out)
    kith("clv", DATA / "cdnow" / "CDNOW_sample.txt", "--customer", 2, "--date", 3, "--amount", 5, *end)
    found = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert {name: found["bg_nbd"][name] for name in ("mae", "rmse")} == pytest.approx(
        {"mae": 0.7855, "rmse": 1.608}, abs=0.002
    )
    assert {name: found["pareto_nbd"][name] for name in ("mae", "rmse")} == pytest.approx(
        {"mae": 0.7545, "rmse": 1.6028}, abs=0.002
    )
    assert found["gamma_gamma"]["n"] == 946
    assert found["naive"]["mae"] == pytest.approx(1.0237, abs=0.0005)
    assert len((out / "customers.csv").read_text(encoding="utf-8").splitlines()) == 2358
    kith("clv", DATA / "cdnow" / "CDNOW_sample.txt", "--customer", 2, "--date", 3, *end)
    refused = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["gamma_gamma"]
    assert "no money" in refused["refused"]


@needs_data
def test_telco_reaches_its_figure(tmp_path: Path) -> None:
    kith("classify", next((DATA / "telco").glob("*.csv")), "--label", "Churn", "--out", tmp_path / "out")
    found = metrics(tmp_path / "out")
    assert float(str(found["auc"])) >= 0.845
    assert found["leaks"] == []


@needs_data
@pytest.mark.slow
def test_bank_finds_the_leak_by_itself(tmp_path: Path) -> None:
    kith("classify", DATA / "bank_marketing" / "bank-full.csv", "--label", "y", "--out", tmp_path / "out")
    found = metrics(tmp_path / "out")
    assert found["leaks"] == ["duration"]
    assert float(str(found["auc"])) >= 0.80


@needs_data
@pytest.mark.parametrize(
    ("other", "verdict", "least"), [("Mens E-Mail", "usable", 0.065), ("Womens E-Mail", "no usable uplift", -1)]
)
@pytest.mark.slow
def test_hillstrom_by_arm(tmp_path: Path, other: str, verdict: str, least: float) -> None:
    frame = pd.read_csv(DATA / "hillstrom" / "hillstrom_email_data.csv")
    frame[frame["segment"] != other].to_csv(tmp_path / "arm.csv", index=False)
    kith("uplift", tmp_path / "arm.csv", "--treatment", "segment", "--outcome", "visit", "--out", tmp_path / "out")
    found = metrics(tmp_path / "out")
    assert found["verdict"] == verdict
    assert found["leaks"] == ["conversion", "spend"]
    assert float(str(found["qini"])) >= least
