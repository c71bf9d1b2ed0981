"""Probability models of buying and spending, fitted by maximum likelihood, in scikit-learn's manner."""

from collections.abc import Mapping
from types import MappingProxyType

from ml.models.clv.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from ml.models.clv.fitted import PurchaseModel
from ml.models.clv.gamma_gamma import GammaGammaModel
from ml.models.clv.nbd import NBDModel
from ml.models.clv.pareto_nbd import ParetoNBDModel

__all__ = [
    "EVERY_FAMILY",
    "FAMILIES",
    "BetaGeoModel",
    "GammaGammaModel",
    "ModifiedBetaGeoModel",
    "NBDModel",
    "ParetoNBDModel",
]

FAMILIES: Mapping[str, type[PurchaseModel]] = MappingProxyType(
    {"bg_nbd": BetaGeoModel, "mbg_nbd": ModifiedBetaGeoModel, "pareto_nbd": ParetoNBDModel}
)
"""The purchase models by the names that reports and metrics use."""

EVERY_FAMILY: Mapping[str, type[PurchaseModel]] = MappingProxyType({**FAMILIES, "nbd": NBDModel})
"""With the one in which nobody stops, for data that tell no stopping."""
