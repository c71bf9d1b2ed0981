"""What a model is: one file in ``conf/models``, checked when it is read."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from lakehouse.errors import SettingsError

Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of a specification: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Population(Part):
    """Who is trained on and scored: people seen to buy within so many days before the date."""

    bought_within_days: Days = 365


class LightGBM(Part):
    """Gradient-boosted trees; ``params`` are LightGBM's own (training sets objective, seed, threads)."""

    kind: Literal["lightgbm"] = "lightgbm"
    rounds: Annotated[int, Field(ge=1, le=5000)] = 100
    params: dict[str, bool | int | float | str] = Field(default_factory=dict)


class Gate(Part):
    """What a challenger must reach on the hold-out to become champion; the YAML explains each key."""

    metric: Literal["auc", "ap", "lift10"] = "ap"
    min_gain_over_baseline: Annotated[float, Field(ge=0)] = 0.01
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.90
    champion_tolerance: Annotated[float, Field(ge=0)] = 0.01
    max_calibration_error: Share = 0.08
    max_single_feature_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.98
    min_rows: Annotated[int, Field(ge=100)] = 200
    min_positives: Annotated[int, Field(ge=10)] = 30


class Tier(Part):
    """A named run of deciles; decile 1 is the best tenth."""

    name: Annotated[str, Field(min_length=1)]
    to_decile: Annotated[int, Field(ge=1, le=10)]


class ModelSpec(Part):
    """One model from its population to its tiers; ``conf/models`` explains each key. Days are whole days."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: Annotated[str, Field(min_length=1)]
    population: Population = Population()
    horizon_days: Days = 30
    cutoffs_days_ago: Annotated[tuple[Days, ...], Field(min_length=2)]
    algorithm: LightGBM = LightGBM()
    baseline: Annotated[str, Field(min_length=1)] = "recency_days"
    calibration: Literal["auto", "none", "sigmoid", "isotonic"] = "auto"
    gate: Gate = Gate()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    max_rows: Annotated[int, Field(ge=100)] = 200_000
    seed: Annotated[int, Field(ge=0)] = 17

    @property
    def holdout_days_ago(self) -> int:
        """The latest cut-off, in days before the day of training; nothing is fitted on it."""
        return min(self.cutoffs_days_ago)

    @field_validator("cutoffs_days_ago")
    @classmethod
    def _in_time_order(cls, cutoffs: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        """Labels of the hold-out are known on the day of training, the others before the hold-out begins."""
        horizon = info.data.get("horizon_days")
        holdout, *earlier = sorted(set(cutoffs))
        if not earlier:
            message = "needs two different days, one to hold out and one to train on"
            raise ValueError(message)
        if horizon is not None and holdout < horizon:
            raise ValueError(f"{holdout} is inside the horizon of {horizon} days")
        if horizon is not None and earlier[0] < holdout + horizon:
            needed = f"use at least {holdout + horizon}"
            raise ValueError(f"labels at {earlier[0]} are known only after the hold-out began; {needed}")
        return cutoffs

    @field_validator("tiers")
    @classmethod
    def _tiers_cover(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        ends = [tier.to_decile for tier in tiers]
        if ends != sorted(set(ends)) or ends[-1] != 10:
            raise ValueError(f"to_decile must rise and end at 10, not {ends}")
        return tiers


def load_spec(path: Path) -> ModelSpec:
    """Read one model's file; its name must be the file's.

    Raises ``SettingsError``, which names the file and every key that is wrong.
    """
    spec = _parse(path, _read(path))
    if spec.name != path.stem:
        raise SettingsError(f"name is {spec.name!r}, but the file is {path.name}", file=path, key="name")
    return spec


def load_specs(folder: Path) -> dict[str, ModelSpec]:
    """Read every ``*.yml`` of a folder, by model name, in the order of the names."""
    return {path.stem: load_spec(path) for path in sorted(folder.glob("*.yml"))}


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the model's file: {error.strerror}", file=path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"not YAML: {error}", file=path) from error


def _parse(path: Path, content: object) -> ModelSpec:
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        keys = ", ".join(key for key, _ in faults if key)
        text = "; ".join(f"{key}: {message}" if key else message for key, message in faults)
        raise SettingsError(text, file=path, key=keys or None) from error
