"""The card of a model of value: every fit with its standard errors, how all candidates did, which was chosen and why."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from ml.value.fits import CohortFit
from ml.value.judge import Errors


@dataclass(frozen=True)
class ValueCard:
    """``chosen_on`` is the cut-off on which ``chosen`` was the best of ``selection``, ``holdout_as_of`` that of the gate.

    ``selection`` and ``holdout`` have the errors by candidate, ``past_rate`` among them; ``fits`` are those of the last cut-off.
    """

    name: str
    description: str
    trained_as_of: date
    chosen_on: date
    holdout_as_of: date
    horizon_days: int
    customers: int
    chosen: str
    promoted: bool
    reason: str
    selection: Mapping[str, Errors]
    holdout: Mapping[str, Errors]
    fits: tuple[CohortFit, ...]
    data_versions: Mapping[str, int]

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(asdict(self), default=str, ensure_ascii=False)
