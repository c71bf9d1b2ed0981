"""Reads one YAML file of rules into its typed form; every fault names file, key and rule."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from lakehouse.errors import SettingsError

Rules = TypeVar("Rules", bound=BaseModel)


def read_rules(path: str | Path, model: type[Rules], what: str) -> Rules:
    """The file as a ``model``; ``what`` is what messages call it ("survivorship rules").

    Raises :class:`SettingsError` with the file, and for each fault the key (list entries by their ``name``) and the rule that it
    breaks; for text that is no YAML, with the line.
    """
    file = Path(path)
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        return model.model_validate(raw)
    except OSError as error:
        raise SettingsError(f"the {what} cannot be read: {error.strerror}", file=file) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"the {what} are not YAML: {error}", file=file) from error
    except ValidationError as error:
        faults = [(key_of(one["loc"], raw), f"{one['msg']} (found {one['input']!r:.80})") for one in error.errors()]
        text = "; ".join(f"{key}: {rule}" for key, rule in faults)
        raise SettingsError(f"the {what} are wrong: {text}", file=file, key=faults[0][0]) from error


def key_of(location: tuple[int | str, ...], raw: object) -> str:
    """The dotted key of a place in ``raw``; an entry of a list goes by its name where it has one: ``ties[address].weight``."""
    parts: list[str] = []
    for step in location:
        raw = _inside(raw, step)
        if isinstance(step, int) and parts:
            name = raw.get("name", step) if isinstance(raw, dict) else step
            parts[-1] += f"[{name}]"
        else:
            parts.append(str(step))
    return ".".join(parts) or "(top level)"


def _inside(raw: object, step: int | str) -> object:
    if isinstance(raw, dict):
        return raw.get(step)
    if isinstance(raw, list) and isinstance(step, int) and step < len(raw):
        return raw[step]
    return None
