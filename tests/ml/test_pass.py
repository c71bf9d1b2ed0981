"""All champions in one pass over the features say of each person what each says alone, to the bit, and again the same."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from ml import registry
from ml.models.boosted import BoostedClassifier, Floats, fit_booster
from ml.models.hazard import Spells, fit_hazard
from ml.models.valued import fit_valued
from ml.registry import Champion
from ml.score import Due, published, score, score_pass
from ml.spec import LightGBM, Population, Tier
from tests.ml.store import SPEC, Trained, named

FEW = ("recency_days", "orders_total", "spend_90d")
SMALL: dict[str, bool | int | float | str] = {"num_leaves": 5, "min_data_in_leaf": 40}
BOUGHT_LATELY = Population(bought_within_days=120)
OFTEN = Population(where="orders_total >= 3")


@pytest.fixture(scope="module")
def due(trained: Trained) -> list[Due]:
    """Three families with features and people of their own: the trained one, a value, and a time to an event."""
    best = registry.champion(SPEC.name, trained.store.uri)
    assert best is not None
    rows = np.column_stack([trained.rows[name].cast(pa.float64()).to_numpy() for name in FEW])
    label = trained.rows["label"].to_numpy().astype(np.float64)
    trees = fit_booster(rows, label, FEW, params=SMALL, rounds=15, seed=3)
    worth = named("worth", score="value", population=OFTEN, tiers=(Tier(name="call", capacity=20), Tier(name="wait")))
    soon = named("soon", algorithm=LightGBM(kind="hazard", step_days=10), population=BOUGHT_LATELY)
    soon = soon.model_copy(update={"suggestions": {"recency_days": "now"}})
    return [
        Due(best, SPEC, F.expr(SPEC.population.predicate)),
        Due(_valued(best, trees, rows, label), worth, F.expr(worth.population.predicate)),
        Due(_hazard(best, rows, label), soon, F.expr(soon.population.predicate)),
    ]


def _valued(best: Champion, trees: BoostedClassifier, rows: Floats, label: Floats) -> Champion:
    bought = label > 0
    model = fit_valued(trees, rows[bought], 1 + rows[bought, 2], params=SMALL, rounds=10, seed=3)
    return replace(best, name="worth", version="7", model=model)


def _hazard(best: Champion, rows: Floats, label: Floats) -> Champion:
    spells = Spells(np.where(label > 0, rows[:, 0] % 30, np.nan), np.full(len(rows), 30.0))
    model = fit_hazard(rows, spells, FEW, horizon_days=30, step_days=10, params=SMALL, rounds=10, seed=3)
    return replace(best, name="soon", version="2", model=model)


@pytest.fixture(scope="module")
def today(spark: SparkSession, trained: Trained) -> DataFrame:
    day = max(trained.rows["as_of"].to_pylist())
    frame = spark.createDataFrame(trained.rows.drop_columns(["label"])).where(F.col("as_of") == F.lit(day))
    return frame.repartition(3).localCheckpoint()


@pytest.fixture(scope="module")
def passed(today: DataFrame, due: list[Due]) -> DataFrame:
    return score_pass(today, due).localCheckpoint()


def _rows(frame: DataFrame) -> list[dict[str, object]]:
    found: list[dict[str, object]] = frame.orderBy("one_id").toArrow().to_pylist()
    return found


def test_each_model_says_of_its_people_what_it_says_alone(today: DataFrame, due: list[Due], passed: DataFrame) -> None:
    sizes = []
    for one in due:
        alone = _rows(score(today.where(one.people), one.champion, spec=one.spec))
        assert _rows(published(passed, one.spec)) == alone
        sizes.append(len(alone))
    everybody, often, lately = sizes
    assert 0 < often < everybody
    assert 0 < lately < everybody
    assert often != lately


def test_what_is_told_at_once_is_what_is_told_one_by_one(trained: Trained, due: list[Due]) -> None:
    for model in (one.champion.model for one in due):
        rows = np.column_stack([trained.rows[name].cast(pa.float64()).to_numpy() for name in model.features])[:500]
        scores, rank, outputs = model.told(rows)
        assert np.array_equal(scores, model.predict(rows))
        assert np.array_equal(rank, model.rank(rows))
        told = model.outputs(rows)
        assert outputs.keys() == told.keys()
        assert all(np.array_equal(outputs[name], told[name], equal_nan=True) for name in told)


def test_the_same_people_again_change_nothing_and_who_changed_is_scored_as_alone(
    today: DataFrame, due: list[Due], passed: DataFrame
) -> None:
    """A day later: held rows keep their day where nothing moved past a split, of each model by its own splits."""
    tomorrow = today.withColumn("as_of", F.date_add("as_of", 1))
    same = _rows(score_pass(tomorrow, due, held=passed).withColumn("as_of", F.date_sub("as_of", 1)))
    assert same == _rows(passed)
    moved = F.when(F.col("one_id").endswith("7"), F.col("orders_total") + 4).otherwise(F.col("orders_total"))
    changed = tomorrow.withColumn("orders_total", moved)
    again = _rows(score_pass(changed, due, held=passed))
    for one in due[1:]:
        alone = _rows(score_pass(changed, [one], held=passed))
        names = [name for name in alone[0] if name.startswith(f"_{one.name}__")]
        told = [row for row in again if row[f"_{one.name}__score"] is not None]
        assert [[row[name] for name in names] for row in told] == [[row[name] for name in names] for row in alone]
        fresh = {str(row["one_id"]) for row in alone if row[f"_{one.name}__scored_on"] == row["as_of"]}
        assert 0 < len(fresh) < len(alone)
        assert all(who.endswith("7") for who in fresh)


def test_who_is_among_nobodys_people_has_no_row_and_a_new_version_of_one_is_no_news_for_the_others(
    today: DataFrame, due: list[Due], passed: DataFrame
) -> None:
    marked = passed.withColumns({f"_{one.name}__scored_on": F.lit(date(2020, 1, 1)) for one in due})
    _, worth, soon = due
    renewed = replace(worth, champion=replace(worth.champion, version="8"))
    again = _rows(score_pass(today, [renewed, soon], held=marked))
    assert 0 < len(again) < passed.count()
    days = {name: {row[f"_{name}__scored_on"] for row in again} - {None} for name in ("worth", "soon")}
    assert days["soon"] == {date(2020, 1, 1)}
    assert days["worth"] == {again[0]["as_of"]}


def test_a_feature_that_one_champion_lacks_is_told_with_its_name(today: DataFrame, due: list[Due]) -> None:
    with pytest.raises(ContractError, match=r"lacks features of worth version 7: spend_90d"):
        score_pass(today.drop("spend_90d"), due[1:])
