"""``conf/extractors.yml``: which extractors run, each one line; an error names file and key."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.errors import SettingsError
from lakehouse.extractors.feature import Extract, Extractor
from lakehouse.extractors.language import language
from lakehouse.extractors.sentiment import sentiment
from lakehouse.extractors.words import keywords, topic

BUILT_IN: Mapping[str, Extract] = {
    "language": language,
    "keywords": keywords,
    "sentiment": sentiment,
    "topic": topic,
}


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    call: str = ""
    version: int = 1
    top: int = Field(default=1, ge=1)
    options: Mapping[str, Any] = Field(default_factory=dict)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    extractors: tuple[_Line, ...]


def load_extractors(path: Path) -> tuple[Extractor, ...]:
    """The extractors of a file in its order; none where there is no file.

    Raises :class:`SettingsError` that names the file, and the key that is wrong.
    """
    if not path.exists():
        return ()
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise SettingsError(f"not YAML: {error}", file=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(first["msg"], file=path, key=".".join(map(str, first["loc"]))) from error
    return tuple(_bound(line, f"extractors.{n}", path) for n, line in enumerate(found.extractors))


def _bound(line: _Line, key: str, path: Path) -> Extractor:
    return Extractor(line.name, _function(line, key, path), line.version, line.top, dict(line.options))


def _function(line: _Line, key: str, path: Path) -> Extract:
    if not line.call:
        if line.name not in BUILT_IN:
            there = ", ".join(BUILT_IN)
            raise SettingsError(
                f"built in are {there}; another needs `call: package.module:function`", file=path, key=key
            )
        return BUILT_IN[line.name]
    module, _, name = line.call.partition(":")
    try:
        function: Extract = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"{line.call} cannot be imported: {error}", file=path, key=f"{key}.call") from error
    return function
