"""Pictures of a model's card as PNG files, drawn without a display and without pyplot's global state."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ml.card import ModelCard
from ml.drawing import INK, SOFT, STRONG, canvas, saved, titled
from ml.evaluate import Floats


@dataclass(frozen=True)
class Explained:
    """Some rows' ``values`` and SHAP ``shares``, both (n, features)."""

    features: tuple[str, ...]
    values: Floats
    shares: Floats


def draw(card: ModelCard, folder: Path, explained: Explained | None = None) -> list[Path]:
    """Write the card's pictures into a folder and return them.

    ``calibration.png``, ``gain_lift.png``, ``importance.png``; ``drift.png`` where there were several back-tests, and
    ``shap.png`` where some rows are ``explained``.
    """
    title = f"{card.name}, hold-out {card.holdout_as_of}"
    drawn = {
        "calibration": _calibration(card, title),
        "gain_lift": _gain_lift(card, title),
        "importance": _importance(card, title),
    }
    drawn |= {"drift": _drift(card)} if card.shifts else {}
    drawn |= {"shap": _shap(explained, title)} if explained is not None and len(explained.values) else {}
    return [saved(figure, folder / f"{name}.png") for name, figure in drawn.items()]


def _calibration(card: ModelCard, title: str) -> Figure:
    figure, (axes,) = canvas(5, 4.4)
    titled(axes, f"Calibration: {title}", "predicted probability", "actual rate")
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
    figure, (left, right) = canvas(9, 4, columns=2)
    tenths = [d.decile for d in card.deciles]
    titled(left, f"Gain: {title}", "best share of people, %", "share of buyers found, %")
    left.plot([0, *(10 * n for n in tenths)], [0, *(100 * d.gain for d in card.deciles)], color=STRONG, marker="o")
    left.plot([0, 100], [0, 100], color=SOFT, linestyle="--")
    titled(right, f"Lift: AUC {card.metrics.auc:.3f}, baseline {card.baseline.auc:.3f}", "decile", "lift")
    right.bar(tenths, [d.lift for d in card.deciles], color=STRONG)
    right.axhline(1, color=INK, linewidth=0.8)
    right.set_xticks(tenths)
    return figure


def _importance(card: ModelCard, title: str) -> Figure:
    top = list(card.importance.items())[:15][::-1]
    figure, (axes,) = canvas(6.5, 4.6, left=2.1)
    titled(axes, f"Importance: {title}", "share of gain, %", "")
    axes.barh([name for name, _ in top], [100 * share for _, share in top], color=STRONG)
    return figure


def _drift(card: ModelCard) -> Figure:
    """AUC and earnings of each back-test, and how far the scores had moved since."""
    figure, (left, right) = canvas(9, 4, columns=2, left=0.85)
    tests = card.backtests[::-1]
    days = [test.as_of.isoformat() for test in tests]
    titled(left, f"Back-tests: {card.name}", "", "AUC")
    left.plot(days, [t.metrics.auc for t in tests], color=STRONG, marker="o", label="model")
    left.plot(days, [t.baseline.auc for t in tests], color=SOFT, marker="o", label="baseline")
    left.legend(frameon=False)
    shifts = sorted(card.shifts.items())
    titled(right, "Shift of the scores up to the latest", "since", "PSI")
    right.bar([day.isoformat() for day, _ in shifts], [value for _, value in shifts], color=STRONG)
    right.axhline(0.1, color=INK, linewidth=0.8)
    return figure


def _shap(explained: Explained, title: str) -> Figure:
    """A dot for each row and feature: how far it moved the score, darker where the value is high."""
    weight = np.abs(explained.shares).mean(axis=0)
    top = np.argsort(-weight, kind="stable")[:12][::-1]
    figure, (axes,) = canvas(7.5, 5, left=2.1)
    titled(axes, f"SHAP: {title}", "share of the log odds; darker: a higher value", "")
    for height, feature in enumerate(top):
        shares, values = explained.shares[:, feature], explained.values[:, feature]
        order = np.argsort(np.argsort(np.nan_to_num(values, nan=-np.inf), kind="stable"), kind="stable")
        spread = (np.arange(len(shares)) * 0.618 % 1 - 0.5) * 0.7
        axes.scatter(shares, height + spread, c=order, cmap="viridis_r", s=5, alpha=0.7)
    axes.set_yticks(range(len(top)), [explained.features[n] for n in top])
    axes.axvline(0, color=INK, linewidth=0.8)
    return figure
