"""Pictures of a model's card as PNG files, drawn without a display and without pyplot's global state."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.card import ModelCard

INK, SOFT, STRONG = "#22313f", "#b8c4cf", "#1f7a8c"


def draw(card: ModelCard, folder: Path) -> list[Path]:
    """Write ``calibration.png``, ``gain_lift.png`` and ``importance.png`` into a folder and return them."""
    title = f"{card.name}, hold-out {card.holdout_as_of}"
    return [
        _save(_calibration(card, title), folder / "calibration.png"),
        _save(_gain_lift(card, title), folder / "gain_lift.png"),
        _save(_importance(card, title), folder / "importance.png"),
    ]


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path)
    return path


def _axes(axes: Axes, title: str, x: str, y: str) -> Axes:
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _calibration(card: ModelCard, title: str) -> Figure:
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axes = _axes(figure.subplots(), f"Calibration: {title}", "predicted probability", "actual rate")
    bins = card.calibration_bins
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", label="perfect")
    axes.plot(
        [b.mean_score for b in bins],
        [b.actual_rate for b in bins],
        color=STRONG,
        label=f"calibration: {card.calibration}",
    )
    biggest = max(b.rows for b in bins)
    sizes = [20 + 180 * b.rows / biggest for b in bins]
    axes.scatter([b.mean_score for b in bins], [b.actual_rate for b in bins], s=sizes, color=STRONG, alpha=0.6)
    axes.legend(frameon=False, title=f"mean error {card.metrics.calibration_error:.3f}")
    return figure


def _gain_lift(card: ModelCard, title: str) -> Figure:
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    tenths = [d.decile for d in card.deciles]
    _axes(left, f"Gain: {title}", "best share of people, %", "share of buyers found, %")
    left.plot([0, *(10 * n for n in tenths)], [0, *(100 * d.gain for d in card.deciles)], color=STRONG, marker="o")
    left.plot([0, 100], [0, 100], color=SOFT, linestyle="--")
    _axes(right, f"Lift: AUC {card.metrics.auc:.3f}, baseline {card.baseline.auc:.3f}", "decile", "lift")
    right.bar(tenths, [d.lift for d in card.deciles], color=STRONG)
    right.axhline(1, color=INK, linewidth=0.8)
    right.set_xticks(tenths)
    return figure


def _importance(card: ModelCard, title: str) -> Figure:
    top = list(card.importance.items())[:15][::-1]
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = _axes(figure.subplots(), f"Importance: {title}", "share of gain, %", "")
    axes.barh([name for name, _ in top], [100 * share for _, share in top], color=STRONG)
    return figure
