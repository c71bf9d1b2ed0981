"""Scores on Spark equal the model's own, with deciles, tiers and reasons that follow from it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import ContractError
from ml import registry
from ml.models.cells import fingerprint
from ml.registry import Champion
from ml.score import score
from ml.spec import Tier
from tests.ml.store import SPEC, Trained

COLUMNS = ["one_id", "as_of", "score", "decile", "tier", "top_reasons", "model_version", "suggestion", "rank"]
COLUMNS += ["feature_hash", "scored_on"]


@pytest.fixture(scope="module")
def champion(trained: Trained) -> Champion:
    found = registry.champion(SPEC.name, trained.store.uri)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def features(spark: SparkSession, trained: Trained) -> Iterator[DataFrame]:
    frame = spark.createDataFrame(trained.rows.drop_columns(["label"])).repartition(3).cache()
    yield frame
    frame.unpersist()


@pytest.fixture(scope="module")
def scored(features: DataFrame, champion: Champion) -> dict[tuple[str, date], dict[str, object]]:
    table: pa.Table = score(features, champion, spec=SPEC).toArrow()
    assert table.column_names == COLUMNS
    return {(row["one_id"], row["as_of"]): row for row in table.to_pylist()}


def _direct(trained: Trained, champion: Champion) -> NDArray[np.float64]:
    return np.column_stack([trained.rows[name].cast(pa.float64()).to_numpy() for name in champion.features])


def _keys(trained: Trained) -> list[tuple[str, date]]:
    return list(zip(trained.rows["one_id"].to_pylist(), trained.rows["as_of"].to_pylist(), strict=True))


Scored = dict[tuple[str, date], dict[str, object]]


def test_scores_equal_direct_prediction(trained: Trained, champion: Champion, scored: Scored) -> None:
    direct = champion.model.predict(_direct(trained, champion))
    assert scored.keys() == set(_keys(trained))
    assert [scored[key]["score"] for key in _keys(trained)] == direct.tolist()
    assert {row["model_version"] for row in scored.values()} == {champion.version}


def test_reasons_are_the_three_features_that_move_the_margin_most(
    trained: Trained, champion: Champion, scored: Scored
) -> None:
    weight = np.abs(champion.model.contributions(_direct(trained, champion)))[:, :-1]
    for key, shares in list(zip(_keys(trained), weight, strict=True))[::97]:
        named = str(scored[key]["top_reasons"]).split(",")
        least = min(shares[champion.features.index(name)] for name in named)
        assert len(set(named)) == 3
        assert least == pytest.approx(np.sort(shares)[-3])


def test_deciles_are_tenths_of_each_date_best_first(trained: Trained, scored: Scored) -> None:
    for day in sorted({key[1] for key in scored}):
        rows = [row for key, row in scored.items() if key[1] == day]
        sizes = [sum(row["decile"] == tenth for row in rows) for tenth in range(1, 11)]
        assert sum(sizes) == len(rows)
        assert max(abs(size - len(rows) / 10) for size in sizes) <= 0.03 * len(rows)
        means = [np.mean([float(str(r["score"])) for r in rows if r["decile"] == n]) for n in range(1, 11)]
        assert means == sorted(means, reverse=True)


def test_tiers_follow_the_deciles(scored: Scored) -> None:
    found = {(row["decile"], row["tier"]) for row in scored.values()}
    tiers = {1: "high", 2: "high", 3: "medium", 4: "medium", 5: "medium"}
    assert found == {(n, tiers.get(n, "low")) for n in range(1, 11)}


def test_nobody_to_score_gives_the_columns_and_no_rows(features: DataFrame, champion: Champion) -> None:
    nobody = score(features.where("false"), champion, spec=SPEC)
    assert nobody.columns == COLUMNS
    assert dict(nobody.dtypes)["decile"] == "int"
    assert nobody.isEmpty()


def test_a_missing_feature_is_an_error_that_names_it(features: DataFrame, champion: Champion) -> None:
    with pytest.raises(ContractError, match="recency_days"):
        score(features.drop("recency_days"), champion, spec=SPEC)


def test_who_stands_in_the_same_cell_is_not_scored_again(
    features: DataFrame, champion: Champion, trained: Trained
) -> None:
    """Held rows carry marks that the model would not make: they stay where nothing changed, and go where something did."""
    day = max(trained.rows["as_of"].to_pylist())
    today = features.where(F.col("as_of") == F.lit(day))
    held = score(today, champion, spec=SPEC).withColumns(
        {"score": F.lit(0.25), "scored_on": F.lit(date(2020, 1, 1)), "top_reasons": F.lit("held")}
    )
    unseen = F.col("one_id").endswith("7")
    changed = F.when(unseen, F.col("recency_days") + 1000).otherwise(F.col("recency_days") + 1e-9)
    again = score(today.withColumn("recency_days", changed), champion, spec=SPEC, held=held).toArrow().to_pylist()
    carried = {row["one_id"] for row in again if row["top_reasons"] == "held"}
    scored = {row["one_id"] for row in again} - carried
    assert len(scored) > 10
    assert all(one.endswith("7") for one in scored)
    assert {row["scored_on"] for row in again if row["one_id"] in carried} == {date(2020, 1, 1)}
    assert {row["scored_on"] for row in again if row["one_id"] in scored} == {day}
    newer = replace(champion, version="99")
    assert score(today, newer, spec=SPEC, held=held).where("top_reasons = 'held'").isEmpty()


def test_the_same_cell_has_the_same_score_exactly(champion: Champion, trained: Trained) -> None:
    rows = _direct(trained, champion)
    cells, scores = fingerprint(champion.model.texts, rows), champion.model.predict(rows)
    by_cell: dict[int, float] = {}
    for cell, found in zip(cells.tolist(), scores.tolist(), strict=True):
        assert by_cell.setdefault(cell, found) == found
    assert len(set(scores.tolist())) < len(by_cell) < len(rows)


def test_tiers_by_capacity_take_so_many_people_the_best_first(features: DataFrame, champion: Champion) -> None:
    tiers = (Tier(name="call", capacity=5), Tier(name="mail", capacity=20), Tier(name="wait"))
    day = features.agg(F.max("as_of")).first()
    assert day is not None
    rows = features.where(F.col("as_of") == F.lit(day[0]))
    found = score(rows, champion, spec=SPEC.model_copy(update={"tiers": tiers})).toArrow().to_pylist()
    ranked = sorted(found, key=lambda row: (-row["rank"], row["one_id"]))
    assert [row["tier"] for row in ranked] == ["call"] * 5 + ["mail"] * 20 + ["wait"] * (len(found) - 25)


def test_a_suggestion_follows_the_reason_that_moves_the_score_up_most(features: DataFrame, champion: Champion) -> None:
    spec = SPEC.model_copy(update={"suggestions": {"recency_days": "now", "orders_365d": "more"}})
    found = {
        row["suggestion"] for row in score(features, champion, spec=spec).select("suggestion").toArrow().to_pylist()
    }
    assert found == {"now", "more", None}
