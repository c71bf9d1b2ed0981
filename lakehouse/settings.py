"""Typed settings: ``conf/base.yml``, then ``conf/<env>.yml``, then environment variables ``KITH_*``; the last one wins."""

import os
import secrets
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lakehouse.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things are and how large a session is. Secrets stand here by reference only (``token_key_ref``)."""

    model_config = SettingsConfigDict(env_prefix="KITH_", extra="forbid", frozen=True)

    env: str = "local"
    home: str = str(ROOT / ".kith")
    conf: str = str(ROOT / "conf")
    jars: str = str(ROOT / ".jars")
    sources: str = ""
    lake: str = ""
    landing: str = ""
    tracking_uri: str = ""
    token_key_ref: str = ""
    spark_master: str = "local[2]"
    spark_size: str = "s"
    driver_memory: str = "4g"
    parallel_jobs: int = 4
    max_files_per_batch: int = 1000
    batch_tasks: int = (
        0  # tasks that read a batch at size s; 0: as many as it has files. Each task carries the plans of all sources
    )
    gates: bool = True
    rule_modules: tuple[str, ...] = ()  # Python modules whose functions are standardisation rules (docs/rules.md)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # the signature is pydantic's
        """Environment variables go before what the files say (which come in as init arguments)."""
        return env_settings, init_settings

    @property
    def is_small(self) -> bool:
        """Whether sessions are tuned for few rows (size s): what costs a job more is then not worth what it saves a row."""
        return self.spark_size == "s"

    @property
    def lake_path(self) -> str:
        """Root of the lake: ``<lake>/<layer>/<table>``."""
        return self.lake or f"{self.home}/lake"

    @property
    def landing_path(self) -> str:
        """Root of the files that sources deliver: ``<landing>/<source>/<object>/…``."""
        return self.landing or f"{self.home}/landing"

    @property
    def mlflow_uri(self) -> str:
        """MLflow's tracking and registry store."""
        return self.tracking_uri or f"sqlite:///{self.home}/mlflow.db"

    @property
    def sources_path(self) -> Path:
        """Folder of the source files."""
        return Path(self.sources or f"{self.conf}/sources")

    @property
    def is_object_store(self) -> bool:
        """Whether the lake stands on an object store."""
        return "://" in self.lake_path


def load_settings(env: str | None = None, **overrides: object) -> Settings:
    """Read the overlays of ``env`` (default: ``KITH_ENV``, else local); ``overrides`` win over files.

    Raises :class:`SettingsError` naming the file or the key.
    """
    asked = env or os.environ.get("KITH_ENV")
    name = asked or "local"
    conf = Path(os.environ.get("KITH_CONF", str(ROOT / "conf")))
    values: dict[str, object] = {"conf": str(conf)}
    origin: dict[str, Path] = {}
    for overlay in (conf / "base.yml", conf / f"{name}.yml"):
        found = _read(overlay, required=overlay.stem == asked)
        values |= found
        origin |= dict.fromkeys(found, overlay)
    try:
        settings = Settings(**(values | overrides))  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        file = None if f"KITH_{key.upper()}" in os.environ else origin.get(key)
        raise SettingsError(first["msg"], file=file, key=key) from error
    return settings.model_copy(update={"env": name})


def _read(path: Path, *, required: bool) -> dict[str, object]:
    if not path.exists():
        if required:
            raise SettingsError("there is no such environment", file=path)
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"not YAML: {error}", file=path) from error
    if not isinstance(data, dict):
        raise SettingsError("a mapping is expected", file=path)
    return data


def token_key(settings: Settings) -> bytes:
    """The key of the identifier tokens (32 bytes or more), by reference: ``env:NAME`` or ``file:PATH``.

    Without a reference a local lake gets a random key of its own in ``<home>/secrets/token.key``, made once, readable
    by its owner only. Raises :class:`SettingsError` when the reference leads nowhere or the key is too short.
    """
    kind, _, where = settings.token_key_ref.partition(":")
    if kind == "env":
        key = os.environ.get(where, "").encode()
    elif kind == "file":
        path = Path(where)
        key = path.read_bytes().strip() if path.exists() else b""
    else:
        key = _local_key(Path(settings.home) / "secrets" / "token.key")
    if len(key) < 32:
        raise SettingsError("the token key is missing or shorter than 32 bytes", key=settings.token_key_ref)
    return key


def _local_key(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32), encoding="ascii")
        draft.replace(path)
    return path.read_bytes().strip()
