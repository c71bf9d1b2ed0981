"""A probability times what it is worth: a calibrated classifier and, beside it, trees for the amount of who buys."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.models.boosted import BoostedClassifier, Floats, fit_trees, raw_scores

FAMILY = "valued"


@dataclass(frozen=True)
class ValuedClassifier:
    """Expected value: ``classifier``'s probability times the amount that ``amounts`` (LightGBM's text, gamma loss) expects.

    ``factor`` sets the amounts' level, so that the mean over the people learned from is theirs.
    """

    classifier: BoostedClassifier
    amounts: str
    factor: float = 1.0

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return self.classifier.features

    @property
    def texts(self) -> tuple[str, ...]:
        """Both sets of trees, as LightGBM's text."""
        return (self.classifier.text, self.amounts)

    @property
    def calibration_kind(self) -> str:
        """How the probabilities were calibrated."""
        return self.classifier.calibration_kind

    def predict(self, rows: Floats) -> Floats:
        """Return expected values, shape (n,), not negative, for ``rows`` (n, features)."""
        found = self.outputs(rows)
        return found["probability"] * found["expected_spend"]

    def probability(self, rows: Floats) -> Floats:
        """Return probabilities of the label, shape (n,)."""
        return self.classifier.predict(rows)

    def rank(self, rows: Floats) -> Floats:
        """Return what orders the rows, greater is better, shape (n,): the expected value."""
        return self.predict(rows)

    def outputs(self, rows: Floats) -> dict[str, Floats]:
        """Return ``probability`` and ``expected_spend`` (of who has the label), each (n,)."""
        amount = self.factor * np.exp(raw_scores(self.amounts, rows))
        return {"probability": self.classifier.predict(rows), "expected_spend": amount}

    def told(self, rows: Floats) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Return expected values, what orders the rows (the same) and the outputs: the trees are asked once."""
        found = self.outputs(rows)
        value = found["probability"] * found["expected_spend"]
        return value, value, found

    def contributions(self, rows: Floats) -> Floats:
        """Return each feature's share of the log of the value, (n, features + 1): SHAP of both sets of trees added up."""
        return self.classifier.contributions(rows) + raw_scores(self.amounts, rows, contributions=True)

    def gain(self) -> dict[str, float]:
        """Return the total gain of the classifier's splits on each feature."""
        return self.classifier.gain()

    def save(self, folder: Path) -> None:
        """Write the classifier's files, ``amounts.txt`` and ``value.json`` into an existing folder."""
        self.classifier.save(folder)
        (folder / "amounts.txt").write_text(self.amounts, encoding="utf-8")
        (folder / "value.json").write_text(json.dumps({"family": FAMILY, "factor": self.factor}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "ValuedClassifier":
        """Read what ``save`` wrote."""
        head = json.loads((folder / "value.json").read_text(encoding="utf-8"))
        text = (folder / "amounts.txt").read_text(encoding="utf-8")
        return cls(BoostedClassifier.load(folder), text, head["factor"])


def fit_valued(
    classifier: BoostedClassifier,
    rows: Floats,
    amounts: Floats,
    *,
    params: dict[str, bool | int | float | str],
    rounds: int,
    seed: int,
) -> ValuedClassifier:
    """Fit the amounts of who has the label and return both together.

    ``rows`` (n, features) and ``amounts`` (n,) are of people with the label; amounts not above 0 are left out, and the
    greatest hundredth is cut off, as one order in bulk would set the level of all. The gamma loss keeps the mean; ``factor``
    is 1 for nobody with an amount.
    """
    known = amounts > 0
    rows, amounts = rows[known], np.minimum(amounts[known], np.quantile(amounts[known], 0.99) if known.any() else 1.0)
    small = {**params, "min_data_in_leaf": min(int(params.get("min_data_in_leaf", 20)), max(len(rows) // 20, 5))}
    fixed: dict[str, bool | int | float | str] = {"objective": "gamma", "seed": seed}
    text = fit_trees(rows, amounts, classifier.features, params={**small, **fixed}, rounds=rounds)
    unscaled = ValuedClassifier(classifier, text)
    predicted = float(unscaled.outputs(rows)["expected_spend"].mean())
    return replace(unscaled, factor=float(amounts.mean()) / predicted if predicted > 0 else 1.0)
