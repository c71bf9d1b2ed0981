"""Scoring on Spark: Arrow batches through all champions in one pass, only who has changed, with reasons per row."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from ml.evaluate import Floats
from ml.models.cells import fingerprint
from ml.models.families import OUTPUTS, Model
from ml.registry import Champion
from ml.spec import ModelSpec
from ml.tiers import ranked

REASONS = 3

Batches = Iterable[pa.RecordBatch]
_CARRIED = ("score", "rank", "top_reasons", "suggestion", "feature_hash", "scored_on", "model_version")
_TYPES = {
    "top_reasons": "string",
    "suggestion": "string",
    "feature_hash": "bigint",
    "scored_on": "date",
    "model_version": "string",
}


@dataclass(frozen=True)
class Due:
    """A model that scores: its champion, its file, and ``people``, a predicate on features of whom it is for."""

    champion: Champion
    spec: ModelSpec
    people: Column

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name


def carried(family: str) -> tuple[str, ...]:
    """The columns that a pass tells of a person for a model of ``family``."""
    return (*_CARRIED, *OUTPUTS[family])


def held_name(model: str, column: str) -> str:
    """The column of a pass that has ``column`` of ``model``; models stand side by side there."""
    return f"_{model}__{column}"


def score_pass(features: DataFrame, due: Sequence[Due], *, held: DataFrame | None = None) -> DataFrame:
    """Return what every model of ``due`` says of its people, side by side: one pass of Arrow batches over ``features``.

    Takes ``features(one_id string, as_of date, <the champions' features>)`` and gives ``(one_id, as_of)`` and, for each model
    and each column that its family carries, ``_<model>__<column>``; they are null for who is not among the model's people, and
    who is among nobody's has no row.

    ``held`` is an earlier pass, one row for each ``one_id``: who stands in the same cell of the same version of a model
    (``feature_hash``, see ``ml.models.cells``) keeps score, reasons and the day ``scored_on``; only the others go through
    that model. Nothing is collected; the trees travel in the task's closure and are parsed once per Python worker. Raises
    ``ContractError`` if a feature is missing.
    """
    rows = _beside(_inputs(features, due), held, due)
    schema = ", ".join(f"{name} {kind}" for name, kind in _columns(due))
    scorers = [_Scorer.of(one) for one in due]
    return rows.mapInArrow(_scored_by(scorers), f"one_id string, as_of date, {schema}")


def part(passed: DataFrame, spec: ModelSpec) -> DataFrame:
    """``(one_id, as_of, <what the model's family carries>)`` of a pass: one model's people alone."""
    own = passed.where(F.col(held_name(spec.name, "model_version")).isNotNull())
    columns = (F.col(held_name(spec.name, name)).alias(name) for name in carried(spec.family))
    return own.select("one_id", "as_of", *columns)


def published(passed: DataFrame, spec: ModelSpec) -> DataFrame:
    """A model's scores of a pass as they are published, with decile and tier within each ``as_of``.

    Gives ``(one_id, as_of, score double, decile int, tier string, top_reasons string, model_version string, suggestion string,
    rank double, feature_hash bigint, scored_on date, <the family's outputs> double)``.

    ``score`` is the calibrated probability, or the expected value. ``decile`` is 1 for the best tenth, cut by ``rank``, which has
    fewer ties. ``top_reasons`` are the names of the three features that move the row's margin most, up or down, joined by
    commas (tree SHAP); ``suggestion`` is the spec's for the feature that moves it up most. ``passed`` is read more than once, but
    all of its columns only once.
    """
    ours = (
        "score",
        "decile",
        "tier",
        "top_reasons",
        "model_version",
        "suggestion",
        "rank",
        "feature_hash",
        "scored_on",
    )
    return ranked(part(passed, spec), spec.tiers).select("one_id", "as_of", *ours, *OUTPUTS[spec.family])


def score(features: DataFrame, champion: Champion, *, spec: ModelSpec, held: DataFrame | None = None) -> DataFrame:
    """Return each row of ``features`` scored by one champion alone, as :func:`published`; ``held`` has earlier such rows."""
    before = None if held is None else _as_pass(held, spec)
    passed = score_pass(features, [Due(champion, spec, F.lit(True))], held=before)
    return published(passed.localCheckpoint(eager=False), spec)


def _as_pass(held: DataFrame, spec: ModelSpec) -> DataFrame:
    return held.select("one_id", *[F.col(name).alias(held_name(spec.name, name)) for name in carried(spec.family)])


def _columns(due: Sequence[Due]) -> list[tuple[str, str]]:
    return [(held_name(one.name, name), _TYPES.get(name, "double")) for one in due for name in carried(one.spec.family)]


def _inputs(features: DataFrame, due: Sequence[Due]) -> DataFrame:
    """One row for each of anybody's people: the champions' features once each, and a flag for each model."""
    for one in due:
        missing = sorted(set(one.champion.features) - set(features.columns))
        if missing:
            named = f"{one.champion.name} version {one.champion.version}"
            raise ContractError(f"the frame to score lacks features of {named}: {', '.join(missing)}")
    wanted = dict.fromkeys(name for one in due for name in one.champion.features)
    inputs = [F.col(name).cast("double").alias(name) for name in wanted]
    flags = [one.people.alias(_flag(one.name)) for one in due]
    anybodys = reduce(or_, (F.col(_flag(one.name)) for one in due))
    return features.select("one_id", "as_of", *inputs, *flags).where(anybodys)


def _flag(model: str) -> str:
    return f"_is {model}"


def _beside(rows: DataFrame, held: DataFrame | None, due: Sequence[Due]) -> DataFrame:
    """Each row with what was said of the person before; null where nothing was."""
    columns = _columns(due)
    if held is None:
        return rows.withColumns({name: F.lit(None).cast(kind) for name, kind in columns})
    return rows.join(held.select("one_id", *[name for name, _ in columns]), on="one_id", how="left")


def _scored_by(scorers: Sequence["_Scorer"]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            if batch.num_rows:
                found = {"one_id": batch.column("one_id"), "as_of": batch.column("as_of")}
                for scorer in scorers:
                    found |= scorer.told(batch)
                yield pa.RecordBatch.from_arrays(list(found.values()), names=list(found))

    return batches


@dataclass(frozen=True)
class _Scorer:
    """What a task needs of one model: no spec, no card, no Column."""

    name: str
    model: Model
    version: str
    suggestions: Mapping[str, str]
    carried: tuple[str, ...]

    @classmethod
    def of(cls, due: Due) -> "_Scorer":
        best = due.champion
        return cls(due.name, best.model, best.version, dict(due.spec.suggestions), carried(due.spec.family))

    def told(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """The model's columns of a batch: of its people from the model or as they were held, of all others null."""
        mine = batch.column(_flag(self.name))
        if mine.true_count == batch.num_rows:
            return self._of_people(batch)
        wanted = [*self.model.features, *(held_name(self.name, name) for name in self.carried)]
        own = batch.select(["as_of", *wanted]).filter(mine)
        place = pc.if_else(
            mine, pa.array(np.cumsum(mine.to_numpy(zero_copy_only=False)) - 1), pa.scalar(None, pa.int64())
        )
        return {name: values.take(place) for name, values in self._of_people(own).items()}

    def _of_people(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        before = {name: batch.column(held_name(self.name, name)) for name in self.carried}
        rows = _matrix(self.model, batch)
        cells = fingerprint(self.model.texts, rows)
        changed = _changed(before, cells, self.version)
        if changed.any():
            fresh = self._fresh(rows[changed], cells[changed], batch.column("as_of").filter(pa.array(changed)))
            before = {name: _merged(values, fresh[name], changed) for name, values in before.items()}
        return {held_name(self.name, name): values for name, values in before.items()}

    def _fresh(self, rows: Floats, cells: NDArray[np.int64], days: pa.Array) -> dict[str, pa.Array]:
        model, unknown = self.model, np.full(len(rows), np.nan)
        shares = model.contributions(rows)[:, :-1]
        scores, rank, outputs = model.told(rows)
        numbers = {"score": scores, "rank": rank}
        numbers |= {name: outputs.get(name, unknown) for name in self.carried if name not in _CARRIED}
        return {name: pa.array(values, from_pandas=True) for name, values in numbers.items()} | {
            "top_reasons": _top_reasons(model, shares),
            "suggestion": _suggested(model, shares, self.suggestions),
            "feature_hash": pa.array(cells),
            "scored_on": days,
            "model_version": pa.array([self.version] * len(rows), type=pa.string()),
        }


def _changed(before: Mapping[str, pa.Array], cells: NDArray[np.int64], version: str) -> NDArray[np.bool_]:
    known = before["feature_hash"].is_valid().to_numpy(zero_copy_only=False)
    same = before["feature_hash"].fill_null(0).to_numpy(zero_copy_only=False) == cells
    versions = pc.fill_null(pc.equal(before["model_version"], version), fill_value=False)
    return np.asarray(~(known & same & versions.to_numpy(zero_copy_only=False)))


def _merged(before: pa.Array, fresh: pa.Array, changed: NDArray[np.bool_]) -> pa.Array:
    """The fresh values where something changed, in order, and the held ones elsewhere."""
    both = pa.concat_arrays([before, fresh.cast(before.type)])
    place = np.arange(len(before))
    place[changed] = len(before) + np.arange(len(fresh))
    return both.take(pa.array(place))


def _matrix(model: Model, batch: pa.RecordBatch) -> Floats:
    """(rows, features) in the model's order; null becomes NaN, which LightGBM takes for missing."""
    return np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in model.features])


def _top_reasons(model: Model, shares: Floats) -> pa.Array:
    top = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :REASONS]
    names = np.array(model.features, dtype=object)[top]
    return pa.array([",".join(row) for row in names], type=pa.string())


def _suggested(model: Model, shares: Floats, suggestions: Mapping[str, str]) -> pa.Array:
    """The suggestion for the feature that moves the margin up most, of those that have one; null where none does."""
    mapped = [number for number, name in enumerate(model.features) if name in suggestions]
    if not mapped:
        return pa.nulls(len(shares), type=pa.string())
    best = np.argmax(shares[:, mapped], axis=1)
    lifts = shares[np.arange(len(shares)), np.array(mapped)[best]] > 0
    words = [suggestions[model.features[number]] for number in mapped]
    return pa.array([words[n] if up else None for n, up in zip(best, lifts, strict=True)], type=pa.string())
