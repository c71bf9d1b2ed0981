"""Pictures of a model of value: purchases by frequency, P(alive), and spend by tenth, expected and made."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ml.drawing import INK, SOFT, STRONG, saved, titled
from ml.models.clv import EVERY_FAMILY, FAMILIES
from ml.value.histories import EVERYBODY
from ml.value.model import People, ValueModel

OTHER, LAST = "#c96f3b", "#8a6fb0"
MOST = 7


def draw_value(model: ValueModel, people: People, models: Mapping[str, ValueModel], folder: Path) -> list[Path]:
    """``conditional.png`` (as Fader, Hardie and Lee, 2005, figure 3), ``spend.png``, ``alive.png`` of a model with stopping."""
    found = [_conditional(people, models, folder), _spend(model, people, folder)]
    return [*found, _alive(model, people, folder)] if model.family in FAMILIES else found


def _conditional(people: People, models: Mapping[str, ValueModel], folder: Path) -> Path:
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(figure.subplots(), "Purchase days in the horizon", "repeat purchase days before", "mean per customer")
    group = np.minimum(people.frequency, MOST).astype(int)
    shown = np.unique(group)
    axes.plot(shown, [people.later_days[group == n].mean() for n in shown], color=INK, marker="o", label="made")
    families = [name for name in EVERY_FAMILY if name in models]
    for name, colour in zip(families, (STRONG, SOFT, OTHER, LAST), strict=False):
        expected = models[name].expected(people).purchases
        axes.plot(shown, [expected[group == n].mean() for n in shown], color=colour, linestyle="--", label=name)
    axes.legend(frameon=False)
    return saved(figure, folder / "conditional.png")


def _spend(model: ValueModel, people: People, folder: Path) -> Path:
    value = model.expected(people).value
    tenths = np.array_split(np.argsort(-value, kind="stable"), 10)
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = titled(
        figure.subplots(), "Spend in the horizon", "tenth of customers by expected spend", "mean per customer"
    )
    axes.bar(range(1, 11), [people.later_amount[rows].mean() for rows in tenths], color=SOFT, label="made")
    axes.plot(range(1, 11), [value[rows].mean() for rows in tenths], color=STRONG, marker="o", label="expected")
    axes.set_xticks(range(1, 11))
    axes.legend(frameon=False)
    return saved(figure, folder / "spend.png")


def _alive(model: ValueModel, people: People, folder: Path) -> Path:
    age = float(people.T.max())
    most = int(np.quantile(people.frequency, 0.99)) + 1
    x, seen = np.meshgrid(np.arange(1, most + 1), np.linspace(0, age, 60))
    fitted = FAMILIES[model.family].of(model.purchases[EVERYBODY])
    alive = fitted.probability_alive(x.ravel(), seen.ravel(), np.full(x.size, age)).reshape(x.shape)
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    title = f"Probability of being alive, {model.family}"
    axes = titled(figure.subplots(), title, "repeat purchase days", "last purchase, days after the first")
    extent = (0.5, most + 0.5, 0, age)
    figure.colorbar(axes.imshow(alive, origin="lower", aspect="auto", extent=extent, vmin=0, vmax=1, cmap="GnBu"))
    return saved(figure, folder / "alive.png")
