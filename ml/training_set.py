"""The labelled past: features, labels and values at the models' cut-offs, as all of it was known on each day that counts."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.features.outcomes import Ask, column
from ml.features.people import Inputs, number_of, people_features
from ml.features.views import ATTRIBUTES, FEATURES, SLICES
from ml.labels import eligible, label, value
from ml.spec import ModelSpec

KEYS = ("one_id", "as_of", "known_before", "label", "value", "days_to_next", "days_observed")
"""What a training set has beside slices and features.

``known_before`` is the day up to which the label was known; the two last ones are of survival models only.
"""


def moments(spec: ModelSpec, as_of: date) -> list[tuple[date, date]]:
    """Return the pairs (cut-off, day on which its label is taken) that a training on ``as_of`` needs, once each.

    Back-tested cut-offs are labelled as known today; those that they learn from as known on the day of the back-test, and
    only where the label's horizon (in survival one step of it) was over by then.
    """
    cutoffs = sorted(set(spec.cutoffs_days_ago))
    tested = [(days, 0) for days in spec.backtest_days_ago]
    learned = [(days, held) for held in spec.backtest_days_ago for days in cutoffs if days >= held + spec.needed_days]
    return [(as_of - timedelta(days=at), as_of - timedelta(days=known)) for at, known in [*tested, *learned]]


def training_sets(specs: Sequence[ModelSpec], *, as_of: date, inputs: Inputs) -> DataFrame:
    """Return the rows of all models' trainings on ``as_of``, features and outcomes in one pass over the inputs.

    ``(one_id, as_of, *SLICES, *ATTRIBUTES, *FEATURES, label@<model>@<n>, value@<model>@<n>)``, a row per person and cut-off of
    any model; labels and values are null for models that the row is not of. ``n`` counts the days on which labels are taken,
    the earliest first; ``model_rows`` takes one model's rows out of it. Nothing that became known on ``as_of`` or later is
    used, so the same call gives the same rows whenever it is made.
    """
    asked = {spec.name: moments(spec, as_of) for spec in specs}
    asks = [Ask(number_of(at), spec.horizon_days, number_of(known)) for spec in specs for at, known in asked[spec.name]]
    known = sorted({ask.known for ask in asks})
    days = [as_of, *(at for pairs in asked.values() for at, _ in pairs)]
    features = _with_attributes(people_features(days, inputs, asks), inputs.attributes)
    columns = {
        name: found
        for spec in specs
        for number, day in enumerate(known)
        if (dates := [at for at, taken in asked[spec.name] if number_of(taken) == day])
        for name, found in _labelled(spec, number, dates).items()
    }
    columns |= {f"{spec.name}@now": F.when((F.col("as_of") == F.lit(as_of)) & eligible(spec), 1.0) for spec in specs}
    rows = features.withColumns(columns)
    anybody = F.coalesce(*[F.col(f"`{name}`") for name in columns if name.startswith("label@") or "@now" in name])
    rows = rows.where(anybody.isNotNull())
    return rows.select("one_id", "as_of", *SLICES, *ATTRIBUTES, *FEATURES, *[F.col(f"`{name}`") for name in columns])


def _with_attributes(rows: DataFrame, attributes: DataFrame | None) -> DataFrame:
    """The rows with :data:`ATTRIBUTES`, of whom they were known before ``as_of``.

    Spark looks for constraints in each column under a join: labels come after it.
    """
    if attributes is None:
        return rows.withColumns({name: F.lit(None).cast("string") for name in ATTRIBUTES})
    sliced = rows.join(attributes.select("one_id", "known_since", *ATTRIBUTES), on="one_id", how="left")
    was_known = F.col("known_since") < F.col("as_of")
    return sliced.withColumns({name: F.when(was_known, F.col(name)) for name in ATTRIBUTES}).drop("known_since")


def _labelled(spec: ModelSpec, number: int, dates: Sequence[date]) -> Mapping[str, Column]:
    member = F.col("as_of").isin(list(dates)) & eligible(spec)
    found = {"label": label(spec, number), "value": value(spec, number)}
    if spec.algorithm.kind == "hazard":
        spells = ("days_to_next", "days_observed")
        found |= {name: F.col(f"`{column(name, spec.horizon_days, number)}`") for name in spells}
    return {f"{name}@{spec.name}@{number}": F.when(member, values) for name, values in found.items()}


def sample(training: DataFrame, *, max_rows: int) -> pa.Table:
    """Bring at most ``max_rows`` rows to the driver: whole people by hash of ``one_id``, always the same.

    The rows come in the order of that hash, so that a training on them is the same each time.
    """
    order = (F.xxhash64("one_id"), F.col("one_id"), F.col("as_of"))
    return training.orderBy(*order).limit(max_rows).toArrow()


def model_rows(sampled: pa.Table, specs: Sequence[ModelSpec], spec: ModelSpec, as_of: date) -> pa.Table:
    """Return one model's rows of ``sample(training_sets(specs, …))``: :data:`KEYS`, the slices, the model's features.

    A person and cut-off stands in it once for each day on which its label was taken. Last come the people of the day of
    training, without a label: what is to be told is not yet known of them.
    """
    known = sorted({taken for other in specs for _, taken in moments(other, as_of)})
    labels = [f"label@{spec.name}@{number}" for number in range(len(known))]
    there = [(number, name) for number, name in enumerate(labels) if name in sampled.column_names]
    parts = [_taken(sampled, spec, number, known[number]) for number, _ in there]
    now = sampled.filter(pc.is_valid(sampled.column(f"{spec.name}@now")))
    parts = _bounded(parts, spec.max_rows)
    return pa.concat_tables([*parts, _rows(now, spec, as_of, {})], promote_options="default")


def _taken(sampled: pa.Table, spec: ModelSpec, number: int, day: date) -> pa.Table:
    """The rows whose label was taken on the ``number``-th day."""
    mine = sampled.filter(pc.is_valid(sampled.column(f"label@{spec.name}@{number}")))
    told = {"label": "label", "value": "value"}
    told |= (
        {"days_to_next": "days_to_next", "days_observed": "days_observed"} if spec.algorithm.kind == "hazard" else {}
    )
    return _rows(mine, spec, day, {name: mine.column(f"{at}@{spec.name}@{number}") for name, at in told.items()})


def _rows(mine: pa.Table, spec: ModelSpec, day: date, told: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    days = pa.array(np.full(mine.num_rows, day, dtype="datetime64[D]"))
    keys = {"one_id": mine.column("one_id"), "as_of": mine.column("as_of"), "known_before": days}
    rest = {name: mine.column(name) for name in (*SLICES, *ATTRIBUTES, *spec.feature_names)}
    return pa.table({**keys, **told, **rest})


def _bounded(parts: Sequence[pa.Table], max_rows: int) -> list[pa.Table]:
    """All parts, cut to their first rows (whole people, by hash) where together they are too many."""
    rows = sum(part.num_rows for part in parts)
    share = min(1.0, max_rows / rows) if rows else 1.0
    return [part.slice(0, round(part.num_rows * share)) for part in parts]
