"""Remembers what set-up has done, so that a second start costs a fraction of a second."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One part of the set-up: a fingerprint of what it needs and makes, and the function that does it."""

    name: str
    fingerprint: Callable[[], str]
    bring: Callable[[], None]


def bring_stale(parts: Iterable[Part], stamp: Path, *, again: bool = False) -> list[str]:
    """Do the parts whose fingerprint is not the one in ``stamp`` (all, with ``again``); return their names.

    The stamp is written after each part, so that a set-up that broke goes on where it stopped.
    """
    known = {} if again else read_stamp(stamp)
    done = []
    for part in parts:
        if known.get(part.name) == part.fingerprint():
            continue
        part.bring()
        known[part.name] = part.fingerprint()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(json.dumps(known, indent=1), "utf-8")
        done.append(part.name)
    return done


def read_stamp(stamp: Path) -> dict[str, str]:
    """Return the fingerprints in ``stamp`` by part; empty where it is missing or unreadable."""
    try:
        content = json.loads(stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, dict) else {}


def fingerprint_of(*values: object, files: Iterable[Path] = (), looked_at: Iterable[Path] = ()) -> str:
    """Return a hash of ``values``, the files' content, and name, size and time of what is ``looked_at``."""
    digest = hashlib.sha256(repr(values).encode())
    for path in files:
        digest.update(path.read_bytes() if path.exists() else b"-")
    for path in looked_at:
        if path.exists():
            status = path.stat()
            digest.update(f"{path}|{status.st_size}|{status.st_mtime_ns}".encode())
    return digest.hexdigest()
