"""Uplift of a brand's campaigns: judged as a flat file's is, kept as plain numbers, and scored in Arrow batches."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ml import registry
from ml.features.views import BEHAVIOUR
from ml.models.clv.histories import Floats
from ml.spec import Tier
from ml.training_set import sample
from ml.value.deciles import ranked
from ml.value.spec import UpliftSpec
from ml.value.trained import MODEL_FILE, Store, Trained

if TYPE_CHECKING:
    from ml.flat.table import Linear
    from ml.flat.uplift import Uplift

FIGURES = (
    "qini",
    "qini_low",
    "qini_high",
    "qini_response",
    "auuc",
    "uplift30",
    "effect",
    "policy_gain",
    "p_value",
)
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class UpliftModel:
    """Two linear models over the same columns: class transformation (log odds) and doubly robust (a difference).

    ``columns`` are the arguments of :class:`ml.flat.table.Linear`; weights (m,) and shifts are those of the two models.
    """

    features: tuple[str, ...]
    columns: Mapping[str, Sequence[Any]]
    weights: tuple[tuple[float, ...], tuple[float, ...]]
    shifts: tuple[float, float]

    def predict(self, rows: Floats) -> Floats:
        """Uplift (n,): the difference that a message makes to the probability to buy, of ``rows`` (n, features)."""
        found = self._linear().apply(rows)
        agrees, effect = (found @ np.array(w) + b for w, b in zip(self.weights, self.shifts, strict=True))
        return np.asarray(np.clip((2 / (1 + np.exp(-agrees)) - 1 + effect) / 2, -1, 1), dtype=np.float64)

    def _linear(self) -> "Linear":
        from ml.flat.table import Linear

        return Linear(**{name: tuple(values) for name, values in self.columns.items()})

    def to_json(self) -> str:
        """The model as JSON text, which ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "UpliftModel":
        """Read a model that ``to_json`` wrote."""
        found = json.loads(text)
        one, other = found["weights"]
        return cls(tuple(found["features"]), found["columns"], (tuple(one), tuple(other)), tuple(found["shifts"]))


def train_uplift(rows: DataFrame, spec: UpliftSpec, store: Store, *, as_of: date) -> Trained:
    """Judge uplift on a trial with features (as ``trials.with_features`` gives it), register, promote if it is usable.

    At most ``spec.max_rows`` rows are learned from, whole people by hash; a person is on one side of each split.
    """
    table = sample(rows, max_rows=spec.max_rows)
    treated, came = (np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in ("treated", "came"))
    arms = int(treated.sum()), int((1 - treated).sum())
    if min(arms) < spec.least_people:
        missing = f"not trained: {arms[0]} treated and {arms[1]} held out, {spec.least_people} of each are needed"
        return Trained(spec.name, None, None, missing, {}, None, None)
    from ml.flat.uplift import measure

    found = _features(table)
    try:
        judged = measure(found, treated, came, people=np.array(table.column("one_id").to_pylist(), dtype=object))
    except ValueError as error:
        return Trained(spec.name, None, None, f"not trained: {error}", {}, None, None)
    found = found.without([leak.feature for leak in judged.leaks])
    model = fit_linear(found.numbers, found.names, treated, came)
    return _register(spec, model, judged, as_of, arms, store)


def fit_linear(rows: Floats, names: Sequence[str], treated: Floats, came: Floats) -> UpliftModel:
    """The learners that were judged, fitted to all rows (n, features), NaN for missing."""
    from ml.flat.table import Linear
    from ml.flat.uplift import fitted

    columns = Linear.of(rows)
    matrix = columns.apply(rows)
    models: list[Any] = [one.model_ for one in fitted(matrix, treated, came)]
    agrees, robust = models
    weights = tuple(np.ravel(agrees.coef_).tolist()), tuple(np.ravel(robust.coef_).tolist())
    shifts = float(np.ravel(agrees.intercept_)[0]), float(robust.intercept_)
    return UpliftModel(tuple(names), asdict(columns), weights, shifts)


def champion(name: str, tracking_uri: str) -> tuple[UpliftModel, str] | None:
    """The champion's model and its version, or None."""
    found = registry.champion_files(name, tracking_uri)
    return None if found is None else (UpliftModel.from_json(found.texts[MODEL_FILE]), found.version)


def score_uplift(features: DataFrame, model: UpliftModel, *, version: str, tiers: Sequence[Tier]) -> DataFrame:
    """Give ``(one_id, as_of, score, decile, tier, model_version)`` for ``features(one_id, as_of, …)``, in Arrow batches."""
    numbers = (F.col(name).cast("double").alias(name) for name in model.features)
    rows = features.select("one_id", "as_of", *numbers)
    scored = rows.mapInArrow(_predicting(model), "one_id string, as_of date, score double")
    found = ranked(scored, "score", tiers)
    return found.select("one_id", "as_of", "score", "decile", "tier", F.lit(version).alias("model_version"))


def _predicting(model: UpliftModel) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            columns = [batch.column(name).to_numpy(zero_copy_only=False) for name in model.features]
            score = pa.array(model.predict(np.column_stack(columns)))
            parts = [batch.column("one_id"), batch.column("as_of"), score]
            yield pa.RecordBatch.from_arrays(parts, names=["one_id", "as_of", "score"])

    return batches


def _features(table: pa.Table) -> Any:  # noqa: ANN401 - ml.flat takes seconds to import, which only a training should pay
    from ml.flat.table import features

    return features(table.select(list(BEHAVIOUR)).to_pandas(), [])


def _register(
    spec: UpliftSpec, model: UpliftModel, judged: "Uplift", as_of: date, arms: tuple[int, int], store: Store
) -> Trained:
    from ml.flat.pictures import draw_uplift

    metrics = {name: float(getattr(judged, name)) for name in FIGURES}
    is_usable = judged.verdict == "usable"
    reason = f"{judged.verdict}: {judged.reason}"
    told = {"trained_as_of": as_of, "treated": arms[0], "held_out": arms[1], "verdict": judged.verdict}
    card = json.dumps(
        told | {"reason": reason, "metrics": metrics, "data_versions": dict(store.data_versions)}, default=str
    )
    with TemporaryDirectory() as scratch:
        training = registry.Training(
            run_name=f"{spec.name} {as_of}",
            description=spec.description,
            params={"horizon_days": spec.horizon_days, "campaigns_days": spec.campaigns_days},
            metrics=metrics,
            tags={"gate": "promoted" if is_usable else "refused", "gate_reason": reason},
            card=card,
            pictures=draw_uplift(judged, Path(scratch)),
        )
        registered = registry.register_files(
            spec.name,
            {MODEL_FILE: model.to_json()},
            training,
            tracking_uri=store.tracking_uri,
            artifacts=store.artifacts,
        )
    if is_usable:
        registry.promote(registered, tracking_uri=store.tracking_uri)
    alias = registry.CHAMPION if is_usable else registry.CHALLENGER
    return Trained(spec.name, registered.version, alias, reason, metrics, card, registered.run_id)
