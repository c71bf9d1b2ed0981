"""Households that were found in a lake of the simulated brand, held against the planted ones.

    python -m benchmarks.households HOME

HOME is the home of a lake with `simulated/truth` beside it in which `silver.household_map` has run (`kith demo`, or `kith run
+silver.household_map`). Judged are pairs of planted people. A found person stands for the planted one who has most of their
identifiers that only one planted person has. Somebody found in several pieces shares a home with nobody else: that makes no
pair, and is told apart. Of the planted pairs, those *within sight* have both people behind some parcel's address or some edge
that the fences cut: of the others no record says anything.
"""

import argparse
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.context import Context
from jobs.people import owned
from jobs.reporting.accuracy import tokenised
from lakehouse.settings import load_settings
from lakehouse.tables import person, silver


def main() -> None:
    """Print precision and recall of the pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    context = Context(load_settings(None, home=str(parser.parse_args().home)))
    planted = _planted(context)
    stands_for = _stands_for(context).localCheckpoint()
    homes = planted.localCheckpoint()
    true = _pairs(homes, "household_id").localCheckpoint()
    kept = context.lake.read(person.HOUSEHOLD_MAP).where("household_id IS NOT NULL")
    placed = kept.join(stands_for, on="one_id", how="inner").localCheckpoint()
    found = _pairs(placed, "household_id").localCheckpoint()
    pieces = placed.groupBy("household_id").agg(F.count("*").alias("n"), F.count_distinct("person_id").alias("people"))
    sight = _in_sight(context).join(stands_for, on="one_id", how="inner").select("person_id").distinct()
    ends = [sight.withColumnRenamed("person_id", end) for end in ("src", "dst")]
    visible = true.join(ends[0], on="src", how="inner").join(ends[1], on="dst", how="inner").count()
    right = found.join(true, on=["src", "dst"], how="inner").count()
    n_found, n_true = found.count(), true.count()
    print(
        f"{homes.count():,} people planted, {kept.count():,} in {kept.select('household_id').distinct().count():,} households"
    )
    print(
        f"{pieces.where('people = 1 AND n > 1').count():,} of these households are one planted person in several pieces"
    )
    print(f"precision {right / n_found if n_found else 1:.4f} ({right:,} of {n_found:,} pairs found)")
    print(f"recall {right / visible if visible else 1:.4f} of the {visible:,} pairs within sight")
    print(f"recall {right / n_true if n_true else 1:.4f} of all {n_true:,} planted pairs")
    for row in kept.groupBy("evidence").count().orderBy(F.desc("count")).collect():
        print(f"  {row['count']:6,} people by {row['evidence']}")


def _planted(context: Context) -> DataFrame:
    folder = f"{context.settings.home}/simulated/truth/person"
    return context.spark.read.parquet(folder).select("person_id", "household_id")


def _stands_for(context: Context) -> DataFrame:
    """``(one_id, person_id)``: the planted person with most of a found one's identifiers."""
    truth = context.spark.read.parquet(f"{context.settings.home}/simulated/truth/identifier")
    tokens = tokenised(truth, context.key).withColumnRenamed("token", "customer_token")
    alone = tokens.groupBy("customer_token").agg(F.count_distinct("person_id").alias("n")).where("n = 1")
    votes = owned(tokens.join(alone, on="customer_token", how="left_semi"), context.lake.read(silver.IDENTITY_MAP))
    counted = votes.groupBy("one_id", "person_id").agg(F.count("*").alias("n"))
    return counted.groupBy("one_id").agg(F.max_by("person_id", F.struct("n", "person_id")).alias("person_id"))


def _in_sight(context: Context) -> DataFrame:
    """``(one_id)`` of people behind a parcel's address or an edge that the fences cut."""
    orders = context.lake.read(silver.ORDER_HEADER).where("address_token IS NOT NULL").select("customer_token")
    cut = context.lake.read(silver.IDENTITY_EDGE).where("fence_reason IS NOT NULL")
    ends = cut.select(F.explode(F.array("src_token", "dst_token")).alias("customer_token"))
    return owned(orders.unionByName(ends), context.lake.read(silver.IDENTITY_MAP)).select("one_id").distinct()


def _pairs(people: DataFrame, home: str) -> DataFrame:
    """``(src, dst)``: planted people with the same home, each pair once."""
    src, dst = (people.select(home, F.col("person_id").alias(end)) for end in ("src", "dst"))
    return src.join(dst, on=home, how="inner").where(F.col("src") < F.col("dst")).select("src", "dst").distinct()


if __name__ == "__main__":
    main()
