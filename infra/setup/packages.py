"""Makes the Python environment: a venv, the pinned uv, the locked packages, the checkout as an editable."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.setup.progress import ROOT, CommandError, SetupError, run, say, step

LOCKS = ROOT / "requirements"
BOOTSTRAP = LOCKS / "bootstrap.txt"
HELD = (BOOTSTRAP, LOCKS / "core.txt", LOCKS / "dev.txt")
"""The lock files whose packages the environment holds."""

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"

NETWORK = """The package index could not be used. Look at the end of the output above, and at
  - the network: does `python3 -m pip download --no-deps -d /tmp six` work?
  - a proxy or a mirror: set HTTPS_PROXY, or PIP_INDEX_URL and UV_DEFAULT_INDEX
  - the disk: 3 GB are needed here and in ~/.cache
Then run the same command again; what was fetched is kept."""


def install_packages() -> None:
    """Bring the environment to exactly what its locks name, every file checked against its hash."""
    if not _usable():
        with step(f"Virtual environment {VENV.name}"):
            _make_venv()
    if not _uv_is_pinned_one():
        with step("Installer uv"):
            _pip("install", "--require-hashes", "-r", BOOTSTRAP)
    with step(f"Python packages, {count_pins(HELD)} pinned"):
        _install_locks()


def install_project() -> None:
    """Install the checkout as an editable, with no download: what builds it is in the lock."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT)
    with step("The project itself"):
        try:
            run([UV, "pip", "install", "--python", PYTHON, *options], seconds=120)
        except CommandError:
            _pip("install", *options)


def count_pins(locks: Sequence[Path]) -> int:
    """Return how many packages ``locks`` pin, each counted once."""
    return len({name for lock in locks for name in re.findall(r"(?m)^([\w.-]+)==", lock.read_text("utf-8"))})


def _usable() -> bool:
    """Say whether the venv's Python starts, is new enough, and is where it was made (else it is broken)."""
    test = "import sys; print(sys.prefix); print(sys.version_info >= (3, 11))"
    try:
        done = subprocess.run([PYTHON, "-c", test], capture_output=True, text=True, timeout=60, check=False)
        made_here = str(VENV) in (VENV / "bin" / "pip").read_text("utf-8")
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired):
        return False
    return made_here and done.stdout.splitlines() == [str(VENV), "True"]


def _make_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment: its module ensurepip is missing.",
            "Debian and Ubuntu keep it in a package of its own:\n"
            f"  sudo apt-get install python{version}-venv\n"
            "Then run the same command again.",
        )
    if VENV.is_symlink():
        raise SetupError(
            f"{VENV} is a link to {VENV.resolve()}, which was made for another checkout: to make it anew would empty that one.",
            "Remove the link for an environment of this checkout's own, or set up the other checkout.",
        )
    run([sys.executable, "-m", "venv", "--clear", VENV], seconds=300)


def _install_locks() -> None:
    checked = ("--require-hashes", "--build-constraints", BOOTSTRAP)
    command = (UV, "pip", "sync", "--quiet", "--compile-bytecode", "--python", PYTHON)
    try:
        run([*command, *checked, *HELD], seconds=2400)
    except CommandError as error:
        say(f"uv could not do it ({_last_line(error.output)}); pip tries, which takes longer")
        locks = [word for lock in HELD for word in ("-r", lock)]
        _pip("install", "--require-hashes", "-r", BOOTSTRAP)
        _pip("install", "--require-hashes", "--no-deps", "--no-build-isolation", *locks)


def _pip(command: str, *options: str | Path) -> None:
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
    try:
        run([PYTHON, "-m", "pip", command, *quiet, *options], seconds=3600)
    except CommandError as error:
        raise SetupError(f"{error}\n{error.output}", NETWORK) from error


def _uv_is_pinned_one() -> bool:
    pinned = re.search(r"(?m)^uv==(\S+)", BOOTSTRAP.read_text("utf-8"))
    if pinned is None or not os.access(UV, os.X_OK):
        return False
    done = subprocess.run([UV, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.split()[1:2] == [pinned[1]]


def _last_line(output: str) -> str:
    return output.strip().splitlines()[-1][:160] if output.strip() else "no output"
