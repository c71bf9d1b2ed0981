"""Random days of evidence through components, map, aliases and events: by increments each day as computed whole each day."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.catalogue import build_graph
from jobs.runner import run_job
from lakehouse.land import land
from lakehouse.load import Merge
from lakehouse.table import Table
from lakehouse.tables import silver
from tests.small_lake import SmallLake, context_for

FIRST = date(2025, 1, 1)
N = 80
DAYS = 12
TYPES = ("member_no", "phone", "unionid", "anonymous_web", "phone", "device")
LANDED = (silver.IDENTITY_COMPONENT, silver.IDENTITY_MAP, silver.IDENTITY_ALIAS, silver.IDENTITY_EVENT)


@dataclass
class Evidence:
    """What is known after some days: pairs of identifiers, whether each still merges, and when identifiers were first seen."""

    pairs: dict[tuple[int, int], bool] = field(default_factory=dict)
    hours: dict[int, int] = field(default_factory=dict)

    def next_day(self, dice: random.Random) -> None:
        """Some pairs come, some go, an identifier is found to be older than it seemed."""
        for pair in dice.sample(sorted(self.pairs), min(len(self.pairs), dice.randrange(5))):
            self.pairs[pair] = not self.pairs[pair]
        for _ in range(dice.randrange(1, 9)):
            one, other = sorted(dice.sample(range(N), 2))
            self.pairs[one, other] = True
            for end in (one, other):
                self.hours.setdefault(end, 1000 + dice.randrange(1000))
        if dice.random() < 0.5:
            older = dice.choice(sorted(self.hours))
            self.hours[older] -= dice.randrange(1, 300)

    def identifiers(self, spark: SparkSession) -> DataFrame:
        """Rows of silver.identifier."""
        rows = [(f"{n:032x}", TYPES[n % len(TYPES)], n, n_hours) for n, n_hours in self.hours.items()]
        frame = spark.createDataFrame(rows, "id_token string, id_type string, vertex_key long, hours int")
        seen = F.timestamp_seconds(F.col("hours") * 3600)
        one = F.lit(1).cast("long")
        return frame.withColumns({"first_seen_at": seen, "last_seen_at": seen, "n_sources": one, "n_records": one})

    def edges(self, spark: SparkSession) -> DataFrame:
        """Rows of silver.identity_edge; devices are weak evidence."""
        rows = []
        for (one, other), merges in self.pairs.items():
            types = TYPES[one % len(TYPES)], TYPES[other % len(TYPES)]
            rows.append((f"{one:032x}", f"{other:032x}", *types, "weak" if "device" in types else "strong", merges))
        frame = spark.createDataFrame(
            rows,
            "src_token string, dst_token string, src_type string, dst_type string, edge_type string, is_merging boolean",
        )
        given = {"rule_id": F.lit("r"), "weight": F.lit(1.0), "evidence_count": F.lit(1).cast("long")}
        others = {c.name: F.lit(None).cast(c.type) for c in silver.IDENTITY_EDGE.columns}
        return frame.withColumns({n: v for n, v in (others | given).items() if n not in frame.columns})


def told(small: SmallLake, evidence: Evidence, day: date) -> dict[str, list[str]]:
    """Land the evidence, run the four jobs as of the day; the rows of their tables as sorted texts."""
    context = context_for(small.spark, small.settings)
    context.day = day
    for table, rows in (
        (silver.IDENTIFIER, evidence.identifiers(small.spark)),
        (silver.IDENTITY_EDGE, evidence.edges(small.spark)),
    ):
        context.lake.ensure(table)
        land(context.lake, table, Merge(), rows)
    graph = build_graph(context.sources, context.models)
    for table in LANDED:
        run_job(context, graph.jobs[table.name])
    return {table.name: stored(small, table) for table in LANDED}


def stored(small: SmallLake, table: Table) -> list[str]:
    """The rows of a table as sorted texts."""
    return sorted(str(tuple(row)) for row in small.read(table).select(*table.column_names).collect())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_increments_equal_whole_computations_every_day(spark: SparkSession, tmp_path: Path) -> None:
    lakes = {adaptive: SmallLake(spark, tmp_path / adaptive) for adaptive in ("true", "false")}
    dice, evidence = random.Random(8), Evidence()
    kinds: set[str] = set()
    for number in range(DAYS):
        evidence.next_day(dice)
        found = {}
        for adaptive, small in lakes.items():
            spark.conf.set("spark.sql.adaptive.enabled", adaptive)
            found[adaptive] = told(small, evidence, FIRST + timedelta(days=number))
        for name, rows in found["false"].items():
            assert found["true"][name] == rows, f"day {number}, {name}"
        kinds |= {row.split("'")[1] for row in found["true"][silver.IDENTITY_EVENT.name]}
    assert kinds == {"create", "merge", "split"}, "the days had all that can happen"
