"""Probability models of buying and spending, fitted by maximum likelihood, in scikit-learn's manner."""

from ml.models.clv.beta_geo import BetaGeoModel, ModifiedBetaGeoModel
from ml.models.clv.gamma_gamma import GammaGammaModel
from ml.models.clv.pareto_nbd import ParetoNBDModel

__all__ = ["BetaGeoModel", "GammaGammaModel", "ModifiedBetaGeoModel", "ParetoNBDModel"]
