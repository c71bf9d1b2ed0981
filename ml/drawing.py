"""What all pictures of models have in common: colours, axes, and how they are saved."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, STRONG = "#22313f", "#b8c4cf", "#1f7a8c"


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
