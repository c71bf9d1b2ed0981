"""What all pictures of models have in common: colours, axes, and how they are saved."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, STRONG = "#22313f", "#b8c4cf", "#1f7a8c"


def canvas(width: float, height: float, *, columns: int = 1, left: float = 0.7) -> tuple[Figure, list[Axes]]:
    """A figure of so many inches with axes side by side, ``left`` inches for the labels of each.

    The margins are given, not found: a layout that is found draws everything twice.
    """
    figure = Figure(figsize=(width, height))
    wide = width / columns
    gap = (left + 0.3) / (wide - left - 0.3)
    edges = {"left": left / width, "right": 1 - 0.2 / width, "bottom": 0.55 / height, "top": 1 - 0.4 / height}
    figure.subplots_adjust(**edges, wspace=gap)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def titled(axes: Axes, title: str, x: str, y: str) -> Axes:
    """Axes with title and labels, without the frame's upper and right side."""
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def saved(figure: Figure, path: Path) -> Path:
    """Write the figure; returns where."""
    figure.savefig(path)
    return path
