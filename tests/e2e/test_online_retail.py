"""A real retailer by configuration alone: gold equals an independent recomputation with pandas, and no row is lost."""

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.people import owned
from lakehouse.tables import gold, ops, silver
from lakehouse.tables.bronze import bronze_table
from tests.e2e.retail import CONF, SOURCE, Figures, buyers, by_day, daily_files, receipts
from tests.small_lake import SmallLake

SELECT = ("+gold.mart_rfm", "gold.dim_product", "gold.dim_place", "gold.dim_date")
BRONZE = bronze_table(SOURCE, "")


def gold_by_day(small: SmallLake) -> Figures:
    """Revenue in cents, orders and known customers by day, from gold alone."""
    lines = small.read(gold.FCT_ORDER_LINE)
    who = owned(lines, small.read(silver.IDENTITY_MAP)).groupBy("ordered_on")
    customers = who.agg(F.count_distinct("one_id").alias("customers"))
    days = lines.groupBy("ordered_on").agg(
        (F.sum("net_amount") * 100).cast("bigint").alias("cents"), F.count_distinct("order_id").alias("orders")
    )
    rows = days.join(customers, on="ordered_on", how="left").select("ordered_on", "cents", "orders", "customers")
    return {r[0]: (r[1], r[2], r[3] or 0) for r in rows.collect()}


def refused_and_duplicate(small: SmallLake) -> tuple[int, int]:
    """Rows that silver.order_line refused, and rows that lost against another version, by the platform's own log."""
    refused = small.read(ops.QUARANTINE).where("stage = 'silver.order_line'").count()
    runs = small.read(ops.JOB_RUN).where("job = 'silver.order_line' AND status = 'succeeded'")
    return refused, int(runs.agg(F.sum("rows_duplicate")).collect()[0][0])


def hold_to_account(small: SmallLake, rows: pd.DataFrame) -> None:
    """Bronze = delivered; bronze = silver + quarantined + duplicates; returns and unknown customers are all there."""
    refused, duplicate = refused_and_duplicate(small)
    lines = small.read(silver.ORDER_LINE)
    delivered, kept = small.read(BRONZE).count(), lines.count()
    print(f"\nbronze {delivered:,} = silver {kept:,} + quarantined {refused:,} + duplicates {duplicate:,}")
    assert delivered == len(rows)
    assert delivered == kept + refused + duplicate
    counts = lines.agg(F.count_if(F.col("quantity") < 0), F.count_if(F.col("customer_token").isNull())).collect()[0]
    print(f"returns and corrections {counts[0]:,}, lines without a customer {counts[1]:,}")
    assert tuple(counts) == (int((rows["Quantity"] < 0).sum()), int((rows["customer"] == "").sum()))
    known = small.read(gold.MART_CUSTOMER_360).count()
    assert known == rows.loc[rows["customer"] != "", "customer"].nunique()


def hold_rfm(small: SmallLake, rows: pd.DataFrame) -> pd.DataFrame:
    """The base figures of RFM by customer are those of pandas, as sorted triples; returns gold's."""
    expected = buyers(rows)
    last = rows["day"].max()
    mart = small.read(gold.MART_RFM).select("recency_days", "frequency", "monetary_amount", "as_of").toPandas()
    mart["cents"] = (mart["monetary_amount"] * 100).astype("int64")
    assert set(mart["as_of"]) == {last}
    found = sorted(zip(mart["recency_days"], mart["cents"], strict=True))
    wanted = sorted(((last - d).days, int(c)) for d, c in zip(expected["last"], expected["cents"], strict=True))
    assert found == wanted
    return mart


@pytest.mark.real
@pytest.mark.slow
def test_five_days_in_two_runs_equal_pandas(spark: SparkSession, tmp_path: Path) -> None:
    files = daily_files(5)
    small = SmallLake(spark, tmp_path, CONF)
    for part in (files[:3], files[3:]):
        small.deliver_copy(SOURCE, part)
        assert not small.run(*SELECT).failures
    rows = receipts(files)
    assert gold_by_day(small) == by_day(rows)
    hold_to_account(small, rows)
    hold_rfm(small, rows)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole_year_thirty_days_one_by_one_and_the_rest_at_once(spark: SparkSession, tmp_path: Path) -> None:
    files = daily_files()
    assert len(files) == 305
    small = SmallLake(spark, tmp_path, CONF)
    for file in files[:30]:
        small.deliver_copy(SOURCE, [file])
        assert not small.run(*SELECT).failures
    small.deliver_copy(SOURCE, files[30:])
    assert not small.run(*SELECT).failures

    rows = receipts(files)
    assert len(rows) == 541_909
    assert gold_by_day(small) == by_day(rows)
    hold_to_account(small, rows)
    mart = hold_rfm(small, rows)
    cents = mart["cents"].sort_values(ascending=False)
    share = cents.head(int(len(cents) * 0.2)).sum() / cents.sum()
    print(
        f"{len(mart):,} customers, revenue {cents.sum() / 100:,.2f}, last day {mart['as_of'].max()}, top 20 % {share:.2%}"
    )
    assert (len(mart), int(cents.sum()), str(mart["as_of"].max())) == (4338, 891_140_790, "2011-12-09")
    assert f"{share:.2%}" == "74.59%"

    before = small.versions()
    assert not any(small.run(*SELECT).runs.values())
    assert small.versions() == before
