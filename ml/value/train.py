"""One training of a model of value: fit on Spark, choose on one cut-off, prove it on a later one, register."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml import registry
from ml.features.views import BEHAVIOUR
from ml.training_set import sample
from ml.value.candidates import REGRESSION, candidates, regression
from ml.value.card import ValueCard
from ml.value.fits import CohortFit, fit_cohorts
from ml.value.judge import Errors, Verdict, as_metrics, best, decide, errors, past_rate
from ml.value.model import People, ValueModel
from ml.value.panel import cutoffs, panel, people_by_cutoff
from ml.value.spec import ValueSpec
from ml.value.trained import MODEL_FILE, Store, Trained

PAST_RATE = "past_rate"
MOST_TRIED = 3


@dataclass(frozen=True)
class Compared:
    """Candidates on the cut-off of the choice and on that of the gate; the errors of both, the past rate's among them."""

    at: tuple[date, date]
    models: Mapping[str, ValueModel]
    selection: Mapping[str, Errors]
    holdout: Mapping[str, Errors]
    order: tuple[str, ...]


def train_value(spec: ValueSpec, store: Store, *, as_of: date, told: DataFrame) -> Trained:
    """Fit, compare, gate and register the models of value as of the day of training ``as_of``; tell what came of it.

    ``told`` is what ``panel.told_at`` gives for the same ``spec`` and ``as_of``; it is read up to twice. All customers are fitted
    to, in this process where they are at most ``spec.max_rows`` rows; errors, and the regression, are of so many rows drawn by
    hash of the person. The registered model is the one that was measured, and is not fitted again.
    """
    rows = panel(spec, as_of, told)
    drawn = sample(rows, max_rows=spec.max_rows)
    people = people_by_cutoff(drawn)
    latest = cutoffs(spec, as_of)[-2:]
    if drawn.num_rows < spec.max_rows:
        fits = fit_cohorts(drawn.filter(pc.field("as_of").isin(latest)), least_customers=spec.least_customers)
    else:
        fits = fit_cohorts(rows.where(F.col("as_of").isin(latest)), least_customers=spec.least_customers)
    found = compare(spec, fits, people)
    if isinstance(found, str):
        return Trained(spec.name, None, None, f"not trained: {found}", {}, None, None)
    held = people[found.at[1]]
    proven = prove(spec, found, held, champion(spec.name, store.tracking_uri))
    card = _card(spec, as_of, found, fits, proven, store.data_versions)
    from ml.value.pictures import draw_value

    return _register(
        spec, proven.model, card, draw=lambda to: draw_value(proven.model, held, found.models, to), store=store
    )


@dataclass(frozen=True)
class Proven:
    """The candidate that the gate let through, or the first one with the reason why not; ``place`` is that of the choice."""

    name: str
    place: int
    model: ValueModel
    verdict: Verdict
    before: tuple[str, ...]


def prove(spec: ValueSpec, found: Compared, held: People, old: tuple[ValueModel, str] | None) -> Proven:
    """Ask the gate about the candidates in their order, at most ``MOST_TRIED``, until one passes.

    The k-th try must be surer: its error may be a k-th of the first one's. So all three err at most 1.8 times as often as one
    alone (the union bound), not three times.
    """
    baseline = past_rate(held, spec.horizon_days)
    is_comparable = old is not None and (old[0].by == "purchases" or old[0].features == BEHAVIOUR)
    known = old[0].expected(held) if old is not None and is_comparable else None
    tried: list[Proven] = []
    for place, name in enumerate(found.order[:MOST_TRIED], 1):
        model = _with_usual(found.models[name], held)
        gate = spec.gate.model_copy(update={"confidence": 1 - (1 - spec.gate.confidence) / place})
        verdict = decide(gate, held, model.expected(held), baseline, known, seed=spec.seed)
        tried.append(Proven(name, place, model, verdict, tuple(f"{t.name} {t.verdict.reason}" for t in tried)))
        if verdict.promote:
            return tried[-1]
    return tried[0]


def compare(spec: ValueSpec, fits: Sequence[CohortFit], people: Mapping[date, People]) -> Compared | str:
    """Measure every candidate on the last two cut-offs; in words why not, where nothing can be compared."""
    if len(people) < 2:
        return "nobody had bought before two of the cut-offs"
    chosen_on, holdout = sorted(people)[-2:]
    if min(len(people[day]) for day in (chosen_on, holdout)) < spec.gate.min_rows:
        return f"{len(people[chosen_on])} and {len(people[holdout])} customers, {spec.gate.min_rows} are needed"
    models = {day: _models(spec, day, fits, people) for day in (chosen_on, holdout)}
    names = [name for name in models[holdout] if name in models[chosen_on]]
    if not names:
        why = sorted({f"{fit.family}: {fit.refused}" for fit in fits if fit.refused})
        return "no purchase model is sound and there is nobody to learn a regression from; " + "; ".join(why)
    tables = []
    for day in (chosen_on, holdout):
        table = {n: errors(models[day][n].expected(people[day]), people[day], spec.gate.budget_share) for n in names}
        table[PAST_RATE] = errors(past_rate(people[day], spec.horizon_days), people[day], spec.gate.budget_share)
        tables.append(table)
    order = best({name: tables[0][name] for name in names})
    return Compared((chosen_on, holdout), models[holdout], tables[0], tables[1], tuple(order))


def champion(name: str, tracking_uri: str) -> tuple[ValueModel, str] | None:
    """The champion's model and its version, or None."""
    found = registry.champion_files(name, tracking_uri)
    return None if found is None else (ValueModel.from_json(found.texts[MODEL_FILE]), found.version)


def _models(
    spec: ValueSpec, day: date, fits: Sequence[CohortFit], people: Mapping[date, People]
) -> dict[str, ValueModel]:
    """Candidates at a cut-off; beside the regression stands the purchase model with the least error of purchases so far."""
    found = candidates(spec, day, fits, people)
    before = [one for one in sorted(people) if one < day]
    measured = {}
    for name, model in found.items():
        earlier = [errors(model.expected(people[one]), people[one], spec.gate.budget_share) for one in before]
        measured[name] = float(np.mean([one.purchases_mae or 0.0 for one in earlier])) if earlier else 0.0
    beside = found[min(measured, key=lambda name: measured[name])] if measured else None
    trees = regression(spec, day, people, beside)
    return found | ({REGRESSION: trees} if trees else {})


def _with_usual(model: ValueModel, people: People) -> ValueModel:
    """The model with the means of its three factors, with which reasons compare."""
    found = model.expected(people)
    if not model.family:
        return model
    rate = found.purchases / np.maximum(found.alive, 1e-9)
    usual = {"frequency": rate.mean(), "recency": found.alive.mean(), "monetary": model.amount(people).mean()}
    return replace(model, usual={name: float(value) for name, value in usual.items()})


def _card(
    spec: ValueSpec,
    as_of: date,
    found: Compared,
    fits: Sequence[CohortFit],
    proven: Proven,
    data_versions: Mapping[str, int],
) -> ValueCard:
    rank = f"{proven.name} was number {proven.place} of {len(found.order)} on {found.at[0]} by errors and spend at the budget"
    return ValueCard(
        name=spec.name,
        description=spec.description,
        trained_as_of=as_of,
        chosen_on=found.at[0],
        holdout_as_of=found.at[1],
        horizon_days=spec.horizon_days,
        customers=max((fit.customers for fit in fits if fit.as_of == found.at[1]), default=0),
        chosen=proven.name,
        promoted=proven.verdict.promote,
        reason="; ".join([proven.verdict.reason, rank, *(f"before it {one}" for one in proven.before)]),
        selection=found.selection,
        holdout=found.holdout,
        fits=tuple(fit for fit in fits if fit.as_of == found.at[1]),
        data_versions=dict(data_versions),
    )


def _register(
    spec: ValueSpec, model: ValueModel, card: ValueCard, *, draw: Callable[[Path], list[Path]], store: Store
) -> Trained:
    with TemporaryDirectory() as scratch:
        training = registry.Training(
            run_name=f"{spec.name} {card.trained_as_of}",
            description=spec.description,
            params={"horizon_days": spec.horizon_days, "chosen": card.chosen, "cutoffs": spec.cutoffs_days_ago},
            metrics=as_metrics(card.holdout) | _fit_metrics(card.fits),
            tags={"gate": "promoted" if card.promoted else "refused", "gate_reason": card.reason},
            card=card.to_json(),
            pictures=draw(Path(scratch)),
        )
        files = {MODEL_FILE: model.to_json()}
        registered = registry.register_files(
            spec.name, files, training, tracking_uri=store.tracking_uri, artifacts=store.artifacts
        )
    if card.promoted:
        registry.promote(registered, tracking_uri=store.tracking_uri)
    alias = registry.CHAMPION if card.promoted else registry.CHALLENGER
    shown = as_metrics({"chosen": card.holdout[card.chosen], PAST_RATE: card.holdout[PAST_RATE]})
    return Trained(spec.name, registered.version, alias, card.reason, shown, card.to_json(), registered.run_id)


def _fit_metrics(fits: Sequence[CohortFit]) -> dict[str, float]:
    """``<family>.<cohort>.<parameter>`` and its standard error, log-likelihood and customers."""
    found: dict[str, float] = {}
    for fit in fits:
        stem = f"{fit.family}.{fit.cohort}"
        found[f"{stem}.customers"] = float(fit.customers)
        found |= {f"{stem}.{name}": value for name, value in fit.params.items()}
        found |= {f"{stem}.{name}.stderr": value for name, value in fit.stderr.items() if np.isfinite(value)}
        found |= {} if fit.loglik is None else {f"{stem}.loglik": fit.loglik}
    return found
