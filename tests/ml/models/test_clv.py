"""Purchase models: published figures on CDNOW, another package as oracle, parameters planted and found, refusals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse.settings import ROOT
from ml.models.clv import BetaGeoModel, GammaGammaModel, ModifiedBetaGeoModel, NBDModel, ParetoNBDModel
from ml.models.clv.fitted import PurchaseModel

CDNOW = ROOT.parent / "shared" / "data" / "cdnow"
needs_cdnow = pytest.mark.skipif(not CDNOW.is_dir(), reason=f"SKIPPED: no CDNOW data at {CDNOW}")
PUBLISHED = {
    BetaGeoModel: ({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
    ParetoNBDModel: ({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
}
"""Fader, Hardie and Lee (2005), tables 2 and 3."""


def cdnow(name: str = "cdnow_customers_summary.csv") -> pd.DataFrame:
    """Customers' histories in weeks."""
    return pd.read_csv(Path(CDNOW) / name)


def planted(n: int, seed: int, chances: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories of a BG/NBD (``chances`` 0) or MBG/NBD (1) world with r 0.8, alpha 6, a 1.2, b 3."""
    dice = np.random.default_rng(seed)
    x, last, age = np.zeros(n), np.zeros(n), dice.uniform(20, 60, n)
    for i in range(n):
        rate, stop = dice.gamma(0.8, 1 / 6), dice.beta(1.2, 3)
        now = 0.0
        alive = not chances or dice.random() > stop
        while alive:
            now += dice.exponential(1 / rate)
            if now > age[i]:
                break
            x[i], last[i] = x[i] + 1, now
            alive = dice.random() > stop
    return x, last, age


@needs_cdnow
@pytest.mark.parametrize("kind", list(PUBLISHED))
def test_the_published_parameters_are_found(kind: type[PurchaseModel]) -> None:
    params, loglik = PUBLISHED[kind]
    found = kind().fit(cdnow())
    assert found.params_ == pytest.approx(params, rel=0.005)
    assert found.loglik_ == pytest.approx(loglik, abs=0.05)
    assert found.degenerate_ == ""
    assert all(0 < found.stderr_[name] < found.params_[name] for name in params)


@needs_cdnow
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BetaGeoModel, "BetaGeoFitter"),
        (ModifiedBetaGeoModel, "ModifiedBetaGeoFitter"),
        (ParetoNBDModel, "ParetoNBDFitter"),
    ],
)
def test_another_package_expects_the_same(ours: type[PurchaseModel], theirs: str) -> None:
    import lifetimes

    rows = cdnow()
    found = ours().fit(rows)
    oracle = getattr(lifetimes, theirs)()
    oracle.params_ = pd.Series(dict(found.params_))
    x, last, age = (rows[name] for name in ("frequency", "recency", "T"))
    expected = oracle.conditional_expected_number_of_purchases_up_to_time(39, x, last, age)
    np.testing.assert_allclose(found.expected_purchases(39), expected, rtol=1e-6)
    np.testing.assert_allclose(found.probability_alive(), oracle.conditional_probability_alive(x, last, age), rtol=1e-6)


@pytest.mark.parametrize(("kind", "chances"), [(BetaGeoModel, 0), (ModifiedBetaGeoModel, 1)])
def test_planted_parameters_are_within_their_intervals(kind: type[PurchaseModel], chances: int) -> None:
    found = kind().fit(*planted(6000, 3, chances))
    for name, truth in {"r": 0.8, "alpha": 6.0, "a": 1.2, "b": 3.0}.items():
        assert abs(found.params_[name] - truth) < 3 * found.stderr_[name], name


def test_the_unit_of_time_changes_nothing_but_the_times() -> None:
    x, last, age = planted(1500, 1, 0)
    weeks, days = BetaGeoModel().fit(x, last, age), BetaGeoModel().fit(x, last * 7, age * 7)
    assert days.params_["alpha"] == pytest.approx(7 * weeks.params_["alpha"], rel=1e-3)
    assert days.params_["b"] == pytest.approx(weeks.params_["b"], rel=1e-3)
    np.testing.assert_allclose(days.expected_purchases(70), weeks.expected_purchases(10), rtol=1e-3)
    assert weeks.loglik(x, last, age) == pytest.approx(weeks.loglik_, rel=1e-9)


def test_a_flat_likelihood_is_called_degenerate() -> None:
    """Nobody ever stops: the chance to stop runs to zero, and neither of its parameters is told."""
    dice = np.random.default_rng(5)
    age = dice.uniform(30, 60, 2000)
    x = dice.poisson(dice.gamma(2.0, 0.2, 2000) * age).astype(float)
    last = np.where(x > 0, age * dice.beta(np.maximum(x, 1), 1), 0.0)
    assert BetaGeoModel().fit(x, last, age).degenerate_


@needs_cdnow
def test_gamma_gamma_is_as_published() -> None:
    rows = cdnow("cdnow_customers_summary_with_transactions.csv")
    back = rows[rows["x"] > 0]
    found = GammaGammaModel().fit(back["x"], back["zbar"])
    assert found.params_ == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, rel=0.005)
    assert found.n_ == 946
    np.testing.assert_allclose(found.expected_value(rows["x"], rows["zbar"])[:3], [24.659, 18.911, 35.171], atol=0.01)


@pytest.mark.parametrize(
    ("x", "last", "age", "message"),
    [
        ([1, 2], [1, 9], [5, 5], "row 2: recency is between 0 and T"),
        ([1.5, 2], [1, 2], [5, 5], "row 1: frequency is a whole number"),
        ([0, 2], [1, 2], [5, 5], "row 1: recency is 0 where frequency is 0"),
        ([1, np.nan], [1, 2], [5, 5], "row 2: frequency, recency and T are finite"),
        ([1, 2], [1, 2, 3], [5, 5], "must be of one length"),
        ([0, 0], [0, 0], [5, 5], "nobody bought a second time"),
    ],
)
def test_histories_that_cannot_be_are_refused(
    x: list[float], last: list[float], age: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        BetaGeoModel().fit(x, last, age)


def test_gamma_gamma_refuses_data_without_money() -> None:
    with pytest.raises(ValueError, match="no money in the data"):
        GammaGammaModel().fit([1, 2, 0], [0, np.nan, 5])
    with pytest.raises(ValueError, match="row 2: monetary_value is above 0"):
        GammaGammaModel().fit([1, 2], [3, -1])


def test_where_nobody_stops_the_nbd_finds_the_rates_and_the_rest_are_degenerate() -> None:
    dice = np.random.default_rng(4)
    n = 4000
    age, rate = dice.uniform(100, 300, n), dice.gamma(1.2, 1 / 40, n)
    x = dice.poisson(rate * age).astype(float)
    last = np.where(x > 0, age * dice.beta(np.maximum(x, 1), 1), 0.0)
    found = NBDModel().fit(x, last, age)
    assert found.degenerate_ == ""
    for name, truth in {"r": 1.2, "alpha": 40.0}.items():
        assert abs(found.params_[name] - truth) < 3 * found.stderr_[name]
    later = dice.poisson(rate * 90)
    assert found.expected_purchases(90).sum() == pytest.approx(later.sum(), rel=0.03)
    assert set(found.probability_alive()) == {1.0}
    assert ParetoNBDModel().fit(x, last, age).degenerate_ != ""
