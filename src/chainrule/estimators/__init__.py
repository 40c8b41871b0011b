"""Estimators with scikit-learn's manners: its own networks, replaced, and any chain."""

from chainrule.estimators.chain_estimators import Classifier, Regressor
from chainrule.estimators.loading import load
from chainrule.estimators.mlp import MLPClassifier, MLPRegressor

__all__ = ["Classifier", "MLPClassifier", "MLPRegressor", "Regressor", "load"]
