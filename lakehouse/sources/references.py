"""Values that a source file names instead of holding: ``${env:NAME}`` and ``${file:PATH}``, looked up when they are used."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from lakehouse.errors import SourceError

REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")
SECRET = re.compile(r"(?i)passw|secret|token|credential|api.?key|access.?key|private.?key|authorization|cookie|jaas")


def resolved(text: str, key: str = "") -> str:
    """The text with each reference replaced by what it names; a file's last line break is no part of its value.

    Raises :class:`SourceError` that names the reference (never a value) where it leads nowhere.
    """

    def value(match: re.Match[str]) -> str:
        kind, where = match.groups()
        if kind == "env":
            found = os.environ.get(where)
        else:
            path = Path(where)
            found = path.read_text(encoding="utf-8").removesuffix("\n") if path.is_file() else None
        if found is None:
            raise SourceError(f"the reference {match[0]} leads nowhere", key=key or None)
        return found

    return REFERENCE.sub(value, text)


def all_resolved(options: Mapping[str, str], key: str = "") -> dict[str, str]:
    """Options with every reference looked up."""
    return {name: resolved(text, f"{key}.{name}") for name, text in options.items()}


def refuse_plain_secrets(options: Mapping[str, str]) -> None:
    """Raise ``ValueError`` naming the first option that is a secret by its name and stands there as plain text."""
    for name, text in options.items():
        if SECRET.search(name) and not REFERENCE.search(text):
            raise ValueError(f"{name} is a secret: write ${{env:NAME}} or ${{file:PATH}}, not the value")
