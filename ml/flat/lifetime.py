"""What customers will buy: purchase models from one file of transactions, judged on the time after the calibration."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from lakehouse.errors import SourceError
from ml.flat.table import Floats
from ml.models.clv import FAMILIES, GammaGammaModel
from ml.models.clv.fitted import PurchaseModel

WEEK = 7.0
MODELS = FAMILIES


@dataclass(frozen=True)
class Summary:
    """Customers at the end of the calibration, times in weeks; ``later``: purchase days in the horizon; ``money`` or None.

    Purchases of one day count once. ``money`` is the mean of the repeat days' amounts, NaN where there is none.
    """

    customer: np.ndarray
    frequency: Floats
    recency: Floats
    T: Floats
    later: Floats
    money: Floats | None
    horizon_weeks: float


@dataclass(frozen=True)
class Fit:
    """A fitted purchase model, what it predicts for each customer, and its errors on the holdout."""

    model: PurchaseModel
    predicted: Floats
    mae: float
    rmse: float
    correlation: float

    def is_promoted(self, naive_mae: float) -> str:
        """Why it is not to be used; empty when it is."""
        if self.model.degenerate_:
            return f"degenerate: {self.model.degenerate_}"
        if self.mae >= naive_mae:
            return f"no better than the past rate: MAE {self.mae:.4f} against {naive_mae:.4f}"
        return ""


def days(values: pd.Series, name: str, path: object) -> pd.Series:
    """A column as days: dates, timestamps, texts in the usual orders, or numbers like 19970131.

    Raises :class:`SourceError` that names the first row that is none.
    """
    if pd.api.types.is_numeric_dtype(values):
        found = pd.to_datetime(values.astype("Int64").astype(str), format="%Y%m%d", errors="coerce")
    else:
        found = pd.to_datetime(
            values, errors="coerce", format=None if pd.api.types.is_datetime64_any_dtype(values) else "mixed"
        )
    wrong = found.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SourceError(f"not a date: {values.iloc[row]!r}", file=path, key=name, row=row + 1)
    return found.dt.normalize()


def summarise(
    customer: pd.Series,
    day: pd.Series,
    amount: pd.Series | None,
    end: date,
    horizon_days: int | None,
) -> Summary:
    """Histories to the ``end`` of the calibration and purchase days in the horizon (default: all days after it).

    Only customers who bought by the end. Raises ``ValueError`` where nobody did, or no time is left.
    """
    rows = pd.DataFrame(
        {"customer": customer.to_numpy(), "day": day.to_numpy(), "amount": 0.0 if amount is None else amount}
    )
    rows = rows.groupby(["customer", "day"])["amount"].sum(min_count=1).reset_index()
    stop = pd.Timestamp(end)
    horizon = (rows["day"].max() - stop).days if horizon_days is None else horizon_days
    if horizon <= 0:
        raise ValueError(f"no day is left after the calibration's end {end}: the last is {rows['day'].max().date()}")
    seen = rows[rows["day"] <= stop]
    if seen.empty:
        raise ValueError(f"nobody bought until {end}")
    groups = seen.groupby("customer")["day"]
    table = pd.DataFrame({"first": groups.min(), "last": groups.max(), "n": groups.count()})
    after = rows[(rows["day"] > stop) & (rows["day"] <= stop + timedelta(days=horizon))]
    table["later"] = after.groupby("customer")["day"].count().reindex(table.index, fill_value=0)
    money = None
    if amount is not None:
        repeats = seen[seen["day"] > seen["customer"].map(table["first"])]
        money = repeats.groupby("customer")["amount"].mean().reindex(table.index).to_numpy(np.float64)
    return Summary(
        table.index.to_numpy(),
        (table["n"] - 1).to_numpy(np.float64),
        (table["last"] - table["first"]).dt.days.to_numpy(np.float64) / WEEK,
        (stop - table["first"]).dt.days.to_numpy(np.float64) / WEEK,
        table["later"].to_numpy(np.float64),
        money,
        horizon / WEEK,
    )


def fit_all(summary: Summary) -> dict[str, Fit]:
    """Every purchase model, fitted and judged."""
    return {name: _fit(kind(), summary) for name, kind in MODELS.items()}


def _fit(model: PurchaseModel, summary: Summary) -> Fit:
    model.fit(summary.frequency, summary.recency, summary.T)
    predicted = model.expected_purchases(summary.horizon_weeks)
    mae, rmse, correlation = errors(predicted, summary.later)
    return Fit(model, predicted, mae, rmse, correlation)


def errors(predicted: Floats, later: Floats) -> tuple[float, float, float]:
    """Mean absolute error, root of the mean squared error, correlation."""
    gap = predicted - later
    same = predicted.std() == 0 or later.std() == 0
    correlation = float("nan") if same else float(np.corrcoef(predicted, later)[0, 1])
    return float(np.abs(gap).mean()), float(np.sqrt((gap**2).mean())), correlation


def naive(summary: Summary) -> Floats:
    """The rate of the calibration, carried on."""
    return np.asarray(summary.frequency / np.maximum(summary.T, 1 / WEEK) * summary.horizon_weeks, dtype=np.float64)


def spending(summary: Summary) -> GammaGammaModel | str:
    """The fitted Gamma-Gamma, or why there is none."""
    if summary.money is None:
        return "there is no money in the data: no column of amounts was named"
    has_money = (summary.frequency > 0) & (np.nan_to_num(summary.money) > 0)
    if has_money.sum() < 10:
        return f"there is no money in the data: {int(has_money.sum())} customers have a repeat purchase with an amount above 0"
    try:
        return GammaGammaModel().fit(summary.frequency[has_money], summary.money[has_money])
    except ValueError as error:
        return str(error)
