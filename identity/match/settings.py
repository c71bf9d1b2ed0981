"""What a user may say about a match, as a YAML file: every key has a default that is meant to be left alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from identity.match.kinds import Kind
from lakehouse.errors import SettingsError


@dataclass(frozen=True)
class MatchSettings:
    """Settings of one match.

    ``threshold`` is the probability that two clusters must reach, on average over their pairs, to become one. ``columns``
    gives the kind of a column where recognition by name and content is wrong. ``unique`` names columns of which one person
    has one value at most (a member number): a cluster never has two. ``deduplicate`` says for each file whether it may hold a
    person twice; ``auto`` measures it. Blocks of more than ``max_block`` records are not compared as they stand, they are
    split by a second key. ``max_cluster`` is the size from which a cluster must be as dense as a clique to grow.
    """

    threshold: float = 0.5
    columns: Mapping[str, Kind] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    deduplicate: str = "auto"
    qualify_ids: bool = False
    max_block: int = 40
    max_cluster: int = 50
    recall_wanted: float = 0.99
    u_pairs: int = 20_000
    seed: int = 7


_DEDUPLICATE = ("auto", "always", "never")


def load_match_settings(path: Path | None) -> MatchSettings:
    """Read settings from YAML; the defaults where there is no file.

    Raises :class:`SettingsError` naming the file, the key and the rule for what cannot be read, an unknown key, a value of
    the wrong type or out of range.
    """
    if path is None:
        return MatchSettings()
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"the settings cannot be read: {error}", file=path) from error
    if not isinstance(read, dict):
        raise SettingsError("settings are keys with values", file=path, rule="mapping")
    known = {item.name for item in fields(MatchSettings)}
    for key in read:
        if key not in known:
            raise SettingsError(
                f"unknown key; known are {', '.join(sorted(known))}", file=path, key=key, rule="known key"
            )
    checked: dict[str, Any] = {str(key): _value(str(key), value, path) for key, value in read.items()}
    return MatchSettings(**checked)


def _value(key: str, value: object, path: Path) -> object:
    if key == "columns":
        return _columns(value, path)
    if key == "unique":
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return tuple(value)
        raise SettingsError("wants a list of names of columns", file=path, key=key, rule="list of text")
    if key == "deduplicate":
        return _one_of(value, _DEDUPLICATE, key, path)
    wanted = type(getattr(MatchSettings(), key))
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise SettingsError(f"wants a value of type {wanted.__name__}, has {value!r}", file=path, key=key, rule="type")
    return _in_range(key, value, path)


def _columns(value: object, path: Path) -> dict[str, Kind]:
    if not isinstance(value, dict):
        raise SettingsError("wants names of columns with their kinds", file=path, key="columns", rule="mapping")
    kinds = tuple(kind.value for kind in Kind)
    return {str(name): Kind(_one_of(kind, kinds, f"columns.{name}", path)) for name, kind in value.items()}


def _one_of(value: object, choices: tuple[str, ...], key: str, path: Path) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise SettingsError(f"wants one of {', '.join(choices)}, has {value!r}", file=path, key=key, rule="one of")


def _in_range(key: str, value: object, path: Path) -> object:
    limits = {"threshold": (0.0, 1.0), "recall_wanted": (0.0, 1.0)}
    low, high = limits.get(key, (1, 2**40))
    if isinstance(value, int | float) and not isinstance(value, bool) and key != "seed" and not low <= value <= high:
        raise SettingsError(f"wants a value from {low} to {high}, has {value}", file=path, key=key, rule="range")
    return value
