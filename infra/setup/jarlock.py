"""The lock of the jars: which files by which checksum may lie in a jar folder, and what is wrong with one."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"([0-9a-f]{64})  ([a-z0-9]+)/([A-Za-z0-9._+-]+\.jar)")
"""A line as `sha256sum` writes it: the checksum, two blanks, set/name.jar."""


@dataclass(frozen=True, order=True)
class Jar:
    """One jar: the set that it belongs to (``delta``, ``s3``, ...), its file name, its SHA-256 in hex."""

    group: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Findings:
    """What differs between a folder and the lock, as file names; nothing, where the folder is as locked."""

    missing: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.missing or self.wrong or self.extra)

    def __str__(self) -> str:
        """Return one line that names the files."""
        kinds = {"missing": self.missing, "with a wrong checksum": self.wrong, "not in the lock": self.extra}
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names)


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Return the jars that a lock names. Raises `ValueError` with the number of a line it cannot read."""
    jars = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line.rstrip())
        if found is None:
            raise ValueError(f"line {number} of the jar lock is not '<sha256>  <set>/<name>.jar': {line[:120]!r}")
        jars.append(Jar(group=found[2], name=found[3], sha256=found[1]))
    return tuple(jars)


def render_lock(jars: Sequence[Jar]) -> str:
    """Return the text of a lock that names ``jars``, sorted; `sha256sum -c` reads it."""
    head = (
        "# Every jar that may lie beside pyspark's own. Written by `python3 -m infra.setup.lock jars`.\n"
        "# To check by hand: cd .jars && sha256sum -c --ignore-missing ../requirements/jars.lock\n"
    )
    return head + "".join(f"{jar.sha256}  {jar.group}/{jar.name}\n" for jar in sorted(jars))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compare(folder: Path, locked: Sequence[Jar]) -> Findings:
    """Return how the jars in ``folder``, which may not exist, differ from ``locked``: names and checksums."""
    present = {path.name: path for path in folder.glob("*.jar")}
    expected = {jar.name: jar.sha256 for jar in locked}
    return Findings(
        missing=tuple(sorted(expected.keys() - present.keys())),
        wrong=tuple(
            name for name in sorted(expected.keys() & present.keys()) if sha256_of(present[name]) != expected[name]
        ),
        extra=tuple(sorted(present.keys() - expected.keys())),
    )
