"""What is expected of each customer, on Spark: a purchase model as look-ups in plain SQL, a regression by Arrow batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from ml.models.clv import EVERY_FAMILY
from ml.models.clv.tables import MOST_CELLS, Tables, tabulate
from ml.spec import Tier
from ml.value.deciles import ranked
from ml.value.histories import EVERYBODY
from ml.value.model import People, ValueModel

_BATCH = "expected_purchases double, p_alive double"
Batches = Iterable[pa.RecordBatch]


def purchases_and_alive(rows: DataFrame, model: ValueModel) -> DataFrame:
    """``rows(cohort, frequency, recency, T, …)`` with ``expected_purchases`` and ``p_alive``; without a family both are null.

    The model is tabulated over the histories that there are, which one aggregate of ``rows`` tells; see ``lookup``.
    """
    if not model.family:
        nothing = F.lit(None).cast("double")
        return rows.withColumns({"expected_purchases": nothing, "p_alive": nothing})
    most, longest = rows.agg(F.max("frequency"), F.max("T")).toArrow().to_pylist()[0].values()
    return lookup(rows.sparkSession, model, most_purchases=most or 0, longest=longest or 0)(rows)


def lookup(
    spark: SparkSession, model: ValueModel, *, most_purchases: int, longest: int
) -> Callable[[DataFrame], DataFrame]:
    """The model tabulated once, as a function that looks histories up in SQL: no Python sees a row.

    It holds for frequencies up to ``most_purchases`` and days up to ``longest``. The few who bought so often that the tables end
    before them are computed directly, in Arrow batches.
    """
    cohorts = sorted(model.purchases)

    def tables(most_factors: int | None) -> list[Tables]:
        models = (EVERY_FAMILY[model.family].of(model.purchases[cohort]) for cohort in cohorts)
        ahead, size = float(model.horizon_days), {"most_purchases": most_purchases, "longest": longest}
        cells = MOST_CELLS // len(cohorts)
        return [tabulate(one, ahead, **size, most_factors=most_factors, most_cells=cells) for one in models]

    found = tables(None)
    found = tables(min(one.factors for one in found)) if len({one.factors for one in found}) > 1 else found
    least = min(one.frequencies for one in found)
    bought, alive = _looked_up(spark, found, cohorts, least)

    def looked_up(rows: DataFrame) -> DataFrame:
        near = rows if most_purchases < least else rows.where(F.col("frequency") < least)
        told = near.withColumns({"p_alive": alive, "_bought": bought})
        told = told.select(*rows.columns, (F.col("_bought") * F.col("p_alive")).alias("expected_purchases"), "p_alive")
        if most_purchases < least:
            return told
        far = rows.where(F.col("frequency") >= least)
        return told.unionByName(far.mapInArrow(_computed(model), f"{_ddl(rows)}, {_BATCH}"))

    return looked_up


def expected_amount(model: ValueModel) -> Column:
    """Expected amount of a purchase of ``(cohort, frequency, money)``: Gamma-Gamma in plain SQL, else the mean of all."""
    if not model.spending:
        return F.lit(model.mean_amount)
    x = F.when(F.col("money") > 0, F.col("frequency")).otherwise(0)
    seen = F.when(F.col("money") > 0, F.col("money")).otherwise(0.0)

    def by(params: Mapping[str, float]) -> Column:
        p, q, v = params["p"], params["q"], params["v"]
        return F.lit(p) * (F.lit(v) + x * seen) / (F.lit(p) * x + F.lit(q - 1))

    return _by_cohort({cohort: by(params) for cohort, params in model.spending.items()})


def score_value(rows: DataFrame, model: ValueModel, *, version: str, tiers: Sequence[Tier]) -> DataFrame:
    """Score ``rows(one_id, as_of, cohort, frequency, recency, T, money, <features of a regression>)``.

    Gives ``(one_id, as_of, expected_purchases, p_alive, expected_value double, decile int, tier, top_reasons, model_version
    string)``. Deciles are cut by ``expected_value`` within a date, 1 the best tenth, equal values together. ``top_reasons`` of a
    purchase model are its three factors (``frequency``, ``recency``, ``monetary``), the farthest from the usual first; of a
    regression the three features that move the row most (tree SHAP).
    """
    found = purchases_and_alive(rows, model)
    if model.by == "regression":
        valued = found.mapInArrow(_regressed(model), f"{_ddl(found)}, expected_value double, top_reasons string")
    else:
        value = F.col("expected_purchases") * expected_amount(model)
        valued = found.withColumns({"expected_value": value, "top_reasons": _reasons(model)})
    columns = ["one_id", "as_of", "expected_purchases", "p_alive", "expected_value", "decile", "tier", "top_reasons"]
    return ranked(valued, "expected_value", tiers).select(*columns, F.lit(version).alias("model_version"))


def _looked_up(
    spark: SparkSession, found: Sequence[Tables], cohorts: Sequence[str], least: int
) -> tuple[Column, Column]:
    """Purchases if alive, and P(alive), of ``(cohort, frequency, recency, T)``."""
    times, size = found[0].times, least * found[0].times
    ends = [np.column_stack([t.now, t.bought])[:size].ravel() for t in found]
    last, at_end = (_shipped(spark, np.concatenate(parts)) for parts in ([t.last[:size] for t in found], ends))
    row = F.shiftleft(F.col("frequency").cast("int"), times.bit_length() - 1)
    if len(cohorts) > 1:
        row = row + _by_cohort({cohort: F.lit(number * size) for number, cohort in enumerate(cohorts)})
    end, seen = row.bitwiseOR(F.col("T").cast("int")), row.bitwiseOR(F.col("recency").cast("int"))
    both = F.shiftleft(end, 1)
    now, bought = at_end[both], at_end[both.bitwiseOR(F.lit(1))]  # side by side, as both are of (frequency, T)
    odds = last[seen] * now
    factors = found[0].factors
    if factors < least:
        odds = F.when(F.col("frequency") < factors, odds).otherwise(F.exp(last[seen] + now))
    rests = [t.rest[:size] for t in found if t.rest is not None]
    odds = F.greatest(odds - _shipped(spark, np.concatenate(rests))[end], F.lit(0.0)) if rests else odds
    return bought, 1 / (1 + odds)


def _shipped(spark: SparkSession, values: np.ndarray) -> Column:
    """An array that every task has, as a column to look up in."""
    array = pa.array([values], type=pa.list_(pa.field("element", pa.float64(), nullable=False)))
    return spark.createDataFrame(pa.table({"values": array})).scalar()


def _by_cohort(values: Mapping[str, Column]) -> Column:
    """The value of the row's own cohort where it has one, else everybody's."""
    chosen = values[EVERYBODY]
    for cohort, value in values.items():
        if cohort != EVERYBODY:
            chosen = F.when(F.col("cohort") == cohort, value).otherwise(chosen)
    return chosen


def _reasons(model: ValueModel) -> Column:
    usual = model.usual
    factors = {
        "frequency": F.col("expected_purchases") / F.greatest(F.col("p_alive"), F.lit(1e-9)),
        "recency": F.col("p_alive"),
        "monetary": expected_amount(model),
    }
    far = [
        F.struct((-F.abs(F.log(F.greatest(value, F.lit(1e-12)) / usual[name]))).alias("far"), F.lit(name).alias("name"))
        for name, value in factors.items()
    ]
    return F.array_join(F.transform(F.sort_array(F.array(*far)), lambda one: one["name"]), ",")


def _ddl(rows: DataFrame) -> str:
    return ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in rows.schema.fields)


def _computed(model: ValueModel) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            found = model.expected(_people(batch, ()))
            yield _with(batch, expected_purchases=pa.array(found.purchases), p_alive=pa.array(found.alive))

    return batches


def _regressed(model: ValueModel) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def batches(inputs: Batches) -> Iterator[pa.RecordBatch]:
        for batch in inputs:
            rows = _people(batch, model.features).features
            value = model.regressed(rows) if len(rows) else np.empty(0)
            yield _with(batch, expected_value=pa.array(value), top_reasons=_moved(model, rows))

    return batches


def _moved(model: ValueModel, rows: np.ndarray) -> pa.Array:
    if not len(rows):
        return pa.array([], type=pa.string())
    top = np.argsort(-np.abs(model.contributions(rows)), axis=1, kind="stable")[:, :3]
    return pa.array([",".join(row) for row in np.array(model.features, dtype=object)[top]], type=pa.string())


def _people(batch: pa.RecordBatch, features: Sequence[str]) -> People:
    def numbers(name: str) -> np.ndarray:
        return np.asarray(batch.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)

    none = np.zeros(batch.num_rows)
    held = set(batch.schema.names)
    told = {name: numbers(name) if name in held else none for name in ("frequency", "recency", "T", "money")}
    columns = [numbers(name) for name in features]
    matrix = np.column_stack(columns) if columns else np.empty((batch.num_rows, 0))
    cohort = np.array(batch.column("cohort").to_pylist(), dtype=object)
    return People(cohort=cohort, spent=none, features=matrix, later_days=none, later_amount=none, **told)


def _with(batch: pa.RecordBatch, **more: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([*batch.columns, *more.values()], names=[*batch.schema.names, *more])
