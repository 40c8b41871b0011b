"""Estimators: networks with scikit-learn's manners. Validation and labels, no mathematics."""

from chainrule.estimators.mlp import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
