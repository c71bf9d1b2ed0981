"""Maximum-likelihood fits of every purchase model and of Gamma-Gamma for each cohort, side by side on Spark.

Customers are counted first: those with the same history are one row with a weight, and amounts are put into steps of half a
percent, so that what a fit reads is bounded by the days observed and not by the number of customers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ml.models.clv import EVERY_FAMILY, GammaGammaModel
from ml.models.clv.fitted import PurchaseModel
from ml.value.histories import EVERYBODY

SPENDING = "gamma_gamma"
STEPS = 200
"""Steps of an amount's logarithm: half a percent each."""
TASKS = 8
KEYS = ("as_of", "cohort", "family")
_FITTED = "as_of date, cohort string, family string, customers bigint, numbers string, refused string"


@dataclass(frozen=True)
class CohortFit:
    """One family's fit to one cohort as of a date; ``refused`` says why it must not be used, and is empty for a sound one."""

    as_of: date
    cohort: str
    family: str
    customers: int
    refused: str
    params: Mapping[str, float]
    stderr: Mapping[str, float]
    loglik: float | None

    def purchase_model(self) -> PurchaseModel:
        """The purchase model with these parameters."""
        return EVERY_FAMILY[self.family].of(self.params)


def fit_cohorts(histories: DataFrame | pa.Table, *, least_customers: int) -> list[CohortFit]:
    """Fit all families to all cohorts of ``histories`` (as ``histories.histories`` gives them) and to everybody together.

    One task a fit, and one row a fit comes back: dates × cohorts × families; an Arrow table is fitted in this process. A cohort
    of fewer than ``least_customers`` is not fitted, and a degenerate fit is told, not hidden: see ``refused``.
    """
    fit = _fitting(least_customers)
    if isinstance(histories, pa.Table):
        fitted = pa.concat_tables([fit(key, rows) for key, rows in _counted_here(histories)])
    else:
        cells = _counted(histories).repartition(TASKS, *KEYS)
        fitted = cells.groupBy(*KEYS).applyInArrow(fit, _FITTED).toArrow()
    return sorted(map(_read, fitted.to_pylist()), key=lambda fit: (fit.as_of, fit.cohort, fit.family))


def _read(row: dict[str, Any]) -> CohortFit:
    numbers = json.loads(row.pop("numbers"))
    return CohortFit(**row, **numbers)


def _counted(histories: DataFrame) -> DataFrame:
    """``(as_of, cohort, family, frequency, recency, T, money, n)``: distinct histories, and distinct frequency and amount."""
    both = F.explode(F.array("cohort", F.lit(EVERYBODY)))
    rows = histories.select("as_of", both.alias("cohort"), "frequency", "recency", "T", "money")
    names = F.explode(F.array(*map(F.lit, EVERY_FAMILY)))
    buying = rows.groupBy("as_of", "cohort", "frequency", "recency", "T").agg(F.count(F.lit(1)).alias("n"))
    paying = (
        rows.where((F.col("frequency") > 0) & (F.col("money") > 0))
        .groupBy("as_of", "cohort", "frequency", F.round(F.log("money") * STEPS).alias("step"))
        .agg(F.count(F.lit(1)).alias("n"), F.avg("money").alias("money"))
    )
    return buying.select("as_of", "cohort", names.alias("family"), *_columns(money=F.lit(None))).unionByName(
        paying.select("as_of", "cohort", F.lit(SPENDING).alias("family"), *_columns(recency=F.lit(0), T=F.lit(0)))
    )


def _counted_here(histories: pa.Table) -> Iterator[tuple[tuple[pa.Scalar, ...], pa.Table]]:
    """What ``_counted`` gives, of a table in this process: each key with its rows."""
    for as_of in histories.column("as_of").unique():
        day = histories.filter(pc.equal(histories.column("as_of"), as_of))
        for cohort in [pa.scalar(EVERYBODY), *day.column("cohort").unique()]:
            own = day if cohort.as_py() == EVERYBODY else day.filter(pc.equal(day.column("cohort"), cohort))
            buying = _doubles(own.group_by(["frequency", "recency", "T"]).aggregate([([], "count_all")]))
            yield from (((as_of, cohort, pa.scalar(family)), buying) for family in EVERY_FAMILY)
            paid = own.filter((pc.field("frequency") > 0) & (pc.field("money") > 0))
            step = pc.round(pc.multiply(pc.ln(paid.column("money")), STEPS), round_mode="half_towards_infinity")
            cells = paid.append_column("step", step).group_by(["frequency", "step"])
            if paid.num_rows:
                told = _doubles(cells.aggregate([([], "count_all"), ("money", "mean")]))
                yield (as_of, cohort, pa.scalar(SPENDING)), told


def _doubles(rows: pa.Table) -> pa.Table:
    names = {"count_all": "n", "money_mean": "money"}
    return pa.table({names.get(name, name): rows.column(name).cast(pa.float64()) for name in rows.column_names})


def _columns(**given: Column) -> list[Column]:
    types = {"frequency": "double", "recency": "double", "T": "double", "money": "double", "n": "double"}
    return [given.get(name, F.col(name)).cast(kind).alias(name) for name, kind in types.items()]


def _fitting(least: int) -> Callable[[tuple[pa.Scalar, ...], pa.Table], pa.Table]:
    def one(key: tuple[pa.Scalar, ...], rows: pa.Table) -> pa.Table:
        as_of, cohort, family = (part.as_py() for part in key)
        customers = round(float(rows.column("n").to_numpy().sum()))
        numbers: dict[str, object] = {"params": {}, "stderr": {}, "loglik": None}
        refused = f"{customers} customers, {least} are needed" if customers < least else ""
        if not refused:
            try:
                model = _fit(family, {name: rows.column(name).to_numpy() for name in rows.column_names})
            except ValueError as error:
                refused = str(error)
            else:
                numbers = {"params": dict(model.params_), "stderr": dict(model.stderr_), "loglik": model.loglik_}
                refused = f"degenerate: {model.degenerate_}" if model.degenerate_ else ""
        row = {"as_of": as_of, "cohort": cohort, "family": family, "customers": customers}
        return pa.Table.from_pylist([row | {"numbers": json.dumps(numbers), "refused": refused}])

    return one


def _fit(family: str, rows: Mapping[str, Any]) -> PurchaseModel | GammaGammaModel:
    if family == SPENDING:
        return GammaGammaModel().fit(rows["frequency"], rows["money"], weights=rows["n"])
    return EVERY_FAMILY[family]().fit(rows["frequency"], rows["recency"], rows["T"], weights=rows["n"])


def sound(fits: list[CohortFit], family: str) -> Iterator[CohortFit]:
    """The fits of a family that may be used."""
    return (fit for fit in fits if fit.family == family and not fit.refused)
