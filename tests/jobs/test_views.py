"""The views follow their people: after a merge, old facts and old ids lead to whoever stands for them now."""

from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner
from pyspark.sql import SparkSession

from jobs.cli import cli
from jobs.views import owned_tables, views

MAP = "token string, one_id string, is_current boolean"


def write(spark: SparkSession, home: Path, table: str, rows: Sequence[tuple[object, ...]], schema: str) -> None:
    """A Delta table of the lake, anew."""
    path = f"{home}/{table.replace('.', '/')}"
    spark.createDataFrame(rows, schema).write.format("delta").mode("overwrite").save(path)


def create(spark: SparkSession, home: Path) -> None:
    """The views that the test reads, as a catalogue would have them."""
    for name, statement in views(owned_tables(), str(home)):
        if name in {"gold_fct_order_line_by_person", "person_now"}:
            spark.sql(statement.removesuffix(";").replace("REPLACE VIEW", "REPLACE TEMPORARY VIEW"))


def test_after_a_merge_facts_are_where_they_belong_and_were_not_touched(spark: SparkSession, tmp_path: Path) -> None:
    session = spark.newSession()
    lines: list[tuple[str | None, str]] = [("t1", "o1"), ("t2", "o2"), (None, "o3")]
    write(session, tmp_path, "gold.fct_order_line", lines, "customer_token string, order_id string")
    write(session, tmp_path, "silver.identity_map", [("t1", "A", True), ("t2", "B", True)], MAP)
    write(session, tmp_path, "silver.identity_alias", [], "old_id string, current_id string, reason string")
    create(session, tmp_path)
    query = "SELECT order_id, one_id FROM gold_fct_order_line_by_person"
    assert {tuple(row) for row in session.sql(query).collect()} == {("o1", "A"), ("o2", "B"), ("o3", None)}
    merged = [("t1", "A", True), ("t2", "B", False), ("t2", "A", True)]
    write(session, tmp_path, "silver.identity_map", merged, MAP)
    write(
        session,
        tmp_path,
        "silver.identity_alias",
        [("B", "A", "merge")],
        "old_id string, current_id string, reason string",
    )
    create(session, tmp_path)
    assert {tuple(row) for row in session.sql(query).collect()} == {("o1", "A"), ("o2", "A"), ("o3", None)}
    now = {tuple(row) for row in session.sql("SELECT one_id, current_id FROM person_now").collect()}
    assert now == {("A", "A"), ("B", "A")}


def test_every_table_with_tokens_has_its_view() -> None:
    done = CliRunner().invoke(cli, ["views"])
    assert done.exit_code == 0
    made = [line.split()[4] for line in done.output.splitlines() if line.startswith("CREATE OR REPLACE VIEW")]
    assert {"gold_fct_order_line_by_person", "silver_order_line_by_person", "person_now"} <= set(made)
    assert len(made) == len(set(made)) == 1 + sum("customer_token" in table.column_names for table in owned_tables())
