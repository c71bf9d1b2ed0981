"""A lake with the planted brand's facts and models of its own files: what models need, and nothing else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.catalogue import build_graph
from jobs.context import Context
from jobs.schedule import Outcome, run_graph
from lakehouse.lake import Lake
from lakehouse.settings import ROOT, Settings
from lakehouse.table import Table
from lakehouse.tables import gold, silver
from tests.ml.planted import Brand, brand
from tests.small_lake import context_for, settings_for

ROAD = ("gold.feat_customer", "ops.model_run", "ops.model_pass_*", "gold.score_*")
NEW_MODEL = """
name: again_45d
description: Probability of another order within 45 days of people who came back once.
population: {bought_within_days: 200, where: orders_total >= 2}
horizon_days: 45
label: orders_in_horizon > 0
cutoffs_days_ago: [45, 60, 75, 105, 120, 150]
features: [purchases, basket, affinity]
algorithm:
  rounds: 40
  params: {learning_rate: 0.1, num_leaves: 5, min_data_in_leaf: 60}
gate: {backtests: 3, budget: 0.1}
tiers:
  - {name: first, capacity: 10}
  - {name: rest}
suggestions: {recency_days: come back}
"""
WORTHLESS = """
name: even_cents
description: Whether the cents that somebody spends are even, which nobody can know.
horizon_days: 45
label: floor(amount_in_horizon * 100) % 2 = 0 AND orders_in_horizon > 0
cutoffs_days_ago: [45, 60, 75, 105, 120, 150]
features: [interactions]
baseline: interactions_90d
algorithm: {rounds: 20}
tiers: [{name: all}]
"""


@dataclass(frozen=True)
class ModelLake:
    """The lake, its settings, and the truth behind its facts."""

    spark: SparkSession
    settings: Settings
    brand: Brand

    def context(self, day: date) -> Context:
        """A new process's context, as of a day."""
        context = context_for(self.spark, self.settings)
        context.day = day
        return context

    def run(self, day: date, *select: str) -> Outcome:
        """Run a selection (the models' road when none is given) as of a day."""
        context = self.context(day)
        graph = build_graph(context.sources, context.models)
        return run_graph(context, graph, graph.select(select or ROAD), lambda _job, _state: None)

    def rows(self, table: str, where: str = "true") -> list[dict[str, object]]:
        """Rows of a table by name."""
        layer, entity = table.split(".")
        frame = self.spark.read.format("delta").load(f"{self.settings.lake_path}/{layer}/{entity}")
        return list(frame.where(where).toArrow().to_pylist())

    def versions(self) -> dict[str, int]:
        """Delta version of every table, from its log."""
        logs = Path(self.settings.lake_path).glob("*/*/_delta_log")
        return {str(log.parent.name): max(int(f.stem) for f in log.glob("*.json")) for log in logs}


def model_lake(spark: SparkSession, home: Path, *, people: int = 700) -> ModelLake:
    """Make the lake: two models by their files alone, facts of the planted brand, every token one person."""
    conf = home / "conf"
    (conf / "models").mkdir(parents=True)
    for shared in ("identity.yml", "survivorship.yml", "household.yml", "spark", "sources"):
        (conf / shared).symlink_to(ROOT / "conf" / shared)
    (conf / "models" / "again_45d.yml").write_text(NEW_MODEL, encoding="utf-8")
    (conf / "models" / "even_cents.yml").write_text(WORTHLESS, encoding="utf-8")
    settings, found = settings_for(home, conf), brand(people, seed=11)
    lake = Lake(spark, settings.lake_path)
    _write(lake, gold.FCT_ORDER_LINE, _lines(found))
    kinds = sorted({line.category for line in found.lines if line.category})
    _write(
        lake, gold.DIM_PRODUCT, [_row(gold.DIM_PRODUCT, sku=kind, category=kind, is_in_master=True) for kind in kinds]
    )
    began = datetime(2024, 1, 1, tzinfo=UTC)
    people_ = [{"token": f"t-{one}", "one_id": one, "valid_from": began, "is_current": True} for one in found.people]
    _write(lake, silver.IDENTITY_MAP, [_row(silver.IDENTITY_MAP, **row) for row in people_])
    return ModelLake(spark, settings, found)


def _row(table: Table, **values: object) -> tuple[object, ...]:
    return tuple(values.get(name) for name in table.column_names)


def _lines(found: Brand) -> list[tuple[object, ...]]:
    return [
        _row(
            gold.FCT_ORDER_LINE,
            order_id=line.order_id,
            line_no=str(number),
            customer_token=f"t-{line.one_id}",
            channel=line.channel,
            place_id="p",
            sku=line.category,
            ordered_at=line.ordered_at,
            ordered_on=line.ordered_at.date() if line.ordered_at else None,
            known_at=line.known_at,
            quantity=1,
            gross_amount=line.amount,
            discount_amount=Decimal(0),
            net_amount=line.amount,
            is_return=False,
            is_cancelled=False,
        )
        for number, line in enumerate(found.lines)
    ]


def _write(lake: Lake, table: Table, rows: list[tuple[object, ...]]) -> None:
    lake.ensure(table)
    frame = lake.spark.createDataFrame(rows, table.schema_ddl, verifySchema=False)
    frame.write.format("delta").mode("append").save(lake.path(table))
