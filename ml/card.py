"""A model's card: what was measured when it was trained, kept beside it for reports to draw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pydantic import TypeAdapter

from ml.backtest import Result
from ml.earnings import Earned
from ml.evaluate import CalibrationBin, Decile, Interval, Leak, Metrics
from ml.fairness import Slice
from ml.gate import Ruling
from ml.stability import Profile


@dataclass(frozen=True)
class ModelCard:
    """Everything that a person needs to judge a model, measured on the hold-out unless it says otherwise.

    ``trained_as_of`` is the day of training, ``holdout_as_of`` the cut-off that was held out,
    ``training_rows`` the rows at earlier cut-offs and ``training_hash`` their people and dates (SHA-256).
    ``calibration_brier`` has the Brier score of each calibration tried, on training folds. ``importance`` is
    the share of gain by feature, largest first. ``backtests`` has the latest hold-out first; ``over_baseline``,
    ``over_champion``, ``slices`` and ``shifts`` (stability of the scores since each earlier cut-off) are over all of them.
    ``rulings`` is the gate's word rule by rule. ``profiles`` and ``score_profile`` are how features and scores fell on the
    hold-out: what drift is measured against.
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
    family: str = "lightgbm"
    backtests: tuple[Result, ...] = ()
    budget: float = 0.1
    over_baseline: Earned | None = None
    over_champion: Earned | None = None
    rulings: tuple[Ruling, ...] = ()
    slices: tuple[Slice, ...] = ()
    shifts: Mapping[date, float] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    score_profile: Profile | None = None

    def to_json(self) -> str:
        """Return the card as JSON text, which ``from_json`` reads."""
        return _CARD.dump_json(self, indent=1).decode()

    @staticmethod
    def from_json(text: str) -> "ModelCard":
        """Read a card that ``to_json`` wrote; raises pydantic's ``ValidationError`` for anything else."""
        return _CARD.validate_json(text)


_CARD = TypeAdapter(ModelCard)
