"""What the models of ``conf/value`` are: files that are checked when they are read; without a file its defaults hold."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from lakehouse.errors import SettingsError
from ml.spec import Days, Part, Share, Tier

TIERS = (Tier(name="high", to_decile=2), Tier(name="medium", to_decile=5), Tier(name="low", to_decile=10))
Found = TypeVar("Found", bound=BaseModel)


class Regression(Part):
    """Gradient-boosted trees of the spend; ``params`` are LightGBM's own."""

    rounds: Annotated[int, Field(ge=1, le=5000)] = 80
    params: dict[str, bool | int | float | str] = Field(
        default={
            "learning_rate": 0.06,
            "num_leaves": 7,
            "min_data_in_leaf": 60,
            "feature_fraction": 0.6,
            "lambda_l2": 10.0,
        }
    )


class ValueGate(Part):
    """What the chosen model must reach on the last cut-off; the YAML explains each key."""

    budget_share: Annotated[float, Field(gt=0, le=0.5)] = 0.10
    budget_tolerance: Share = 0.01
    max_bias: Annotated[float, Field(gt=0)] = 0.30
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.90
    min_rows: Annotated[int, Field(ge=100)] = 300


class ValueSpec(Part):
    """Lifetime value from cut-offs to tiers; ``conf/value/clv.yml`` explains each key. Days are whole days."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "clv"
    description: str = "Purchases and spend that are expected of a customer, and the probability of being alive."
    horizon_days: Days = 90
    cutoffs_days_ago: Annotated[tuple[Days, ...], Field(min_length=3)] = (90, 180, 270)
    least_customers: Annotated[int, Field(ge=50)] = 400
    regression: Regression = Regression()
    gate: ValueGate = ValueGate()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = TIERS
    max_rows: Annotated[int, Field(ge=100)] = 100_000
    seed: Annotated[int, Field(ge=0)] = 17

    @model_validator(mode="after")
    def _labels_are_known(self) -> Self:
        """Each cut-off's outcomes are known before the next begins, the last one's on the day of training."""
        days = sorted(self.cutoffs_days_ago)
        gaps = [days[0], *(b - a for a, b in pairwise(days))]
        if min(gaps) < self.horizon_days:
            raise ValueError(f"cutoffs_days_ago must be {self.horizon_days} days (the horizon) apart, from today on")
        return self


class UpliftSpec(Part):
    """Uplift of campaigns; ``conf/value/uplift.yml`` explains each key."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "uplift"
    description: str = (
        "By how much a campaign's message raises the probability that a customer buys in the two weeks after."
    )
    horizon_days: Days = 14
    campaigns_days: Days = 365
    least_people: Annotated[int, Field(ge=100)] = 500
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = TIERS
    max_rows: Annotated[int, Field(ge=100)] = 20_000
    seed: Annotated[int, Field(ge=0)] = 17


def load_part(path: Path, kind: type[Found]) -> Found:
    """Read one file of ``conf/value``; where there is none, the defaults hold.

    Raises ``SettingsError``, which names the file and every key that is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        return kind.model_validate(content or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"not YAML: {error}", file=path) from error
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        text = "; ".join(f"{key}: {message}" if key else message for key, message in faults)
        raise SettingsError(text, file=path, key=", ".join(key for key, _ in faults if key) or None) from error
