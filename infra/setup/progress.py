"""What a person sees during set-up: one line a step with its seconds, and for each failure what to do."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

TAIL = 15
"""Lines of a failed command's output that are shown."""

TICK_ON_TERMINAL, TICK_IN_LOG = 0.5, 20.0
"""Seconds between two signs of life on a terminal, and where the output goes to a file."""


class SetupError(Exception):
    """Set-up cannot go on; ``remedy`` says what a person can do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class CommandError(SetupError):
    """A command that set-up started failed or ran out of time; ``output`` is the end of what it printed."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message, "The end of its output is above; set-up goes on where it stopped when started again.")
        self.output = output


def say(line: str) -> None:
    """Print one line at once, indented under the heading."""
    print(f"  {line}", flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print ``title``, and how many seconds its body took when that went well."""
    say(f"{title} ...")
    start = time.monotonic()
    yield
    say(f"{title}: {time.monotonic() - start:.1f} s")


def run(command: Sequence[str | Path], *, seconds: float) -> str:
    """Run ``command`` with a sign of life while it lasts, and return what it printed.

    It starts in the checkout, and ``seconds`` bounds it. Raises `CommandError` with the end of the output.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
        except OSError as error:
            raise CommandError(f"{words[0]} cannot be started: {error}", "") from error
        code = _wait(process, seconds)
        output = _read(log)
    if code is None:
        raise CommandError(f"{Path(words[0]).name} did not end within {seconds:.0f} s and was stopped.", _tail(output))
    if code:
        raise CommandError(f"{Path(words[0]).name} failed with exit code {code}.", _tail(output))
    return output


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Wait with a sign of life; return the exit code, or None where time ran out."""
    terminal = sys.stdout.isatty()
    tick = TICK_ON_TERMINAL if terminal else TICK_IN_LOG
    start = time.monotonic()
    try:
        while (left := start + seconds - time.monotonic()) > 0:
            try:
                return process.wait(min(tick, left))
            except subprocess.TimeoutExpired:
                _show_life(time.monotonic() - start, terminal)
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if terminal:
            print("\r" + " " * 12 + "\r", end="", flush=True)


def _show_life(passed: float, terminal: bool) -> None:
    if terminal:
        print(f"\r    {passed:.0f} s ", end="", flush=True)
    else:
        print(f"    {passed:.0f} s", flush=True)


def _read(log: IO[str]) -> str:
    log.seek(0)
    return log.read()


def _tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-TAIL:])
