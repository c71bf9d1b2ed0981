"""Settings: which overlay wins, how a wrong key is told, and where the token key comes from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT, load_settings, token_key
from tests.small_lake import TOKEN_KEY, settings_for

Conf = Callable[..., Path]


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: None) -> Conf:
    """Writes ``conf/<name>.yml`` for each keyword and points KITH_CONF there."""
    folder = tmp_path / "conf"
    folder.mkdir()
    monkeypatch.setenv("KITH_CONF", str(folder))

    def write(**files: str) -> Path:
        for name, text in files.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return folder

    return write


def test_environment_variables_win_over_the_environments_file_and_that_over_base(
    conf: Conf, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf(base="parallel_jobs: 1\ngates: false\nspark_size: m", prod="parallel_jobs: 2\nspark_size: l")
    monkeypatch.setenv("KITH_SPARK_SIZE", "s")
    found = load_settings("prod")
    assert (found.parallel_jobs, found.gates, found.spark_size, found.env) == (2, False, "s", "prod")


def test_the_environment_is_chosen_by_argument_then_variable_then_local(
    conf: Conf, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf(local="parallel_jobs: 5", ci="parallel_jobs: 6", prod="parallel_jobs: 7")
    assert load_settings().parallel_jobs == 5
    monkeypatch.setenv("KITH_ENV", "ci")
    assert load_settings().parallel_jobs == 6
    assert load_settings("prod").parallel_jobs == 7
    assert load_settings("prod").env == "prod"


def test_paths_follow_home_unless_they_are_given(conf: Conf, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = conf(base="lake: s3a://b/lake")
    monkeypatch.setenv("KITH_HOME", "/somewhere")
    found = load_settings()
    assert (found.lake_path, found.landing_path) == ("s3a://b/lake", "/somewhere/landing")
    assert found.mlflow_uri == "sqlite:////somewhere/mlflow.db"
    assert found.sources_path == folder / "sources"
    assert found.is_object_store
    assert not settings_for(Path("/h"), folder).is_object_store


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({"base": "paralel_jobs: 3"}, "paralel_jobs"),
        ({"base": "parallel_jobs: many"}, "parallel_jobs"),
        ({"local": "gates: perhaps"}, "gates"),
    ],
)
def test_a_wrong_key_is_told_with_its_file(conf: Conf, files: dict[str, str], key: str) -> None:
    folder = conf(**files)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert told.value.where == {"file": folder / f"{next(iter(files))}.yml", "key": key}


def test_a_wrong_variable_is_told(conf: Conf, monkeypatch: pytest.MonkeyPatch) -> None:
    conf(base="parallel_jobs: 1")
    monkeypatch.setenv("KITH_PARALLEL_JOBS", "many")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert told.value.where == {"key": "parallel_jobs"}


@pytest.mark.parametrize("text", ["- a\n- b", "a: [", "text"])
def test_a_file_that_is_no_mapping_is_told_by_its_path(conf: Conf, text: str) -> None:
    folder = conf(base=text)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert told.value.where["file"] == folder / "base.yml"


def test_an_environment_that_is_not_there_is_told(conf: Conf, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="no such environment"):
        load_settings("prdo")
    monkeypatch.setenv("KITH_ENV", "prdo")
    with pytest.raises(SettingsError, match="no such environment"):
        load_settings()


@pytest.mark.parametrize("env", ["local", "ci", "prod"])
def test_the_files_that_are_shipped_can_be_read(env: str, environment: None) -> None:
    found = load_settings(env)
    assert (Path(found.conf) / "spark" / f"{found.spark_size}.conf").exists()
    assert found.sources_path == ROOT / "conf" / "sources"


def test_the_token_key_comes_by_reference(tmp_path: Path, environment: None) -> None:
    key = tmp_path / "key"
    key.write_text(f"{'k' * 32}\n", encoding="ascii")
    assert token_key(settings_for(tmp_path, tmp_path)) == TOKEN_KEY.encode()
    assert token_key(settings_for(tmp_path, tmp_path, token_key_ref=f"file:{key}")) == b"k" * 32


@pytest.mark.parametrize("reference", ["env:KITH_NO_SUCH_KEY", "file:/no/such/file"])
def test_a_reference_that_leads_nowhere_is_told(tmp_path: Path, environment: None, reference: str) -> None:
    with pytest.raises(SettingsError) as told:
        token_key(settings_for(tmp_path, tmp_path, token_key_ref=reference))
    assert told.value.where["key"] == reference


def test_a_short_key_is_refused(tmp_path: Path, environment: None) -> None:
    (tmp_path / "key").write_text("k" * 31, encoding="ascii")
    with pytest.raises(SettingsError, match="32 bytes"):
        token_key(settings_for(tmp_path, tmp_path, token_key_ref=f"file:{tmp_path / 'key'}"))


def test_a_local_lake_makes_its_own_key_once_for_its_owner_only(tmp_path: Path, environment: None) -> None:
    own = settings_for(tmp_path, tmp_path, token_key_ref="")
    first = token_key(own)
    assert token_key(own) == first
    assert len(first) >= 32
    stored = tmp_path / "secrets" / "token.key"
    assert stored.stat().st_mode & 0o077 == 0
    assert token_key(settings_for(tmp_path / "other", tmp_path, token_key_ref="")) != first
