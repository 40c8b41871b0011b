"""Estimators: networks with scikit-learn's manners. Validation and labels, no mathematics."""

from chainrule.estimators.multilayer import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
