"""A model's file is read whole, and what is wrong in it is named with file and key."""

from pathlib import Path

import pytest
import yaml

from lakehouse.errors import SettingsError
from ml.spec import load_spec, load_specs

FOLDER = Path(__file__).parents[2] / "conf" / "models"


def test_every_model_of_the_project_is_valid() -> None:
    specs = load_specs(FOLDER)
    assert specs["repurchase_30d"].horizon_days == 30
    assert specs["repurchase_30d"].holdout_days_ago == 30


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("cutoffs_days_ago", [29, 90], "inside the horizon"),
        ("cutoffs_days_ago", [30, 60, 90, 119], "2 of 3 back-tests have labels to learn from"),
        ("cutoffs_days_ago", [30, 59], "use at least 89"),
        ("label", "days_to_next < datediff(current_date(), as_of)", "current_date tells another thing"),
        ("population", {"where": "recency_days < rand() * 9"}, "population.where"),
        ("features", ["weather"], "no feature view is called weather"),
        ("tiers", [{"name": "a", "capacity": 5, "to_decile": 3}, {"name": "b"}], "not at both"),
        ("cutoffs_days_ago", [30, 30], "two different days"),
        ("tiers", [{"name": "high", "to_decile": 5}], "end at 10"),
        ("horizon_days", 0, "horizon_days"),
        ("gate", {"metric": "accuracy"}, "gate.metric"),
        ("threads", 8, "threads: Extra inputs"),
        ("name", "repurchase_60d", "the file is repurchase_30d.yml"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, key: str, value: object, message: str) -> None:
    content = yaml.safe_load((FOLDER / "repurchase_30d.yml").read_text(encoding="utf-8"))
    path = tmp_path / "repurchase_30d.yml"
    path.write_text(yaml.safe_dump({**content, key: value}), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_spec(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert key in str(caught.value)


@pytest.mark.parametrize("text", ["name: [", "", "- 1"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"broken\.yml"):
        load_spec(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yml"):
        load_spec(tmp_path / "none.yml")
