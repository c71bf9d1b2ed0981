"""One writer for each table on this machine: a run holds a lock file for every table that it may write."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jobs.context import Context
from lakehouse.errors import KithError
from lakehouse.job import Job


@contextmanager
def held(context: Context, jobs: list[Job]) -> Iterator[None]:
    """Hold the locks of the jobs' tables, or raise :class:`KithError` naming the table that another run is writing.

    The locks end with the process, however it ends. They cover one machine: across machines the scheduler's pools do.
    """
    with ExitStack() as stack:
        for job in sorted(jobs, key=lambda j: j.name):
            stack.enter_context(held_table(context.settings.home, job.name))
        yield


@contextmanager
def held_table(home: str, name: str) -> Iterator[None]:
    """Hold the lock of one table, or raise :class:`KithError` naming it where another process is writing it."""
    folder = Path(home) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KithError("another run is writing this table; wait for it to end", table=name) from error
        yield
