"""Scores on Spark equal the model's own, with deciles, tiers and reasons that follow from it."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import ContractError
from ml import registry
from ml.registry import Champion
from ml.score import score
from tests.ml.store import SPEC, Trained

COLUMNS = ["one_id", "as_of", "score", "decile", "tier", "top_reasons", "model_version"]


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
    table: pa.Table = score(features, champion, tiers=SPEC.tiers).toArrow()
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
    nobody = score(features.where("false"), champion, tiers=SPEC.tiers)
    assert nobody.columns == COLUMNS
    assert dict(nobody.dtypes)["decile"] == "int"
    assert nobody.isEmpty()


def test_a_missing_feature_is_an_error_that_names_it(features: DataFrame, champion: Champion) -> None:
    with pytest.raises(ContractError, match="recency_days"):
        score(features.drop("recency_days"), champion, tiers=SPEC.tiers)
