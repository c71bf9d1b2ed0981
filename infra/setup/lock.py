"""Renews the lock files, for maintainers: `python3 -m infra.setup.lock [packages] [jars]`."""

import sys
import tempfile
from pathlib import Path

from infra.setup.jarlock import Jar, render_lock, sha256_of
from infra.setup.jars import GROUPS, LOCK, OPTIONAL, fetch, locked_jars
from infra.setup.packages import LOCKS, UV
from infra.setup.progress import ROOT, SetupError, run, say, step

SETS = (("bootstrap",), ("core",), ("dev", "-c", "requirements/core.txt"), ("airflow",))
"""What is locked in this order, with what else uv is told: dev takes core's versions."""

OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--upgrade")


def lock_packages() -> None:
    """Resolve requirements/*.in anew into requirements/*.txt, with hashes and without an address."""
    for name, *constraints in SETS:
        with step(f"requirements/{name}.txt"):
            source, target = (f"requirements/{name}.{ending}" for ending in ("in", "txt"))
            run([UV, "pip", "compile", *OPTIONS, *constraints, source, "-o", target], seconds=600)


def lock_jars() -> None:
    """Download every set of jars anew and write names and checksums.

    An optional set that cannot be had keeps the lines it has.
    """
    jars: list[Jar] = []
    for group in GROUPS:
        with step(f"jars for {group}"), tempfile.TemporaryDirectory() as scratch:
            try:
                fetch(group, Path(scratch))
            except SetupError:
                if group not in OPTIONAL:
                    raise
                say(f"{group} cannot be had from here: its lines stay as they are")
                jars.extend(locked_jars(group))
            jars.extend(Jar(group, path.name, sha256_of(path)) for path in Path(scratch).glob("*.jar"))
    LOCK.write_text(render_lock(jars), "utf-8")


if __name__ == "__main__":
    names = sys.argv[1:] or ["packages", "jars"]
    if "packages" in names:
        lock_packages()
    if "jars" in names:
        lock_jars()
    say(f"Look at the difference before committing it: git diff {LOCKS.relative_to(ROOT)}")
