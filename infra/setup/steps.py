"""The steps of the set-up in order: Java, packages, the project, the jars; each is done only when stale."""

import argparse
import sys
import time
from collections.abc import Sequence

from infra.setup import jars, packages
from infra.setup.java import check_java, find_java
from infra.setup.packages import HELD, PYTHON, VENV
from infra.setup.progress import ROOT, SetupError, say
from infra.setup.stamp import Part, bring_stale, fingerprint_of

STAMP = VENV / "kith-setup.json"
"""Where it is remembered what was done; it goes when the environment goes."""


def set_up(arguments: Sequence[str]) -> int:
    """Set up what every command needs, and what ``arguments`` name beside it; return the exit code.

    ``s3`` adds the jars for object stores, ``broker`` those of a Kafka broker for the tests; ``--again`` does every step anew.
    """
    options = _parser().parse_args(arguments)
    start = time.monotonic()
    try:
        done = bring_stale(_core_parts(options.wanted), STAMP, again=options.again)
    except SetupError as error:
        print(f"\nKith cannot be set up yet.\n\n{error}\n\n{error.remedy}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where this one was.", file=sys.stderr)
        return 130
    if done:
        say(f"Kith is set up: {time.monotonic() - start:.0f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m infra.setup", description="Sets up this checkout.")
    parser.add_argument("wanted", nargs="*", choices=[*jars.ON_DEMAND, []], metavar="s3|broker", help="jars on demand")
    parser.add_argument("--again", action="store_true", help="do every step anew, whatever was done before")
    return parser


def _core_parts(wanted: Sequence[str]) -> list[Part]:
    parts = [
        Part("java", _java_fingerprint, _show_java),
        Part("packages", _packages_fingerprint, packages.install_packages),
        Part("project", _project_fingerprint, packages.install_project),
        *(_jar_part(group) for group in jars.REQUIRED + jars.OPTIONAL),
    ]
    return parts + [_jar_part(group) for group in jars.ON_DEMAND if group in wanted]


def _show_java() -> None:
    java = find_java()
    say(f"Java {check_java(java)} at {java.executable}")


def _java_fingerprint() -> str:
    java = find_java()
    return fingerprint_of(java, looked_at=[java.executable.resolve()])


def _packages_fingerprint() -> str:
    return fingerprint_of(ROOT, files=HELD, looked_at=[PYTHON])


def _project_fingerprint() -> str:
    files = [*HELD, ROOT / "pyproject.toml"]
    return fingerprint_of(files=files, looked_at=[VENV / "bin" / "kith"])


def _jar_part(group: str) -> Part:
    folder = jars.jar_folder(group)
    bring = jars.bring_optional_jars if group in jars.OPTIONAL else jars.bring_jars
    return Part(
        f"jars {group}",
        lambda: fingerprint_of(folder, files=[jars.LOCK, jars.POM], looked_at=sorted(folder.glob("*.jar"))),
        lambda: bring(group),
    )
