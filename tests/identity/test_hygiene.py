"""Placeholders by frequency: what stands on too many records is found, a busy device of a small lake is not."""

from collections.abc import Iterable

from pyspark.sql import DataFrame, SparkSession

from identity.hygiene import placeholders
from identity.identifiers import IdentityRules
from lakehouse.tables import silver

Seen = tuple[str, str, str | None]
FEW: dict[str, object] = {"placeholder_share": 0.1, "placeholder_min_records": 20}


def observed(spark: SparkSession, rows: Iterable[Seen]) -> DataFrame:
    """Observations of ``(record_id, id_type, id_token)``."""
    schema = "source string, record_id string, id_type string, id_token string"
    frame = spark.createDataFrame([("s", *row) for row in rows], schema)
    return frame.selectExpr("*", "timestamp'2026-01-01' as first_seen_at", "timestamp'2026-01-01' as last_seen_at")


def shared(n: int, id_type: str, token: str | None) -> list[Seen]:
    """One value on n records."""
    return [(f"{id_type}{token}{i}", id_type, token) for i in range(n)]


def own(n: int, id_type: str) -> list[Seen]:
    """A value of its own on each of n records."""
    return [(f"{id_type}-{i}", id_type, f"{id_type}-{i}") for i in range(n)]


def found(frame: DataFrame) -> set[tuple[str, str, int, float]]:
    return {(row.id_type, row.id_token, row.n_records, round(row.share, 6)) for row in frame.collect()}


def test_a_value_on_too_many_records_of_its_type_is_a_placeholder(spark: SparkSession, rules: IdentityRules) -> None:
    rows = [*shared(30, "phone", "p0"), *own(170, "phone"), *shared(25, "device", "d0"), *own(100, "device")]
    result = placeholders(observed(spark, rows), rules.model_copy(update=FEW))
    assert found(result) == {("phone", "p0", 30, 0.15), ("device", "d0", 25, 0.2)}
    assert result.columns == ["id_type", "id_token", "n_records", "share"]


def test_the_share_is_of_its_own_type_and_the_border_is_no_placeholder(
    spark: SparkSession, rules: IdentityRules
) -> None:
    rows = [*shared(20, "phone", "t"), *own(180, "phone"), *shared(30, "email", "t"), *own(300, "email")]
    assert found(placeholders(observed(spark, rows), rules.model_copy(update=FEW))) == set()
    rows += [*shared(1, "phone", "t")]
    assert found(placeholders(observed(spark, rows), rules.model_copy(update=FEW))) == {("phone", "t", 21, 0.104478)}


def test_a_busy_device_of_a_small_lake_is_no_placeholder(spark: SparkSession, rules: IdentityRules) -> None:
    rows = [*shared(300, "device", "tablet"), *own(5, "device"), *own(3, "phone")]
    assert found(placeholders(observed(spark, rows), rules)) == set()


def test_rows_without_a_value_count_for_nothing(spark: SparkSession, rules: IdentityRules) -> None:
    rows = [*shared(500, "phone", None), *shared(20, "phone", "p"), *own(5, "phone")]
    assert found(placeholders(observed(spark, rows), rules.model_copy(update=FEW))) == {("phone", "p", 20, 0.8)}


def test_no_observation_gives_no_placeholder(spark: SparkSession, rules: IdentityRules) -> None:
    empty = spark.createDataFrame([], silver.IDENTIFIER_OBSERVATION.schema_ddl)
    result = placeholders(empty, rules)
    assert result.count() == 0
    types = [(field.name, field.dataType.simpleString()) for field in result.schema]
    assert types == [("id_type", "string"), ("id_token", "string"), ("n_records", "bigint"), ("share", "double")]
