"""Which model of value is chosen, and what the gate says: without Spark."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import ROOT
from ml.models.clv import EVERY_FAMILY as FAMILIES
from ml.models.clv.tables import tabulate
from ml.value.histories import EVERYBODY
from ml.value.judge import Errors, best, decide, errors, past_rate
from ml.value.model import Expected, People, ValueModel
from ml.value.pictures import draw_value
from ml.value.rfm import RfmSpec
from ml.value.spec import UpliftSpec, ValueGate, ValueSpec, load_part
from ml.value.train import Compared, prove

GATE = ValueGate()
PARAMS = {
    "bg_nbd": (0.6, 25.0, 0.7, 2.4),
    "mbg_nbd": (0.6, 25.0, 0.7, 2.4),
    "pareto_nbd": (0.6, 25.0, 0.6, 110.0),
    "nbd": (0.6, 25.0),
}


def people(n: int = 2000, seed: int = 1) -> tuple[People, np.ndarray]:
    """Buyers of known rates, half of whom have stopped long ago; and the spend that is truly expected of each."""
    dice = np.random.default_rng(seed)
    age, rate, stopped = dice.integers(100, 400, n), dice.gamma(1.0, 0.02, n), dice.random(n) < 0.5
    lived = np.where(stopped, age * 0.3, age)
    x = dice.poisson(rate * lived)
    recency = np.where(x > 0, np.floor(lived * dice.beta(np.maximum(x, 1), 1)), 0)
    truth = np.where(stopped, 0, rate * 90 * 20)
    later = dice.poisson(np.where(stopped, 0, rate * 90))
    money = np.where(x > 0, 20.0, np.nan)
    columns = {"frequency": x, "recency": recency, "T": age, "money": money, "spent": (x + 1) * 20.0}
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    cohort = np.full(n, "2025Q1", dtype=object)
    found = People(
        cohort=cohort,
        features=np.empty((n, 0)),
        later_days=later.astype(float),
        later_amount=later.astype(np.float64) * 20,
        **arrays,
    )
    return found, truth


def expected(value: np.ndarray) -> Expected:
    return Expected(value / 20, np.ones(len(value)), value)


def test_a_model_that_knows_who_stopped_is_promoted() -> None:
    rows, truth = people()
    found = decide(GATE, rows, expected(truth), past_rate(rows, 90), None, seed=1)
    assert found.promote, found.reason
    assert found.reason.startswith("promoted: RMSE of spend ")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows, truth: past_rate(rows, 90).value * 1.2, "no better than the past rate carried on"),
        (lambda rows, truth: truth * 0.5, "its sum is -"),
        (lambda rows, truth: np.random.default_rng(3).permutation(truth), "take "),
    ],
    ids=["worse", "biased", "ranks by lot"],
)
def test_a_model_that_fails_is_refused_for_its_own_reason(spoil: object, words: str) -> None:
    rows, truth = people()
    found = decide(GATE, rows, expected(spoil(rows, truth)), past_rate(rows, 90), None, seed=1)  # type: ignore[operator]
    assert not found.promote
    assert words in found.reason


def test_a_challenger_worse_than_the_champion_is_refused() -> None:
    rows, truth = people()
    noise = np.random.default_rng(5).gamma(2.0, 0.5, len(truth))
    found = decide(GATE, rows, expected(truth * noise), past_rate(rows, 90), expected(truth), seed=1)
    assert "worse than the champion: RMSE of spend " in found.reason


def test_the_best_has_the_least_mean_rank() -> None:
    one = Errors(10, 20, 0.30, 0.0, 1.0, 2.0)
    table = {"a": one, "b": replace(one, mae=9, rmse=19), "c": replace(one, mae=11, rmse=30, budget=0.31)}
    assert best(table) == ["b", "a", "c"]


def test_errors_say_how_much_the_best_people_spend() -> None:
    rows, truth = people()
    assert errors(expected(rows.later_amount), rows, 0.1).mae == 0
    right, lot = (errors(expected(v), rows, 0.1).budget for v in (truth, np.zeros(len(truth))))
    assert right > 2 * lot


@pytest.mark.parametrize("family", list(FAMILIES))
def test_tables_give_what_the_functions_give(family: str) -> None:
    kind = FAMILIES[family]
    model = kind.of(dict(zip(kind.names, PARAMS[family], strict=True)))
    rows, _ = people(seed=4)
    tables = tabulate(model, 90.0, most_purchases=int(rows.frequency.max()), longest=int(rows.T.max()))
    assert tables.frequencies == rows.frequency.max() + 1
    bought, alive = tables.predict(rows.frequency, rows.recency, rows.T)
    told = rows.frequency, rows.recency, rows.T
    np.testing.assert_allclose(bought, model.expected_purchases(90.0, *told), rtol=1e-9)
    np.testing.assert_allclose(alive, model.probability_alive(*told), rtol=1e-9)


def test_tables_hold_whoever_buys_daily_by_logarithms_and_end_in_time() -> None:
    model = FAMILIES["bg_nbd"].of(dict(zip(("r", "alpha", "a", "b"), PARAMS["bg_nbd"], strict=True)))
    tables = tabulate(model, 90.0, most_purchases=700, longest=700)
    assert 50 < tables.factors < tables.frequencies == 701
    told = np.array([[690.0, 699.0, 700.0], [690.0, 100.0, 700.0], [tables.factors, 600.0, 640.0]]).T
    np.testing.assert_allclose(tables.predict(*told)[1], model.probability_alive(*told), rtol=1e-9)
    np.testing.assert_allclose(tables.predict(*told)[0], model.expected_purchases(90.0, *told), rtol=1e-9)
    assert tabulate(model, 90.0, most_purchases=5000, longest=1999).frequencies == 500


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "nbd"])  # of whom nobody stops
def test_odds_beyond_all_numbers_are_those_of_nobody_alive(family: str) -> None:
    """Somebody bought hundreds of times long ago: both factors are numbers, their product is none."""
    kind = FAMILIES[family]
    model = kind.of(dict(zip(kind.names, PARAMS[family], strict=True)))
    tables = tabulate(model, 90.0, most_purchases=400, longest=700)
    last = min(tables.factors, 400) - 1
    told = np.array([[last, last, last], [1.0, 20.0, 690.0], [700.0, 700.0, 700.0]])
    bought, alive = tables.predict(*told)
    np.testing.assert_allclose(alive, model.probability_alive(*told), rtol=1e-9, atol=1e-290)
    np.testing.assert_allclose(bought, model.expected_purchases(90.0, *told), rtol=1e-9, atol=1e-290)
    assert alive[0] < 1e-100


def test_weights_stand_for_customers() -> None:
    rows, _ = people(600, seed=7)
    told = np.column_stack([rows.frequency, rows.recency, rows.T])
    some, counts = np.unique(told, axis=0, return_counts=True)
    for kind in FAMILIES.values():
        whole, counted = kind().fit(*told.T), kind().fit(some[:, 0], some[:, 1], some[:, 2], counts)
        assert counted.params_ == pytest.approx(whole.params_, rel=1e-6)
        assert counted.n_ == whole.n_ == 600
    with pytest.raises(ValueError, match="weights are numbers above 0"):
        FAMILIES["bg_nbd"]().fit(some[:, 0], some[:, 1], some[:, 2], np.zeros(len(some)))


def test_the_files_of_the_project_are_the_defaults() -> None:
    for kind in (ValueSpec, UpliftSpec, RfmSpec):
        name = {ValueSpec: "clv", UpliftSpec: "uplift", RfmSpec: "rfm"}[kind]
        found = load_part(ROOT / "conf" / "value" / f"{name}.yml", kind)
        without = {"description"}
        assert found.model_dump(exclude=without) == kind().model_dump(exclude=without)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (ValueSpec, "cutoffs_days_ago: [90, 150, 270]", "90 days (the horizon) apart"),
        (RfmSpec, "tiers: [{name: best, r: [5, 5]}]", "must hold everybody"),
        (RfmSpec, "thresholds: {frequency: [1, 5, 2, 9]}", "frequency must rise"),
        (UpliftSpec, "horizon: 3", "horizon"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path: object, kind: type, text: str, words: str) -> None:
    path = tmp_path / "a.yml"  # type: ignore[operator]
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_part(path, kind)
    assert words in str(error.value)
    assert "a.yml" in str(error.value)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_has_its_pictures_and_comes_back_from_json(family: str, tmp_path: Path) -> None:
    rows, _ = people(400)
    params = dict(zip(FAMILIES[family].names, PARAMS[family], strict=True))
    model = ValueModel(90, family, "purchases", {EVERYBODY: params}, {}, 20.0)
    drawn = {path.name for path in draw_value(model, rows, {family: model}, tmp_path)}
    assert drawn == {"conditional.png", "spend.png"} | ({"alive.png"} if family != "nbd" else set())
    again = ValueModel.from_json(model.to_json()).expected(rows)
    np.testing.assert_array_equal(again.value, model.expected(rows).value)


def test_where_the_first_is_refused_the_next_must_prove_more() -> None:
    rows, truth = people()
    with_truth = replace(rows, features=truth[:, None])
    names = ("half", "whole")
    value = {"half": truth * 0.5, "whole": truth}

    class Known(ValueModel):
        def expected(self, people: People) -> Expected:
            return expected(value[self.family])

        def amount(self, people: People) -> np.ndarray:
            return np.full(len(people), 20.0)

    models = {name: Known(90, name, "purchases", {}, {}, 20.0) for name in names}
    day = date(2025, 1, 1)
    found = prove(ValueSpec(), Compared((day, day), models, {}, {}, names), with_truth, None)
    assert (found.name, found.place, found.verdict.promote) == ("whole", 2, True)
    assert "at 95% gained at least" in found.verdict.reason
    (why,) = found.before
    assert why.startswith("half refused: ")
    assert "its sum is -" in why
    alone = prove(ValueSpec(), Compared((day, day), models, {}, {}, ("half",)), with_truth, None)
    assert (alone.name, alone.verdict.promote) == ("half", False)
