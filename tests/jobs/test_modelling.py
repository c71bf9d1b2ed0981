"""Facts belong to whom the map of the day said, for features and labels alike, whoever has merged since."""

from datetime import UTC, date, datetime
from decimal import Decimal

from pyspark.sql import DataFrame, SparkSession

from jobs.modelling import inputs
from lakehouse.table import Table
from lakehouse.tables import gold, silver
from ml.features.outcomes import Ask
from ml.features.people import number_of, people_features
from ml.labels import label
from tests.ml.store import SPEC


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def _frame(spark: SparkSession, table: Table, *rows: dict[str, object]) -> DataFrame:
    values = [tuple(row.get(name) for name in table.column_names) for row in rows]
    return spark.createDataFrame(values, table.schema_ddl, verifySchema=False)


def _line(token: str, day: date) -> dict[str, object]:
    keys = {"order_id": f"{token}{day}", "line_no": "1", "customer_token": token, "channel": "shop", "sku": "tea"}
    flags = {"is_return": False, "is_cancelled": False, "net_amount": Decimal(5)}
    return {**keys, **flags, "ordered_at": _at(day), "known_at": _at(day)}


def test_a_merge_moves_the_past_only_from_its_day_on_and_takes_the_label_with_it(spark: SparkSession) -> None:
    """The card is anna's until the map of 5 March finds that it is bert's; bert buys with another card, too."""
    merged = date(2025, 3, 5)
    owners = [
        {"token": "card", "one_id": "anna", "valid_from": _at(date(2025, 1, 10)), "valid_to": _at(merged)},
        {"token": "card", "one_id": "bert", "valid_from": _at(merged), "is_current": True},
        {"token": "phone", "one_id": "bert", "valid_from": _at(date(2025, 1, 10)), "is_current": True},
    ]
    bought = [_line("card", date(2024, 12, 1)), _line("phone", date(2025, 2, 1)), _line("phone", date(2025, 3, 20))]
    facts = inputs(
        lines=_frame(spark, gold.FCT_ORDER_LINE, *bought),
        interactions=_frame(spark, gold.FCT_INTERACTION),
        products=_frame(spark, gold.DIM_PRODUCT, {"sku": "tea", "category": "drinks"}),
        feedback=_frame(spark, silver.FEEDBACK),
        text_features=_frame(spark, silver.OBJECT_FEATURE),
        consents=_frame(spark, silver.CONSENT_EVENT),
        subscriptions=_frame(spark, silver.SUBSCRIPTION_EVENT),
        identity_map=_frame(spark, silver.IDENTITY_MAP, *owners),
    )
    days = [date(2025, 1, 1), date(2025, 3, 5), date(2025, 3, 6)]
    asks = [Ask(number_of(day), SPEC.horizon_days, number_of(date(2025, 5, 1))) for day in days]
    rows = people_features(days, facts, asks).select("one_id", "as_of", "orders_total", label(SPEC, 0).alias("label"))
    found = {(row["one_id"], row["as_of"]): (row["orders_total"], row["label"]) for row in rows.toArrow().to_pylist()}
    assert found == {
        ("anna", days[0]): (1, None),  # whom nobody can follow: the label would be another person's
        ("anna", days[1]): (1, None),
        ("bert", days[1]): (1, 1),
        ("bert", days[2]): (2, 1),
    }
