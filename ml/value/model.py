"""A model of customers' value as plain numbers: parameters by cohort, spending, and trees where a regression was chosen."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ml.models.clv import EVERY_FAMILY, GammaGammaModel
from ml.models.clv.histories import Floats
from ml.value.histories import EVERYBODY

if TYPE_CHECKING:
    import lightgbm as lgb

Params = Mapping[str, float]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class People:
    """Customers as of one date, arrays (n,): histories in days, what was spent, and what came in the horizon.

    ``money`` is NaN without a repeat purchase; ``features`` (n, k) are those of the regression, NaN for missing.
    """

    cohort: Texts
    frequency: Floats
    recency: Floats
    T: Floats
    money: Floats
    spent: Floats
    features: Floats
    later_days: Floats
    later_amount: Floats

    def __len__(self) -> int:
        return len(self.T)


@dataclass(frozen=True)
class Expected:
    """What is expected of customers in the horizon, each (n,); purchases and P(alive) are NaN without a purchase model."""

    purchases: Floats
    alive: Floats
    value: Floats


@dataclass(frozen=True)
class ValueModel:
    """Purchases by ``family``, spending by Gamma-Gamma (or ``mean_amount`` a purchase), each by cohort with ``all`` for the rest.

    ``by`` tells what the value is taken from: ``purchases`` (purchases × spending) or ``regression`` (``trees``, LightGBM's
    text, over ``features``). ``usual`` are the means that reasons compare with. All times are days.
    """

    horizon_days: int
    family: str
    by: Literal["purchases", "regression"]
    purchases: Mapping[str, Params]
    spending: Mapping[str, Params]
    mean_amount: float
    usual: Mapping[str, float] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    trees: str = ""

    def expected(self, people: People) -> Expected:
        """What is expected of ``people`` in the horizon."""
        bought, alive = (np.full(len(people), np.nan) for _ in range(2))
        for cohort, rows in self._groups(people.cohort, self.purchases):
            model = EVERY_FAMILY[self.family].of(self.purchases[cohort])
            told = people.frequency[rows], people.recency[rows], people.T[rows]
            bought[rows] = model.expected_purchases(float(self.horizon_days), *told)
            alive[rows] = model.probability_alive(*told)
        value = self.regressed(people.features) if self.by == "regression" else bought * self.amount(people)
        return Expected(bought, alive, value)

    def amount(self, people: People) -> Floats:
        """Expected amount of a purchase (n,)."""
        found = np.full(len(people), self.mean_amount)
        for cohort, rows in self._groups(people.cohort, self.spending):
            x = np.where(people.money[rows] > 0, people.frequency[rows], 0.0)
            found[rows] = GammaGammaModel.of(self.spending[cohort]).expected_value(x, np.nan_to_num(people.money[rows]))
        return found

    def regressed(self, features: Floats) -> Floats:
        """Expected spend (n,) by the trees, for ``features`` (n, k)."""
        return np.asarray(_booster(self.trees).predict(features, num_threads=1), dtype=np.float64)

    def contributions(self, features: Floats) -> Floats:
        """Each feature's share of the trees' logarithm of the spend, (n, k): Lundberg et al. (2020), tree SHAP."""
        return np.asarray(_booster(self.trees).predict(features, pred_contrib=True, num_threads=1))[:, :-1]

    @staticmethod
    def _groups(cohort: Texts, params: Mapping[str, Params]) -> list[tuple[str, NDArray[np.intp]]]:
        """Rows by the cohort whose parameters hold for them: their own where it has some, else everybody's."""
        if EVERYBODY not in params:
            return []
        held = np.where(np.isin(cohort.astype(str), list(params)), cohort.astype(str), EVERYBODY)
        return [(str(name), np.flatnonzero(held == name)) for name in np.unique(held)]

    def to_json(self) -> str:
        """The model as JSON text, which ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ValueModel":
        """Read a model that ``to_json`` wrote."""
        found = json.loads(text)
        return cls(**found | {"features": tuple(found["features"])})


@lru_cache(maxsize=4)
def _booster(text: str) -> "lgb.Booster":
    import lightgbm as lgb

    return lgb.Booster(model_str=text)
