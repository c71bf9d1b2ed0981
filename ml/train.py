"""One training from rows to registry: back-test, measure, ask the gate, register with a card, promote."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from threadpoolctl import threadpool_limits

from ml import backtest, evaluate, leaks, registry
from ml.backtest import Backtest
from ml.card import ModelCard
from ml.evaluate import Floats
from ml.gate import Evidence, decide
from ml.models.families import Model
from ml.registry import Champion
from ml.samples import Rows, rows_of
from ml.spec import ModelSpec
from ml.stability import profile, profiles
from ml.training_set import sample

EXPLAINED_ROWS = 400
"""Rows of the hold-out whose SHAP values are drawn."""


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


def train(
    training: DataFrame | pa.Table,
    spec: ModelSpec,
    *,
    tracking_uri: str,
    artifacts: Path,
    data_versions: Mapping[str, int],
    as_of: date,
) -> TrainedModel:
    """Train, back-test, gate and register one model; return what came of it, also where that is a refusal.

    ``training`` is what ``ml.training_set.model_rows`` returns for the same ``spec`` and ``as_of`` (the day of training), as
    an Arrow table, or as a Spark frame (sampled to ``spec.max_rows`` by hash of the person); ``(one_id, as_of, label,
    <features>)`` is enough. Each of the gate's back-tests learns only from what was known on its day. The registered model is
    that of the latest one and is not fitted again on all rows, so that its figures are its own, and so that an older champion
    is never measured on outcomes that it learned from. ``data_versions`` are the Delta versions that were read, by table. The
    same rows give the same model. Raises ``SettingsError`` if the baseline is none of the features.
    """
    table = sample(training, max_rows=spec.max_rows) if isinstance(training, DataFrame) else training
    rows = rows_of(table, as_of)
    past, held = backtest.split(rows, spec, as_of, spec.holdout_days_ago)
    missing = backtest.missing(past, held, spec)
    if missing:
        return TrainedModel(spec.name, None, None, {}, None, f"not trained: {missing}")
    with threadpool_limits(1, user_api="blas"):  # many small fits: a second thread would only wait, and burn a core
        tests = backtest.run(rows, spec, as_of)
        found = _evidence(rows, tests, spec, registry.champion(spec.name, tracking_uri))
    card = _card(spec, tests, found, data_versions, as_of)
    return _register(tests[0], card, spec, tracking_uri=tracking_uri, artifacts=artifacts)


def _evidence(rows: Rows, tests: tuple[Backtest, ...], spec: ModelSpec, old: Champion | None) -> Evidence:
    gate, latest = spec.gate, tests[0]
    past, held = latest.past, latest.held
    comparable = old if old is not None and set(old.features) <= set(held.features) else None
    champion = None if comparable is None else comparable.model.probability(held.of(comparable.features))
    to_come = rows.values[np.isnan(rows.labels)]
    return Evidence(
        challenger=evaluate.metrics(held.labels, latest.chances),
        baseline=evaluate.metrics(held.labels, latest.simple),
        gain=evaluate.gain_interval(
            held.labels, latest.rank, latest.simple, metric=gate.metric, confidence=gate.confidence, seed=spec.seed
        ),
        leaks=leaks.find(past.values, past.labels, past.features, max_auc=gate.max_single_feature_auc, latest=to_come),
        champion=None if champion is None else evaluate.metrics(held.labels, champion),
        over_baseline=backtest.over_baseline(tests, spec),
        over_champion=None
        if comparable is None
        else backtest.over_champion(tests, spec, comparable.model, comparable.card.holdout_as_of),
        pooled=backtest.pooled(tests),
        rises=backtest.rises(tests),
        shifts=backtest.shifts(tests),
        slices=backtest.by_slice(tests, spec),
    )


def _card(
    spec: ModelSpec, tests: tuple[Backtest, ...], evidence: Evidence, data_versions: Mapping[str, int], as_of: date
) -> ModelCard:
    latest = tests[0]
    decision = decide(spec.gate, evidence)
    return ModelCard(
        name=spec.name,
        description=spec.description,
        trained_as_of=as_of,
        holdout_as_of=latest.as_of,
        horizon_days=spec.horizon_days,
        training_rows=len(latest.past.labels),
        training_hash=latest.past.digest,
        metrics=evidence.challenger,
        baseline=evidence.baseline,
        champion=evidence.champion,
        gain_over_baseline=evidence.gain,
        gate_metric=spec.gate.metric,
        promoted=decision.promote,
        reason=decision.reason,
        calibration=latest.fitted.model.calibration_kind,
        calibration_brier=latest.fitted.brier,
        deciles=tuple(evaluate.deciles(latest.held.labels, latest.chances)),
        calibration_bins=tuple(evaluate.calibration_bins(latest.held.labels, latest.chances)),
        importance=_importance(latest.fitted.model),
        leaks=tuple(evidence.leaks),
        data_versions=dict(data_versions),
        family=spec.family,
        backtests=tuple(test.result(spec.gate.budget) for test in tests),
        budget=spec.gate.budget,
        over_baseline=evidence.over_baseline,
        over_champion=evidence.over_champion,
        rulings=decision.rulings,
        slices=tuple(evidence.slices),
        shifts=evidence.shifts,
        profiles=profiles(latest.held.values, latest.held.features),
        score_profile=profile(latest.scores),
    )


def _importance(model: Model) -> dict[str, float]:
    gain = model.gain()
    total = sum(gain.values()) or 1.0
    return {name: value / total for name, value in sorted(gain.items(), key=lambda item: (-item[1], item[0]))}


def _register(
    latest: Backtest,
    card: ModelCard,
    spec: ModelSpec,
    *,
    tracking_uri: str,
    artifacts: Path,
) -> TrainedModel:
    from ml.card_page import write_page
    from ml.plots import Explained, draw

    model, past = latest.fitted.model, latest.past
    some = latest.held.values[:EXPLAINED_ROWS]
    with TemporaryDirectory() as scratch:
        explained = Explained(model.features, some, model.contributions(some)[:, :-1])
        pictures = draw(card, Path(scratch), explained)
        registered = registry.log_and_register(
            model,
            card,
            tracking_uri=tracking_uri,
            artifacts=artifacts,
            params=_params(spec, latest.fitted.params),
            pictures=pictures,
            pages=[write_page(card, pictures, Path(scratch))],
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


def _params(spec: ModelSpec, chosen: Mapping[str, bool | int | float | str]) -> dict[str, object]:
    """The specification flattened to MLflow's parameters, with the parameters that the search chose."""
    apart = {"algorithm", "gate", "tiers", "name", "description", "population", "suggestions"}
    plain = spec.model_dump(mode="json", exclude=apart)
    gate = {f"gate.{key}": value for key, value in spec.gate.model_dump(exclude={"fairness"}).items()}
    gate |= {f"gate.fairness.{key}": value for key, value in spec.gate.fairness.model_dump().items()}
    trees = {f"lightgbm.{key}": value for key, value in chosen.items()}
    family = {"family": spec.family, "population": spec.population.predicate}
    return {**plain, **family, "rounds": spec.algorithm.rounds, **trees, **gate}
