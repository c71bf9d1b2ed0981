"""What a run looks like in a terminal: one progress line, a table of what changed, plain lines where there is no terminal."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from jobs.catalogue import Graph
from jobs.schedule import Outcome

CONSOLE = Console(highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print one line."""
    CONSOLE.print(line)


class Bar:
    """A progress bar over jobs, naming those that run; without a terminal one line for each job that did something."""

    def __init__(self, total: int) -> None:
        columns = (
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._bar = Progress(*columns, console=CONSOLE, transient=True, disable=not CONSOLE.is_terminal)
        self._task = self._bar.add_task("", total=total)
        self._running: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def progress(self, job: str, state: str) -> None:
        """Take note of a job that started, is done, or failed."""
        if state == "started":
            self._running[job] = time.monotonic()
        else:
            self._running.pop(job, None)
            self._bar.advance(self._task)
        if state == "failed":
            say(f"[red]failed[/] {job}")
        self._bar.update(self._task, description=" ".join(sorted(self._running)))


def summary(outcome: Outcome) -> None:
    """Print what each job did that did anything."""
    busy = {name: runs for name, runs in outcome.runs.items() if runs}
    if not busy and not outcome.failures:
        say("nothing new: no table changed")
        return
    grid = Grid(
        "job",
        "rows in",
        "written",
        "deleted",
        "quarantined",
        "version",
        "s",
        "core s",
        box=None,
        pad_edge=False,
    )
    for column in grid.columns[1:]:
        column.justify = "right"
    for name, runs in sorted(busy.items()):
        grid.add_row(
            name,
            f"{sum(r.rows_in or 0 for r in runs):,}",
            f"{sum(r.rows_out for r in runs):,}",
            f"{sum(r.rows_deleted for r in runs):,}",
            f"{sum(r.rows_quarantined for r in runs):,}",
            str(runs[-1].version_out),
            f"{outcome.seconds[name]:.1f}",
            f"{sum(r.core_seconds for r in runs):.1f}",
        )
    CONSOLE.print(grid)
    for name, runs in sorted(busy.items()):
        for run in runs:
            if run.message and run.status == "succeeded":
                say(f"[yellow]note[/] {name}: {escape(run.message)}")
    if outcome.skipped:
        say(f"skipped, because they need what failed: {', '.join(sorted(set(outcome.skipped)))}")


def table_lines(graph: Graph) -> Iterator[str]:
    """One line for each table, in the order of the graph."""
    for name in graph.order:
        table = graph.jobs[name].writes
        yield f"[bold]{name}[/]  key ({', '.join(table.key)})  {len(table.columns)} columns  {escape(table.comment)}"
