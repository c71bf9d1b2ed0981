"""What a model is: one file in ``conf/models``, checked when it is read."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lakehouse.errors import SettingsError
from ml.features.views import VIEWS

Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
_CLOCKS = re.compile(
    r"\b(current_date|current_timestamp|curdate|now|localtimestamp|unix_timestamp|rand|randn|random|uuid)\b",
    re.IGNORECASE,
)


def _timeless(sql: str) -> str:
    found = _CLOCKS.search(sql)
    if found:
        raise ValueError(f"{found[0]} tells another thing on another day: count from the cut-off instead")
    return sql


Sql = Annotated[str, AfterValidator(_timeless)]


class Part(BaseModel):
    """A part of a specification: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Population(Part):
    """Who is trained on and scored: Spark SQL over features; ``bought_within_days`` is short for recency."""

    bought_within_days: Days | None = None
    where: Sql = ""

    @property
    def predicate(self) -> str:
        """The population as one Spark SQL predicate over the features of a person and date."""
        bought = f"recency_days <= {self.bought_within_days}" if self.bought_within_days else ""
        return " AND ".join(f"({part})" for part in (bought, self.where) if part) or "true"


class LightGBM(Part):
    """Gradient-boosted trees; ``params`` are LightGBM's own (training sets objective, seed, threads).

    ``kind`` names the family: ``lightgbm`` gives the probability of a label, ``hazard`` the time to an event in
    steps of ``step_days``. ``search`` lists values to try by parameter; the best on folds of people is taken.
    """

    kind: Literal["lightgbm", "hazard"] = "lightgbm"
    rounds: Annotated[int, Field(ge=1, le=5000)] = 100
    params: dict[str, bool | int | float | str] = Field(default_factory=dict)
    search: dict[str, tuple[bool | int | float | str, ...]] = Field(default_factory=dict)
    step_days: Days = 15


class Fairness(Part):
    """Slices in which a model must be as calibrated as on the whole: columns that no tree sees."""

    slices: tuple[Literal["last_channel", "gender", "city_tier"], ...] = ("last_channel",)
    min_rows: Annotated[int, Field(ge=30)] = 200
    max_calibration_gap: Share = 0.10


class Gate(Part):
    """What a challenger must reach on its back-tests to become champion; the YAML explains each key."""

    metric: Literal["auc", "ap", "lift10"] = "ap"
    backtests: Annotated[int, Field(ge=1, le=12)] = 3
    budget: Annotated[float, Field(gt=0, lt=1)] = 0.1
    min_gain_over_baseline: Annotated[float, Field(ge=0)] = 0.01
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.90
    max_calibration_error: Share = 0.08
    max_rise: Positive = 3.0
    max_psi: Positive = 0.25
    max_single_feature_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.98
    fairness: Fairness = Fairness()
    min_rows: Annotated[int, Field(ge=100)] = 200
    min_positives: Annotated[int, Field(ge=10)] = 30


class Tier(Part):
    """A named run of people, best first: to a decile (1 is the best tenth), or as many as there is capacity for."""

    name: Annotated[str, Field(min_length=1)]
    to_decile: Annotated[int, Field(ge=1, le=10)] = 10
    capacity: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if {"to_decile", "capacity"} <= self.model_fields_set:
            raise ValueError("a tier ends at a decile or at a capacity, not at both")
        return self


class ModelSpec(Part):
    """One model from its population to its tiers; ``conf/models`` explains each key. Days are whole days."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: Annotated[str, Field(min_length=1)]
    cadence: Literal["daily", "weekly", "monthly"] = "daily"
    consent_purpose: Literal["marketing", "profiling", "sharing"] | None = None
    population: Population = Population(bought_within_days=365)
    horizon_days: Days = 30
    label: Annotated[Sql, Field(min_length=1)] = "orders_in_horizon > 0"
    value: Annotated[Sql, Field(min_length=1)] = "label"
    score: Literal["probability", "value"] = "probability"
    cutoffs_days_ago: Annotated[tuple[Days, ...], Field(min_length=2)]
    features: Annotated[tuple[str, ...], Field(min_length=1)] = ("purchases", "interactions")
    algorithm: LightGBM = LightGBM()
    baseline: Annotated[str, Field(min_length=1)] = "recency_days"
    calibration: Literal["auto", "none", "sigmoid", "isotonic"] = "auto"
    gate: Gate = Gate()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    suggestions: dict[str, str] = Field(default_factory=dict)
    max_rows: Annotated[int, Field(ge=100)] = 200_000
    seed: Annotated[int, Field(ge=0)] = 17

    @property
    def family(self) -> str:
        """The family of the model: lightgbm, valued (probability × amount) or hazard."""
        return "valued" if self.score == "value" else self.algorithm.kind

    @property
    def holdout_days_ago(self) -> int:
        """The latest cut-off, in days before the day of training; the registered model is not fitted on it."""
        return min(self.cutoffs_days_ago)

    @property
    def backtest_days_ago(self) -> tuple[int, ...]:
        """The cut-offs that are tested on, the latest first: those with an older one whose labels were known by then."""
        days = sorted(set(self.cutoffs_days_ago))
        tested = [day for day in days if days[-1] >= day + self.needed_days]
        return tuple(tested[: self.gate.backtests])

    @property
    def needed_days(self) -> int:
        """Days after a cut-off until its labels may be learned from: the horizon; survival learns from any step."""
        return self.algorithm.step_days if self.algorithm.kind == "hazard" else self.horizon_days

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns of the model's feature views, in the order of the views."""
        return tuple(name for view in self.features for name in VIEWS[view])

    @field_validator("features")
    @classmethod
    def _views_exist(cls, views: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [view for view in views if view not in VIEWS]
        if unknown:
            raise ValueError(f"no feature view is called {', '.join(unknown)}; there are {', '.join(VIEWS)}")
        return views

    @model_validator(mode="after")
    def _in_time_order(self) -> Self:
        """Labels of the hold-outs are known on the day of training, those of other cut-offs before a hold-out begins."""
        holdout, *earlier = sorted(set(self.cutoffs_days_ago))
        if not earlier:
            raise ValueError("cutoffs_days_ago: needs two different days, one to hold out and one to train on")
        if holdout < self.horizon_days:
            raise ValueError(f"cutoffs_days_ago: {holdout} is inside the horizon of {self.horizon_days} days")
        if len(self.backtest_days_ago) < self.gate.backtests:
            needed = sorted(set(self.cutoffs_days_ago))[: self.gate.backtests][-1] + self.needed_days
            raise ValueError(
                f"cutoffs_days_ago: {len(self.backtest_days_ago)} of {self.gate.backtests} back-tests have labels to learn "
                f"from that were known before the hold-out began; use at least {needed}"
            )
        return self

    @model_validator(mode="after")
    def _tiers_cover(self) -> Self:
        *bounded, last = self.tiers
        ends = [tier.to_decile for tier in bounded if tier.capacity is None]
        if last.capacity is not None or last.to_decile != 10:
            raise ValueError("tiers: the last tier takes everybody else: it must end at 10, or at nothing")
        if len(ends) not in {0, len(bounded)}:
            raise ValueError("tiers: each but the last needs to_decile, or each needs a capacity")
        if ends != sorted(set(ends)) or 10 in ends:
            raise ValueError(f"tiers: to_decile must rise and end at 10, not {[*ends, 10]}")
        return self


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
