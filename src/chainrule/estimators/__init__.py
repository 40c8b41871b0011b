"""Estimators: networks with scikit-learn's manners. Validation and labels, no mathematics."""

from chainrule.estimators.mlp import MLPClassifier, MLPRegressor
from chainrule.estimators.networks import Classifier, Regressor

__all__ = ["Classifier", "MLPClassifier", "MLPRegressor", "Regressor"]
