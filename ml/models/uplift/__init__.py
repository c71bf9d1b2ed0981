"""Uplift: what a treatment changes, person by person, by meta-learners over any scikit-learn base."""

from ml.models.uplift.learners import ClassTransformation, DRLearner, SLearner, TLearner, XLearner

__all__ = ["ClassTransformation", "DRLearner", "SLearner", "TLearner", "XLearner"]
