"""Brings the jars that Spark needs beside pyspark's own into flat folders, by Maven or by pyspark's Ivy."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.setup.ivy import main_command, write_module
from infra.setup.jarlock import Findings, Jar, compare, parse_lock
from infra.setup.java import find_java
from infra.setup.packages import LOCKS, VENV
from infra.setup.progress import ROOT, CommandError, SetupError, run, say, step

LOCK = LOCKS / "jars.lock"
POM = ROOT / "infra" / "jars" / "pom.xml"

REQUIRED = ("delta", "sources")
OPTIONAL = ("graphframes",)
ON_DEMAND = ("s3", "broker")
GROUPS = REQUIRED + OPTIONAL + ON_DEMAND
"""The sets of jars; each is a profile of the pom and a folder."""

BY_HAND = """The jars could not be downloaded. Look at the output above, at the network, and at its proxy,
which Maven takes from ~/.m2/settings.xml. Or bring them by hand: requirements/jars.lock names each file
and its checksum; put them into {folder},
or into a folder of your own with the same name, and set KITH_JARS to what lies above it.
Then run the same command again."""


class UnreachableError(SetupError):
    """No road led to the jars."""


def jar_folder(group: str) -> Path:
    """Return the folder of a set of jars: below ``KITH_JARS`` where that is set, else below ./.jars."""
    return Path(os.environ.get("KITH_JARS") or ROOT / ".jars").absolute() / group


def locked_jars(group: str) -> tuple[Jar, ...]:
    """Return the jars of one set that the lock names."""
    return tuple(jar for jar in parse_lock(LOCK.read_text("utf-8")) if jar.group == group)


def bring_jars(group: str) -> None:
    """Make the folder of ``group`` hold exactly what the lock names, or raise `SetupError`."""
    locked, folder = locked_jars(group), jar_folder(group)
    findings = compare(folder, locked)
    if findings.missing or findings.wrong:
        with step(f"Jars for {group}, {len(locked)} files"), tempfile.TemporaryDirectory() as scratch:
            fetch(group, Path(scratch))
            _accept(Path(scratch), folder, locked)
    _drop_extra(folder, compare(folder, locked))


def bring_optional_jars(group: str) -> None:
    """Do as `bring_jars`, but go on with one clear line where the jars are not to be had.

    Jars that the lock does not know yet are taken as they come; those that it knows are checked.
    """
    present = any(jar_folder(group).glob("*.jar"))
    try:
        if locked_jars(group):
            bring_jars(group)
        elif not present:
            _bring_unlocked(group)
    except UnreachableError:
        if present:
            raise
        say(f"{group}: its jar cannot be had from here; that engine stays off, Kith uses its own instead")


def fetch(group: str, target: Path) -> None:
    """Download the jars of a profile of the pom into ``target``: by Maven, or where that fails by Ivy.

    Raises `UnreachableError` with what both printed.
    """
    roads = (_by_maven, _by_ivy) if shutil.which("mvn") else (_by_ivy,)
    outputs = []
    for road in roads:
        try:
            road(group, target)
        except CommandError as error:
            outputs.append(f"{error}\n{error.output}")
        else:
            return
    raise UnreachableError("\n".join(outputs), BY_HAND.format(folder=jar_folder(group)))


def _by_maven(group: str, target: Path) -> None:
    options = ("--batch-mode", "--quiet", "--update-snapshots", "--file", POM, "--activate-profiles", group)
    run(["mvn", *options, "dependency:copy-dependencies", f"-DoutputDirectory={target}"], seconds=600)


def _by_ivy(group: str, target: Path) -> None:
    """Use the Ivy in pyspark's own jars, with a home and a cache that nothing else has touched."""
    with tempfile.TemporaryDirectory() as home:
        module = write_module(POM, group, Path(home))
        library = next(VENV.glob("lib/python*/site-packages/pyspark/jars/ivy-*.jar"))
        run(main_command(find_java().executable, library, module, target), seconds=900)


def _accept(scratch: Path, folder: Path, locked: Sequence[Jar]) -> None:
    """Move the locked jars from ``scratch`` into ``folder`` once all of them are there and as locked."""
    findings = compare(scratch, locked)
    if unfit := Findings(findings.missing, findings.wrong):
        raise SetupError(
            f"What was downloaded is not what requirements/jars.lock names: {unfit}.",
            "If a file is missing, its index may have been out of reach: run the same command again.\n"
            "If a checksum is wrong, a proxy or mirror may have changed the file: do not use it.\n"
            "If infra/jars/pom.xml was changed on purpose, renew the lock and read the difference:\n"
            "  python3 -m infra.setup.lock jars",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for jar in locked:
        partial = folder / f".{jar.name}.partial"
        shutil.copyfile(scratch / jar.name, partial)
        partial.replace(folder / jar.name)


def _drop_extra(folder: Path, findings: Findings) -> None:
    """Remove what older locks left in our own folder; refuse to touch a folder that the user named."""
    if findings.extra and os.environ.get("KITH_JARS"):
        raise SetupError(
            f"{folder} holds jars that requirements/jars.lock does not name: {', '.join(findings.extra)}.",
            "Everything in it would be on Spark's class path: move these away, or unset KITH_JARS.",
        )
    for name in findings.extra:
        (folder / name).unlink()


def _bring_unlocked(group: str) -> None:
    folder = jar_folder(group)
    with tempfile.TemporaryDirectory() as scratch:
        fetch(group, Path(scratch))
        folder.mkdir(parents=True, exist_ok=True)
        for path in Path(scratch).glob("*.jar"):
            shutil.copyfile(path, folder / path.name)
    say(f"{group}: downloaded, unchecked; `python3 -m infra.setup.lock jars` locks its checksums")
