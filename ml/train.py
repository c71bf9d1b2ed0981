"""One training from rows to registry: hold out the latest cut-off, fit, measure, ask the gate, register."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from lakehouse.errors import SettingsError
from ml import evaluate, registry
from ml.card import ModelCard
from ml.evaluate import Floats
from ml.gate import Evidence, decide
from ml.models.boosted import BoostedClassifier
from ml.registry import Champion
from ml.spec import ModelSpec
from ml.training_set import KEYS, sample


@dataclass(frozen=True)
class TrainedModel:
    """What came of a training: ``alias`` is ``champion`` or ``challenger``, ``reason`` the gate's sentence.

    Where the data did not suffice nothing was registered: ``version``, ``alias``, ``run_id`` and ``card`` are
    None, ``metrics`` is empty, and ``reason`` says what was missing.
    """

    name: str
    version: str | None
    alias: str | None
    metrics: Mapping[str, float]
    run_id: str | None
    reason: str
    card: ModelCard | None = None


@dataclass(frozen=True)
class Rows:
    """One side of the split: ``values`` (n, features), ``labels`` (n,), ``people`` (n,) a number each."""

    features: tuple[str, ...]
    values: Floats
    labels: Floats
    people: NDArray[np.int64]
    digest: str

    def of(self, features: tuple[str, ...]) -> Floats:
        """Return the columns of ``features``, in that order."""
        return self.values[:, [self.features.index(name) for name in features]]


@dataclass(frozen=True)
class _Split:
    """Rows before the hold-out (``past``) and of it (``held``), for a training on the day ``as_of``."""

    as_of: date
    holdout: date
    past: Rows
    held: Rows


@dataclass(frozen=True)
class _Measured:
    """A model, the calibrations tried for it, its scores on the hold-out and what they are worth."""

    model: BoostedClassifier
    brier: Mapping[str, float]
    scores: Floats
    evidence: Evidence


def train(
    training: DataFrame | pa.Table,
    spec: ModelSpec,
    *,
    tracking_uri: str,
    artifacts: Path,
    data_versions: Mapping[str, int],
    as_of: date,
) -> TrainedModel:
    """Train, measure, gate and register one model; return what came of it, also where that is a refusal.

    ``training(one_id, as_of, label, <features>)`` is what ``training_set`` returns for the same ``spec`` and
    ``as_of`` (the day of training), as a Spark frame (sampled to ``spec.max_rows`` by hash of the person) or
    an Arrow table. Every other column is a feature. The cut-off ``spec.holdout_days_ago`` before ``as_of`` is
    held out; the registered model is the one measured on it and is not fitted again on all rows, so that its
    figures are its own, and so that an older champion is never measured on outcomes that it learned from.
    ``data_versions`` are the Delta versions that were read, by table. The same rows give the same model.
    Raises ``SettingsError`` if the baseline is none of the features.
    """
    rows = sample(training, max_rows=spec.max_rows) if isinstance(training, DataFrame) else training
    split = _split(rows, spec, as_of)
    missing = _missing(split, spec)
    if missing:
        return TrainedModel(spec.name, None, None, {}, None, f"not trained: {missing}")
    measured = _measure(split, spec, registry.champion(spec.name, tracking_uri))
    card = _card(spec, split, measured, data_versions)
    return _register(measured.model, card, spec, split.past, tracking_uri=tracking_uri, artifacts=artifacts)


def _split(rows: pa.Table, spec: ModelSpec, as_of: date) -> _Split:
    holdout = as_of - timedelta(days=spec.holdout_days_ago)
    days = rows.column("as_of")
    past, held = rows.filter(pc.less(days, holdout)), rows.filter(pc.equal(days, holdout))
    return _Split(as_of, holdout, _arrays(past), _arrays(held))


def _arrays(table: pa.Table) -> Rows:
    features = tuple(name for name in table.column_names if name not in KEYS)
    columns = [table.column(name).cast(pa.float64()).to_numpy() for name in features]
    people = table.column("one_id").to_pylist()
    days = table.column("as_of").to_pylist()
    members = "\n".join(sorted(f"{person}@{day}" for person, day in zip(people, days, strict=True)))
    return Rows(
        features=features,
        values=np.column_stack(columns) if columns else np.empty((len(people), 0)),
        labels=table.column("label").cast(pa.float64()).to_numpy(),
        people=np.array([zlib.crc32(str(person).encode()) for person in people], dtype=np.int64),
        digest=hashlib.sha256(members.encode()).hexdigest(),
    )


def _missing(split: _Split, spec: ModelSpec) -> str:
    """What is too few of, in words; empty if nothing is."""
    gate, faults = spec.gate, []
    for name, side in (("training", split.past), ("hold-out", split.held)):
        rows, positives = len(side.labels), int(side.labels.sum())
        if rows < gate.min_rows:
            faults.append(f"{rows} {name} rows, needs {gate.min_rows}")
        elif min(positives, rows - positives) < gate.min_positives:
            faults.append(f"{positives} of {rows} {name} rows are positive, needs {gate.min_positives} of each outcome")
    return "; ".join(faults)


def _measure(split: _Split, spec: ModelSpec, old: Champion | None) -> _Measured:
    # scikit-learn and LightGBM take three seconds to import, which only a training should pay.
    from ml.models.calibrated import fit_calibrated, single_feature_scores

    past, held = split.past, split.held
    if spec.baseline not in past.features:
        raise SettingsError(f"the baseline {spec.baseline!r} of {spec.name} is none of its features", key="baseline")
    fit = fit_calibrated(
        past.values,
        past.labels,
        past.people,
        past.features,
        params=spec.algorithm.params,
        rounds=spec.algorithm.rounds,
        calibration=spec.calibration,
        seed=spec.seed,
    )
    scores = fit.model.predict(held.values)
    alone = (spec.baseline,)
    baseline = single_feature_scores(past.of(alone)[:, 0], past.labels, held.of(alone)[:, 0])
    return _Measured(fit.model, fit.brier, scores, _evidence(split, spec, scores, baseline, old))


def _evidence(split: _Split, spec: ModelSpec, scores: Floats, baseline: Floats, old: Champion | None) -> Evidence:
    gate, past, held = spec.gate, split.past, split.held
    comparable = old is not None and set(old.features) <= set(held.features)
    champion = old.model.predict(held.of(old.features)) if old is not None and comparable else None
    return Evidence(
        challenger=evaluate.metrics(held.labels, scores),
        baseline=evaluate.metrics(held.labels, baseline),
        gain=evaluate.gain_interval(
            held.labels, scores, baseline, metric=gate.metric, confidence=gate.confidence, seed=spec.seed
        ),
        leaks=evaluate.leaks(past.values, past.labels, past.features, max_auc=gate.max_single_feature_auc),
        champion=None if champion is None else evaluate.metrics(held.labels, champion),
    )


def _card(spec: ModelSpec, split: _Split, measured: _Measured, data_versions: Mapping[str, int]) -> ModelCard:
    evidence, labels = measured.evidence, split.held.labels
    decision = decide(spec.gate, evidence)
    return ModelCard(
        name=spec.name,
        description=spec.description,
        trained_as_of=split.as_of,
        holdout_as_of=split.holdout,
        horizon_days=spec.horizon_days,
        training_rows=len(split.past.labels),
        training_hash=split.past.digest,
        metrics=evidence.challenger,
        baseline=evidence.baseline,
        champion=evidence.champion,
        gain_over_baseline=evidence.gain,
        gate_metric=spec.gate.metric,
        promoted=decision.promote,
        reason=decision.reason,
        calibration=measured.model.calibration.kind,
        calibration_brier=measured.brier,
        deciles=tuple(evaluate.deciles(labels, measured.scores)),
        calibration_bins=tuple(evaluate.calibration_bins(labels, measured.scores)),
        importance=_importance(measured.model),
        leaks=tuple(evidence.leaks),
        data_versions=dict(data_versions),
    )


def _importance(model: BoostedClassifier) -> dict[str, float]:
    gain = model.gain()
    total = sum(gain.values()) or 1.0
    return {name: value / total for name, value in sorted(gain.items(), key=lambda item: (-item[1], item[0]))}


def _register(
    model: BoostedClassifier,
    card: ModelCard,
    spec: ModelSpec,
    past: Rows,
    *,
    tracking_uri: str,
    artifacts: Path,
) -> TrainedModel:
    from ml.plots import draw

    with TemporaryDirectory() as scratch:
        registered = registry.log_and_register(
            model,
            card,
            tracking_uri=tracking_uri,
            artifacts=artifacts,
            params=_params(spec),
            pictures=draw(card, Path(scratch)),
            example={name: _median(past.of((name,))) for name in past.features},
        )
    if card.promoted:
        registry.promote(registered, tracking_uri=tracking_uri)
    return TrainedModel(
        name=spec.name,
        version=registered.version,
        alias=registry.CHAMPION if card.promoted else registry.CHALLENGER,
        metrics={key: float(value) for key, value in asdict(card.metrics).items()},
        run_id=registered.run_id,
        reason=card.reason,
        card=card,
    )


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _params(spec: ModelSpec) -> dict[str, object]:
    """The specification flattened to MLflow's parameters."""
    plain = spec.model_dump(mode="json", exclude={"algorithm", "gate", "tiers", "name", "description", "population"})
    gate = {f"gate.{key}": value for key, value in spec.gate.model_dump().items()}
    trees = {f"lightgbm.{key}": value for key, value in spec.algorithm.params.items()}
    return {**plain, **spec.population.model_dump(), "rounds": spec.algorithm.rounds, **trees, **gate}
