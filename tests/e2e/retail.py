"""The real retailer's files, and what pandas alone makes of them: the figures that gold must reproduce."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from lakehouse.settings import ROOT

DATA = ROOT.parent / "shared" / "data" / "online_retail" / "by-day"
CONF = ROOT / "examples" / "online_retail" / "conf"
SOURCE = "online_retail__line"
TEXT = {"InvoiceNo": str, "StockCode": str, "Description": str, "CustomerID": str, "Country": str}
Figures = dict[object, tuple[int, int, int]]


def daily_files(first: int | None = None) -> list[Path]:
    """The retailer's files in the order of days, all or the first so many; skips loudly where the data is not there."""
    files = sorted(DATA.glob("*.csv"))
    if not files:
        pytest.skip(f"REAL DATA IS NOT TESTED: there is no {DATA}")
    return files[:first]


def receipts(files: Sequence[Path]) -> pd.DataFrame:
    """All rows as delivered, with the day, the customer's number as whole digits, and the line's amount in cents."""
    rows = pd.concat([pd.read_csv(f, dtype=TEXT, keep_default_na=False) for f in files], ignore_index=True)
    rows["day"] = pd.to_datetime(rows["InvoiceDate"]).dt.date
    rows["customer"] = rows["CustomerID"].str.removesuffix(".0")
    thousandths = rows["Quantity"] * (rows["UnitPrice"] * 1000).round().astype("int64")
    sign = thousandths.gt(0).astype("int64") * 2 - 1
    rows["cents"] = sign * ((thousandths.abs() + 5) // 10)
    return rows


def by_day(rows: pd.DataFrame) -> Figures:
    """Revenue in cents (returns taken off), orders, and known customers by day."""
    days = rows.groupby("day")
    known = rows[rows["customer"] != ""].groupby("day")["customer"].nunique()
    frame = pd.DataFrame({"cents": days["cents"].sum(), "orders": days["InvoiceNo"].nunique(), "customers": known})
    return {day: (int(a), int(b), int(c)) for day, a, b, c in frame.fillna(0).itertuples(name=None)}


def buyers(rows: pd.DataFrame) -> pd.DataFrame:
    """The base of RFM as the literature cuts it: quantity and price above zero, customer known; one row for each."""
    sales = rows[(rows["Quantity"] > 0) & (rows["UnitPrice"] > 0) & (rows["customer"] != "")]
    return sales.groupby("customer").agg(
        frequency=("InvoiceNo", "nunique"), cents=("cents", "sum"), last=("day", "max")
    )
