"""A model's card: what was measured when it was trained, kept beside it for reports to draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from ml.evaluate import CalibrationBin, Decile, Interval, Leak, Metrics


@dataclass(frozen=True)
class ModelCard:
    """Everything that a person needs to judge a model, measured on the hold-out unless it says otherwise.

    ``trained_as_of`` is the day of training, ``holdout_as_of`` the cut-off that was held out,
    ``training_rows`` the rows at earlier cut-offs and ``training_hash`` their people and dates (SHA-256).
    ``calibration_brier`` has the Brier score of each calibration tried, on training folds. ``importance`` is
    the share of gain by feature, largest first.
    """

    name: str
    description: str
    trained_as_of: date
    holdout_as_of: date
    horizon_days: int
    training_rows: int
    training_hash: str
    metrics: Metrics
    baseline: Metrics
    champion: Metrics | None
    gain_over_baseline: Interval
    gate_metric: str
    promoted: bool
    reason: str
    calibration: str
    calibration_brier: Mapping[str, float]
    deciles: tuple[Decile, ...]
    calibration_bins: tuple[CalibrationBin, ...]
    importance: Mapping[str, float]
    leaks: tuple[Leak, ...]
    data_versions: Mapping[str, int]

    def to_json(self) -> str:
        """Return the card as JSON text, which ``from_json`` reads."""
        return _CARD.dump_json(self, indent=1).decode()

    @staticmethod
    def from_json(text: str) -> "ModelCard":
        """Read a card that ``to_json`` wrote; raises pydantic's ``ValidationError`` for anything else."""
        return _CARD.validate_json(text)


_CARD = TypeAdapter(ModelCard)
