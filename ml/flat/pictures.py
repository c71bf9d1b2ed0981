"""Pictures of what a flat file told: gain and calibration, Qini curves, purchases expected and made."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ml.drawing import INK, SOFT, STRONG, saved, titled
from ml.evaluate import calibration_bins, deciles
from ml.flat.classify import Classified
from ml.flat.lifetime import Fit, Summary
from ml.flat.table import Floats
from ml.flat.uplift import Split, Uplift

OTHER = "#c96f3b"
MOST_REPEATS = 7


def draw_classification(found: Classified, folder: Path) -> list[Path]:
    """``calibration.png``, ``gain_lift.png`` and ``importance.png``."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    table = deciles(found.label, found.scores)
    titled(left, f"Gain, AUC {found.metrics.auc:.3f}", "best share of rows, %", "share of positives found, %")
    left.plot([0, *(10 * d.decile for d in table)], [0, *(100 * d.gain for d in table)], color=STRONG, marker="o")
    left.plot([0, 100], [0, 100], color=SOFT, linestyle="--")
    titled(right, f"Lift, {found.metrics.lift10:.2f} in the first tenth", "decile", "lift")
    right.bar([d.decile for d in table], [d.lift for d in table], color=STRONG)
    right.axhline(1, color=INK, linewidth=0.8)
    return [_calibration(found, folder), saved(figure, folder / "gain_lift.png"), _importance(found, folder)]


def _calibration(found: Classified, folder: Path) -> Path:
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axes = titled(figure.subplots(), "Calibration", "predicted probability", "actual rate")
    bins = calibration_bins(found.label, found.scores)
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--")
    axes.plot([b.mean_score for b in bins], [b.actual_rate for b in bins], color=STRONG, marker="o")
    return saved(figure, folder / "calibration.png")


def _importance(found: Classified, folder: Path) -> Path:
    top = list(found.importance.items())[:15][::-1]
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(figure.subplots(), "Importance in the boosted model", "share of gain, %", "")
    axes.barh([name for name, _ in top], [100 * share for _, share in top], color=STRONG)
    return saved(figure, folder / "importance.png")


def draw_uplift(found: Uplift, folder: Path) -> list[Path]:
    """``qini.png``: the curves of the five splits and their mean, beside a response model's and the diagonal."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(
        figure.subplots(), f"Qini {found.qini:.4f}: {found.verdict}", "treated share of people, %", "responders gained"
    )
    share = np.linspace(0, 1, 101)
    ours, theirs = ([_at(split, scores, share) for split, scores in _scored(found, which)] for which in (0, 1))
    for line in ours:
        axes.plot(100 * share, line, color=STRONG, alpha=0.2)
    axes.plot(100 * share, np.mean(ours, axis=0), color=STRONG, label="uplift model")
    axes.plot(100 * share, np.mean(theirs, axis=0), color=OTHER, label="response model")
    axes.plot([0, 100], [0, float(np.mean(ours, axis=0)[-1])], color=SOFT, linestyle="--", label="by lot")
    axes.legend(frameon=False)
    return [saved(figure, folder / "qini.png")]


def _scored(found: Uplift, which: int) -> list[tuple[Split, Floats]]:
    return [(split, (split.scores, split.response)[which]) for split in found.splits]


def _at(split: Split, scores: Floats, share: Floats) -> Floats:
    curve = split.curve(scores)
    return np.asarray(np.interp(share * curve.people[-1], curve.people, curve.qini), dtype=np.float64)


def draw_lifetime(summary: Summary, fits: dict[str, Fit], folder: Path) -> list[Path]:
    """``conditional.png``: purchases in the horizon by purchases before, and ``alive.png``: the first model's P(alive).

    As in Fader, Hardie and Lee (2005), figure 3; and by recency and frequency.
    """
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(figure.subplots(), "Purchases in the horizon", "repeat purchases before", "mean per customer")
    group = np.minimum(summary.frequency, MOST_REPEATS).astype(int)
    counts = np.bincount(group, minlength=MOST_REPEATS + 1)
    shown = np.flatnonzero(counts)
    axes.plot(shown, _means(group, summary.later)[shown], color=INK, marker="o", label="made")
    for (name, fit), colour in zip(fits.items(), (STRONG, SOFT, OTHER), strict=True):
        axes.plot(shown, _means(group, fit.predicted)[shown], color=colour, linestyle="--", marker="s", label=name)
    axes.set_xticks(shown, [f"{n}+" if n == MOST_REPEATS else str(n) for n in shown])
    axes.legend(frameon=False)
    return [saved(figure, folder / "conditional.png"), _alive(summary, fits, folder)]


def _means(group: np.ndarray, values: Floats) -> Floats:
    counts = np.maximum(np.bincount(group, minlength=MOST_REPEATS + 1), 1)
    return np.asarray(np.bincount(group, weights=values, minlength=MOST_REPEATS + 1) / counts, dtype=np.float64)


def _alive(summary: Summary, fits: dict[str, Fit], folder: Path) -> Path:
    name, fit = next(iter(fits.items()))
    age = float(summary.T.max())
    most = int(np.quantile(summary.frequency, 0.99)) + 1
    x, seen = np.meshgrid(np.arange(1, most + 1), np.linspace(0, age, 60))
    alive = fit.model.probability_alive(x.ravel(), seen.ravel(), np.full(x.size, age)).reshape(x.shape)
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(
        figure.subplots(),
        f"Probability of being alive, {name}",
        "repeat purchases",
        "last purchase, weeks after the first",
    )
    picture = axes.imshow(
        alive, origin="lower", aspect="auto", extent=(0.5, most + 0.5, 0, age), vmin=0, vmax=1, cmap="GnBu"
    )
    figure.colorbar(picture)
    return saved(figure, folder / "alive.png")
