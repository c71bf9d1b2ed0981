"""The door of the set-up: finds a Python that is new enough and hands over; itself runs on Python 3.6."""

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11")
ADVICE = """
Kith needs Python 3.11 or newer; this is Python %d.%d (%s), and no newer one is on the PATH. To install one:
  Debian 12+, Ubuntu 24.04+   sudo apt-get install python3 python3-venv
  Ubuntu 22.04                sudo apt-get install python3.11 python3.11-venv
  macOS                       brew install python@3.12
  Windows                     use WSL (wsl --install -d Ubuntu), and there the line for Ubuntu
Then run the same command again.
"""


def newer_python() -> str:
    """Return the path of a Python on the PATH that is new enough and starts, or an empty string."""
    test = "import sys; sys.exit(sys.version_info < (%d, %d))" % OLDEST
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", test], stderr=subprocess.DEVNULL) == 0:
            return path
    return ""


def main() -> int:
    """Set up what the arguments name; the exit code is 0, or 1 with a message that says what to do."""
    if sys.version_info[:2] < OLDEST:
        found = newer_python()
        if not found:
            sys.stderr.write(ADVICE % (sys.version_info[0], sys.version_info[1], sys.executable))
            return 1
        os.execv(found, [found, "-m", "infra.setup"] + sys.argv[1:])  # noqa: S606 - a list of words, no shell
    from infra.setup.steps import set_up

    return set_up(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
